using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace CandleStream.Simulator.Protocol;

/// <summary>
/// Writes candles as the exchange does: <c>[MTS,OPEN,CLOSE,HIGH,LOW,VOLUME]</c> (Bitfinex docs, ws-public-candles), numbers without
/// trailing zeros, and with an exponent below 1e-6 as JavaScript prints them (<c>3.1e-7</c>).
/// </summary>
internal static class WireText
{
    private const int LongestCandle = 6 * 34 + 8;

    /// <summary>The UTF-8 text of one candle array.</summary>
    /// <param name="candle">The candle.</param>
    /// <param name="style">How numbers are written and what follows the six fields.</param>
    public static byte[] Candle(in MarketCandle candle, CandleStyle style = CandleStyle.Plain)
    {
        Span<byte> text = stackalloc byte[LongestCandle + 16];
        return text[..Write(candle, style, text)].ToArray();
    }

    /// <summary>The UTF-8 text of an array of candles, in the order given.</summary>
    public static byte[] Candles(IEnumerable<MarketCandle> candles, CandleStyle style = CandleStyle.Plain) =>
        Rows(candles.Select(candle => Candle(candle, style)));

    /// <summary>The UTF-8 text of an array of rows that are written already.</summary>
    public static byte[] Rows(IEnumerable<byte[]> rows)
    {
        using var text = new MemoryStream();
        text.WriteByte((byte)'[');
        foreach (var row in rows)
        {
            if (text.Length > 1)
                text.WriteByte((byte)',');
            text.Write(row);
        }
        text.WriteByte((byte)']');
        return text.ToArray();
    }

    public static string Number(decimal value)
    {
        Span<byte> text = stackalloc byte[64];
        return Encoding.UTF8.GetString(text[..Write(value, CandleStyle.Plain, text)]);
    }

    private static int Write(in MarketCandle candle, CandleStyle style, Span<byte> text)
    {
        var length = 0;
        text[length++] = (byte)'[';
        Utf8Formatter.TryFormat(candle.Time, text[length..], out var written);
        length += written;
        foreach (var value in (ReadOnlySpan<decimal>)[candle.Open, candle.Close, candle.High, candle.Low, candle.Volume])
        {
            text[length++] = (byte)',';
            length += Write(value, style, text[length..]);
        }
        if (style == CandleStyle.ExtraElements)
        {
            var extra = ",null,\"new\",7"u8;
            extra.CopyTo(text[length..]);
            length += extra.Length;
        }
        text[length++] = (byte)']';
        return length;
    }

    private static int Write(decimal value, CandleStyle style, Span<byte> text)
    {
        if (style == CandleStyle.Exponents || (Math.Abs(value) < 0.000001m && value != 0))
            return WriteWithExponent(value, text);
        value.TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
        if (value.Scale == 0)
            return length;
        while (text[length - 1] == (byte)'0')
            length--;
        return text[length - 1] == (byte)'.' ? length - 1 : length;
    }

    private static int WriteWithExponent(decimal value, Span<byte> text)
    {
        // One digit, the others after a point, then the power of ten: exact, for the digits stay the decimal's own.
        var plain = Math.Abs(value).ToString(CultureInfo.InvariantCulture);
        var point = plain.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? plain.Length : point;
        var digits = plain.Replace(".", "", StringComparison.Ordinal);
        var leading = digits.Length - digits.TrimStart('0').Length;
        digits = digits.Trim('0');
        if (digits.Length == 0)
            digits = "0";
        var exponent = digits == "0" ? 0 : whole - leading - 1;
        var mantissa = digits.Length == 1 ? digits : $"{digits[0]}.{digits[1..]}";
        return Encoding.UTF8.GetBytes($"{(value < 0 ? "-" : "")}{mantissa}e{exponent.ToString(CultureInfo.InvariantCulture)}", text);
    }
}

/// <summary>How a candle is written: as the exchange does, or as a fault asks for.</summary>
internal enum CandleStyle
{
    Plain,
    Exponents,
    ExtraElements,
}
