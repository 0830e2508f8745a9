using System.Text.Json;
using static CandleStream.Exchanges.ExchangeNumbers;

namespace CandleStream.Exchanges.Kraken;

/// <summary>What the body of a REST answer says. Errors come with HTTP 200.</summary>
/// <param name="Rows">The candles in the order sent, flat ones of empty intervals among them; null when the body holds none.</param>
/// <param name="Unreadable">The rows that could not be read.</param>
/// <param name="Error">What is wrong, for people; null when nothing is.</param>
internal readonly record struct KrakenAnswer(List<Candle>? Rows, IReadOnlyList<UnreadableRow> Unreadable, string? Error = null)
{
    private const int MaxText = 200;

    /// <summary>True when the exchange does not know the symbol.</summary>
    public bool IsAboutSymbol => Error?.StartsWith("EQuery:Unknown asset pair", StringComparison.Ordinal) == true;

    /// <summary>True when it was asked too often.</summary>
    public bool IsAboutLimit => Error is not null
        && (Error.StartsWith("EGeneral:Too many requests", StringComparison.Ordinal)
            || Error.StartsWith("EAPI:Rate limit", StringComparison.Ordinal));

    private static KrakenAnswer NotUnderstood => new(null, [], "an answer that we do not understand");

    /// <summary>
    /// Reads <c>{"error":[],"result":{"XXBTZUSD":[[t,"o","h","l","c","vwap","v",n],…],"last":t}}</c>, times in seconds. Never throws.
    /// </summary>
    public static KrakenAnswer ReadCandles(ReadOnlySpan<byte> body)
    {
        try
        {
            var json = new Utf8JsonReader(body);
            json.Read();
            if (json.TokenType != JsonTokenType.StartObject) return NotUnderstood;
            string? error = null;
            List<Candle>? rows = null;
            var unreadable = new List<UnreadableRow>();
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                if (json.ValueTextEquals("error"u8))
                {
                    json.Read();
                    error = ReadErrors(ref json);
                }
                else if (json.ValueTextEquals("result"u8))
                {
                    json.Read();
                    if (json.TokenType == JsonTokenType.StartObject) rows = ReadResult(ref json, unreadable);
                }

                json.Skip();
            }

            if (json.Read()) return NotUnderstood;
            if (error is not null) return new KrakenAnswer(null, [], error);
            return rows is null ? NotUnderstood : new KrakenAnswer(rows, unreadable);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return NotUnderstood;
        }
    }

    private static string? ReadErrors(ref Utf8JsonReader json)
    {
        string? first = null;
        if (json.TokenType != JsonTokenType.StartArray) return null;
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType == JsonTokenType.String) first ??= json.GetString();
            json.Skip();
        }

        return first?.Length > MaxText ? first[..MaxText] : first;
    }

    // The symbol comes back under another name than it was asked for: the one list is meant.
    private static List<Candle>? ReadResult(ref Utf8JsonReader json, List<UnreadableRow> unreadable)
    {
        List<Candle>? rows = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            json.Read();
            if (json.TokenType == JsonTokenType.StartArray && rows is null) rows = ReadRows(ref json, unreadable);
            json.Skip();
        }

        return rows;
    }

    private static List<Candle> ReadRows(ref Utf8JsonReader json, List<UnreadableRow> unreadable)
    {
        var rows = new List<Candle>();
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (ExchangeRow.TryRead<Candle>(ref json, TryReadElements, out var candle, out var time)) rows.Add(candle);
            else unreadable.Add(new UnreadableRow(time, rows.Count));
        }

        return rows;
    }

    private static bool TryReadElements(ref Utf8JsonReader json, out Candle candle, out long? openTime)
    {
        candle = default;
        openTime = null;
        if (!ExchangeNumbers.TryReadWhole(ref json, out var seconds)
            || !ExchangeNumbers.IsPossible(Math.Clamp(seconds, 0, 1L << 40) * 1000)) return false;
        var time = seconds * 1000;
        openTime = time;
        if (!TryReadNext(ref json, out var open) || !TryReadNext(ref json, out var high) || !TryReadNext(ref json, out var low)
            || !TryReadNext(ref json, out var close) || !TryReadNext(ref json, out _) || !TryReadNext(ref json, out var volume)
            || !json.Read() || !ExchangeNumbers.TryReadWhole(ref json, out var trades) || trades < 0) return false;
        candle = new Candle(time, open, high, low, close, volume, Figures: new TradeFigures(trades));
        return true;
    }
}
