using System.Globalization;
using System.Text.Json;

namespace CandleStream.Bitfinex;

/// <summary>What the body of a REST answer says.</summary>
/// <param name="Rows">The candles in the order sent; null when the body is no list of candles.</param>
/// <param name="ErrorCode">The exchange's error number, where it sent one.</param>
/// <param name="Error">What is wrong, for people; null when nothing is.</param>
internal readonly record struct RestAnswer(List<Candle>? Rows, int? ErrorCode = null, string? Error = null)
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
            var rows = new List<Candle>();
            return CandleReader.TryReadAll(ref json, rows) && !json.Read() ? new RestAnswer(rows) : NotUnderstood;
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
