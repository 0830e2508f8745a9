using System.Globalization;
using System.Text.Json;

namespace CandleStream.Exchanges.Binance;

/// <summary>What the body of a REST answer says.</summary>
/// <param name="Rows">The candles in the order sent, flat ones of empty intervals among them; null when the body is no list of
/// candles.</param>
/// <param name="Unreadable">The rows that could not be read.</param>
/// <param name="ErrorCode">The exchange's error number, where it sent one.</param>
/// <param name="Error">What is wrong, for people; null when nothing is.</param>
internal readonly record struct BinanceAnswer(
    List<BinanceKline>? Rows, IReadOnlyList<UnreadableRow> Unreadable, int? ErrorCode = null, string? Error = null)
{
    private const int MaxText = 200;

    /// <summary>True when the exchange does not know the symbol (−1121), or takes its name for no name at all (−1100).</summary>
    public bool IsAboutSymbol => ErrorCode is -1121 or -1100;

    private static BinanceAnswer NotUnderstood => new(null, [], null, "an answer that we do not understand");

    /// <summary>Reads <c>[[t,"o","h","l","c","v",T,"q",n,"V","Q","0"],…]</c>, or <c>{"code":…,"msg":…}</c>. Never throws.</summary>
    public static BinanceAnswer ReadCandles(ReadOnlySpan<byte> body)
    {
        try
        {
            var json = new Utf8JsonReader(body);
            json.Read();
            if (json.TokenType == JsonTokenType.StartObject) return ReadError(ref json);
            if (json.TokenType != JsonTokenType.StartArray) return NotUnderstood;
            var (rows, unreadable) = (new List<BinanceKline>(), new List<UnreadableRow>());
            while (json.Read() && json.TokenType != JsonTokenType.EndArray)
            {
                if (BinanceKlineReader.TryReadArray(ref json, out var kline, out var time)) rows.Add(kline);
                else unreadable.Add(new UnreadableRow(time, rows.Count));
            }

            return json.Read() ? NotUnderstood : new BinanceAnswer(rows, unreadable);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return NotUnderstood;
        }
    }

    private static BinanceAnswer ReadError(ref Utf8JsonReader json)
    {
        int? code = null;
        string? text = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("code"u8))
            {
                json.Read();
                if (json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var number)) code = number;
            }
            else if (json.ValueTextEquals("msg"u8))
            {
                json.Read();
                text = json.TokenType == JsonTokenType.String ? json.GetString() : null;
            }

            json.Skip();
        }

        if (code is null) return NotUnderstood;
        if (text?.Length > MaxText) text = text[..MaxText];
        return new BinanceAnswer(null, [], code, string.Create(CultureInfo.InvariantCulture, $"error {code} {text}"));
    }
}
