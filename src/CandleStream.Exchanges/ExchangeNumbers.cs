using System.Buffers.Text;
using System.Text.Json;

namespace CandleStream.Exchanges;

/// <summary>
/// Reads numbers of exchanges exactly: amounts are strings such as <c>"0.04110000"</c> or JSON numbers, times and counts are JSON
/// numbers.
/// </summary>
internal static class ExchangeNumbers
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
        return json.TokenType == JsonTokenType.String && !json.HasValueSequence && !json.ValueIsEscaped
            && TryRead(json.ValueSpan, out value);
    }

    /// <summary>Reads such an amount from the token that comes next.</summary>
    public static bool TryReadNext(ref Utf8JsonReader json, out decimal value)
    {
        value = 0;
        return json.Read() && TryReadAmount(ref json, out value);
    }

    /// <summary>Reads an amount that is a JSON number, such as <c>0.0411</c>, from the current token.</summary>
    public static bool TryReadNumber(ref Utf8JsonReader json, out decimal value)
    {
        value = 0;
        return json.TokenType == JsonTokenType.Number && !json.HasValueSequence && TryRead(json.ValueSpan, out value);
    }

    /// <summary>Reads a whole number from the current token.</summary>
    public static bool TryReadWhole(ref Utf8JsonReader json, out long value)
    {
        value = 0;
        return json.TokenType == JsonTokenType.Number && json.TryGetInt64(out value);
    }

    /// <summary>Reads a time in Unix ms from the current token.</summary>
    public static bool TryReadTime(ref Utf8JsonReader json, out long time) => TryReadWhole(ref json, out time) && IsPossible(time);

    private static bool TryRead(ReadOnlySpan<byte> text, out decimal value)
    {
        if (!text.ContainsAny("eE"u8))
        {
            if (text.Contains((byte)'.')) text = text.TrimEnd((byte)'0').TrimEnd((byte)'.');
            return Utf8Parser.TryParse(text, out value, out var read) && read == text.Length;
        }

        return Utf8Parser.TryParse(text, out value, out var length, 'e') && length == text.Length;
    }
}
