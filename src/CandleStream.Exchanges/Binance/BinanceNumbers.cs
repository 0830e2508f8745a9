using System.Buffers.Text;
using System.Text.Json;

namespace CandleStream.Exchanges.Binance;

/// <summary>Reads Binance's numbers: amounts are strings of eight decimals, times and counts are JSON numbers.</summary>
internal static class BinanceNumbers
{
    // The first instant of 9999: a later candle could not have its end computed. Anything beyond is garbage.
    private const long MaxTime = 253_370_764_800_000;

    /// <summary>True where a time in Unix ms can be one of the exchange's.</summary>
    public static bool IsPossible(long time) => time is > 0 and < MaxTime;

    /// <summary>
    /// Reads an amount such as <c>"0.04110000"</c> from the current token. Zeros at the end are not kept: 0.0411 is the same.
    /// </summary>
    public static bool TryReadAmount(ref Utf8JsonReader json, out decimal value)
    {
        value = 0;
        if (json.TokenType != JsonTokenType.String || json.HasValueSequence || json.ValueIsEscaped) return false;
        var text = json.ValueSpan;
        if (text.Contains((byte)'.') && !text.ContainsAny("eE"u8)) text = text.TrimEnd((byte)'0').TrimEnd((byte)'.');
        return Utf8Parser.TryParse(text, out value, out var read) && read == text.Length;
    }

    /// <summary>Reads a whole number from the current token.</summary>
    public static bool TryReadWhole(ref Utf8JsonReader json, out long value)
    {
        value = 0;
        return json.TokenType == JsonTokenType.Number && json.TryGetInt64(out value);
    }

    /// <summary>Reads a time in Unix ms from the current token.</summary>
    public static bool TryReadTime(ref Utf8JsonReader json, out long time) => TryReadWhole(ref json, out time) && IsPossible(time);
}
