using System.Text.Json;

namespace CandleStream.Bitfinex;

/// <summary>Reads the exchange's candle arrays, which WebSocket and REST share: <c>[MTS, OPEN, CLOSE, HIGH, LOW, VOLUME]</c>. Source: Bitfinex documentation, ws-public-candles.</summary>
internal static class CandleReader
{
    // The first instant of 9999: a later candle could not have its end computed. Anything beyond is garbage.
    private const long MaxTime = 253_370_764_800_000;

    /// <summary>Reads one candle, the reader standing on its first element, and leaves the reader on the closing bracket. Elements after the sixth are skipped.</summary>
    public static bool TryReadRest(ref Utf8JsonReader json, out Candle candle)
    {
        candle = default;
        if (!TryReadTime(ref json, out var time)
            || !TryReadNext(ref json, out var open) || !TryReadNext(ref json, out var close)
            || !TryReadNext(ref json, out var high) || !TryReadNext(ref json, out var low)
            || !TryReadNext(ref json, out var volume)) return false;
        while (json.Read() && json.TokenType != JsonTokenType.EndArray) json.Skip();
        candle = new Candle(time, open, high, low, close, volume);
        return true;
    }

    /// <summary>Reads candles until the list's closing bracket, the reader standing on the first candle's opening bracket.</summary>
    public static bool TryReadAll(ref Utf8JsonReader json, List<Candle> candles)
    {
        while (json.TokenType == JsonTokenType.StartArray)
        {
            if (!json.Read() || !TryReadRest(ref json, out var candle)) return false;
            candles.Add(candle);
            json.Read();
        }

        return json.TokenType == JsonTokenType.EndArray;
    }

    /// <summary>Reads a time in Unix ms from the current token; false where it is no number, no whole number, or no plausible time.</summary>
    public static bool TryReadTime(ref Utf8JsonReader json, out long time)
    {
        time = 0;
        return TryReadInteger(ref json, out time) && IsPossible(time);
    }

    /// <summary>True where a time in Unix ms can be one of the exchange's.</summary>
    public static bool IsPossible(long time) => time is > 0 and < MaxTime;

    /// <summary>Reads a whole number, also where it is written with an exponent.</summary>
    public static bool TryReadInteger(ref Utf8JsonReader json, out long value)
    {
        value = 0;
        if (json.TokenType != JsonTokenType.Number) return false;
        if (json.TryGetInt64(out value)) return true;
        if (!json.TryGetDecimal(out var number) || number != decimal.Truncate(number) || Math.Abs(number) > long.MaxValue) return false;
        value = (long)number;
        return true;
    }

    private static bool TryReadNext(ref Utf8JsonReader json, out decimal value)
    {
        value = 0;
        return json.Read() && json.TokenType == JsonTokenType.Number && json.TryGetDecimal(out value);
    }
}
