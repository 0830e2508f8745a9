using System.Globalization;
using System.Text.Json;

namespace CandleStream.Bitfinex;

/// <summary>What the body of a REST answer says.</summary>
/// <param name="Rows">The candles in the order sent; null when the body is no list of candles.</param>
/// <param name="ErrorCode">The exchange's error number, where it sent one.</param>
/// <param name="Error">What is wrong, for people; null when nothing is.</param>
/// <param name="Unreadable">Rows that could not be read: their time, where that could be, and how many readable ones stood before each.</param>
internal readonly record struct RestAnswer(
    List<Candle>? Rows, int? ErrorCode = null, string? Error = null, IReadOnlyList<(long? Time, int At)>? Unreadable = null)
{
    /// <summary>Reads <c>[[MTS,OPEN,CLOSE,HIGH,LOW,VOLUME],…]</c>, or an error in any of its shapes. Throws for nothing.</summary>
    public static RestAnswer ReadCandles(ReadOnlySpan<byte> body)
    {
        try
        {
            var json = new Utf8JsonReader(body);
            json.Read();
            if (json.TokenType == JsonTokenType.StartObject) return new RestAnswer(null, null, "an error object");
            if (json.TokenType != JsonTokenType.StartArray || !json.Read()) return NotUnderstood;
            if (json.TokenType == JsonTokenType.String) return ReadError(ref json);
            var (rows, unreadable) = (new List<Candle>(), new List<(long? Time, int At)>());
            for (; json.TokenType != JsonTokenType.EndArray; json.Read())
            {
                // One bad row costs that row: it is read on its own, and the reader goes on behind it.
                var row = json;
                json.Skip();
                long? time = null;
                if (row.TokenType == JsonTokenType.StartArray && row.Read())
                {
                    if (CandleReader.TryReadTime(ref row, out var openTime)) time = openTime;
                    if (CandleReader.TryReadRest(ref row, out var candle))
                    {
                        rows.Add(candle);
                        continue;
                    }
                }

                unreadable.Add((time, rows.Count));
            }

            return json.Read() ? NotUnderstood : new RestAnswer(rows, Unreadable: unreadable);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return NotUnderstood;
        }
    }

    /// <summary>Reads lists of symbols, <c>[["BTCUSD",…],["BTCF0:USTF0",…]]</c>; null where the body is something else.</summary>
    public static List<string>? ReadSymbols(ReadOnlySpan<byte> body)
    {
        try
        {
            var lists = JsonSerializer.Deserialize<List<List<string?>?>>(body);
            return lists is null ? null : [.. lists.Where(l => l is not null).SelectMany(l => l!).OfType<string>()];
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static RestAnswer NotUnderstood => new(null, null, "an answer that we do not understand");

    // ["error", CODE, "text"], whatever the HTTP status. Source: Bitfinex documentation, rest-general; also seen with status 200.
    private static RestAnswer ReadError(ref Utf8JsonReader json)
    {
        if (!json.ValueTextEquals("error"u8)) return NotUnderstood;
        json.Read();
        int? code = json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var number) ? number : null;
        json.Read();
        var text = json.TokenType == JsonTokenType.String ? json.GetString() : null;
        return new RestAnswer(null, code, string.Create(CultureInfo.InvariantCulture, $"error {code} {text}"));
    }
}
