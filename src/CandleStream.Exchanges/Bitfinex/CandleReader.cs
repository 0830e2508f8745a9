using System.Text.Json;

namespace CandleStream.Exchanges.Bitfinex;

/// <summary>
/// Reads the exchange's candle arrays, which WebSocket and REST share: <c>[MTS, OPEN, CLOSE, HIGH, LOW, VOLUME]</c>. Source: Bitfinex
/// documentation, ws-public-candles.
/// </summary>
internal static class CandleReader
{
    // The first instant of 9999: a later candle could not have its end computed. Anything beyond is garbage.
    private const long MaxTime = 253_370_764_800_000;

    /// <summary>
    /// Reads one row, the reader standing on the first token in its bracket, and leaves the reader on the closing bracket, whether the row
    /// could be read or not. Elements after the sixth are skipped.
    /// </summary>
    /// <param name="json">The reader.</param>
    /// <param name="depth">The depth of the row's bracket.</param>
    /// <param name="candle">The candle.</param>
    /// <param name="time">The row's open time, also where the rest cannot be read; null where the time cannot be.</param>
    public static bool TryReadRow(ref Utf8JsonReader json, int depth, out Candle candle, out long? time)
    {
        var isRead = TryReadElements(ref json, out candle, out time);
        while (json.TokenType != JsonTokenType.EndArray || json.CurrentDepth != depth) json.Read();
        return isRead;
    }

    /// <summary>
    /// Reads candles until the list's closing bracket, the reader standing on the first token in the list. One bad row costs that row.
    /// </summary>
    /// <param name="json">The reader.</param>
    /// <param name="candles">Takes the readable ones.</param>
    /// <param name="unreadable">Takes the others.</param>
    public static void ReadAll(ref Utf8JsonReader json, List<Candle> candles, List<UnreadableRow> unreadable)
    {
        for (; json.TokenType != JsonTokenType.EndArray; json.Read())
        {
            long? time = null;
            if (json.TokenType == JsonTokenType.StartArray)
            {
                var depth = json.CurrentDepth;
                json.Read();
                if (TryReadRow(ref json, depth, out var candle, out time))
                {
                    candles.Add(candle);
                    continue;
                }
            }
            else
            {
                json.Skip();
            }

            unreadable.Add(new UnreadableRow(time, candles.Count));
        }
    }

    /// <summary>
    /// Reads a time in Unix ms from the current token; false where it is no number, no whole number, or no plausible time.
    /// </summary>
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

    private static bool TryReadElements(ref Utf8JsonReader json, out Candle candle, out long? time)
    {
        candle = default;
        time = null;
        if (!TryReadTime(ref json, out var openTime)) return false;
        time = openTime;
        if (!TryReadNext(ref json, out var open) || !TryReadNext(ref json, out var close)
            || !TryReadNext(ref json, out var high) || !TryReadNext(ref json, out var low)
            || !TryReadNext(ref json, out var volume)) return false;
        candle = new Candle(openTime, open, high, low, close, volume);
        return true;
    }

    private static bool TryReadNext(ref Utf8JsonReader json, out decimal value)
    {
        value = 0;
        return json.Read() && json.TokenType == JsonTokenType.Number && json.TryGetDecimal(out value);
    }
}
