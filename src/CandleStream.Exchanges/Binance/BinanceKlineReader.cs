using System.Text.Json;
using static CandleStream.Exchanges.ExchangeNumbers;

namespace CandleStream.Exchanges.Binance;

/// <summary>
/// Reads candles in both of Binance's shapes: the object <c>{"t":…,"o":"…",…}</c> of the socket and the array
/// <c>[t,"o","h","l","c","v",T,"q",n,"V","Q","0"]</c> of REST. Source: Binance documentation, web-socket-streams and rest-api, "klines".
/// </summary>
internal static class BinanceKlineReader
{
    // The fields that a candle of the socket must have, a bit each in the order t, o, h, l, c, v, n, x, q, V, Q, f, L.
    private const int AllFields = (1 << 13) - 1;

    /// <summary>
    /// Reads the object that the reader stands on, to its closing brace, whether the candle can be read or not.
    /// </summary>
    /// <param name="json">The reader.</param>
    /// <param name="kline">The candle.</param>
    /// <param name="openTime">Its open time, also where the rest cannot be read; null where the time cannot be.</param>
    public static bool TryReadObject(ref Utf8JsonReader json, out BinanceKline kline, out long? openTime)
    {
        long time = 0, trades = 0, first = -1, last = -1;
        decimal open = 0, high = 0, low = 0, close = 0, volume = 0, quote = 0, takerBuy = 0, takerBuyQuote = 0;
        var isOver = false;
        var fields = 0;
        openTime = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var name = json.ValueSpan.Length == 1 ? json.ValueSpan[0] : (byte)0;
            json.Read();
            var field = name switch
            {
                (byte)'t' when ExchangeNumbers.TryReadTime(ref json, out time) => 1,
                (byte)'o' when ExchangeNumbers.TryReadAmount(ref json, out open) => 1 << 1,
                (byte)'h' when ExchangeNumbers.TryReadAmount(ref json, out high) => 1 << 2,
                (byte)'l' when ExchangeNumbers.TryReadAmount(ref json, out low) => 1 << 3,
                (byte)'c' when ExchangeNumbers.TryReadAmount(ref json, out close) => 1 << 4,
                (byte)'v' when ExchangeNumbers.TryReadAmount(ref json, out volume) => 1 << 5,
                (byte)'n' when ExchangeNumbers.TryReadWhole(ref json, out trades) && trades >= 0 => 1 << 6,
                (byte)'x' when TryReadFlag(ref json, out isOver) => 1 << 7,
                (byte)'q' when ExchangeNumbers.TryReadAmount(ref json, out quote) => 1 << 8,
                (byte)'V' when ExchangeNumbers.TryReadAmount(ref json, out takerBuy) => 1 << 9,
                (byte)'Q' when ExchangeNumbers.TryReadAmount(ref json, out takerBuyQuote) => 1 << 10,
                (byte)'f' when ExchangeNumbers.TryReadWhole(ref json, out first) => 1 << 11,
                (byte)'L' when ExchangeNumbers.TryReadWhole(ref json, out last) => 1 << 12,
                _ => 0,
            };
            fields |= field;
            if (field == 1) openTime = time;
            json.Skip();
        }

        kline = new BinanceKline(
            new Candle(time, open, high, low, close, volume, isOver,
                Figures: new TradeFigures(trades, quote, takerBuy, takerBuyQuote)),
            first, last);
        return fields == AllFields;
    }

    /// <summary>
    /// Reads the array that the reader stands on, to its closing bracket, whether the candle can be read or not. Elements after the
    /// eleventh are skipped; an array does not tell the numbers of the trades.
    /// </summary>
    /// <param name="json">The reader.</param>
    /// <param name="kline">The candle.</param>
    /// <param name="openTime">Its open time, also where the rest cannot be read; null where the time cannot be.</param>
    public static bool TryReadArray(ref Utf8JsonReader json, out BinanceKline kline, out long? openTime) =>
        ExchangeRow.TryRead(ref json, TryReadElements, out kline, out openTime);

    private static bool TryReadElements(ref Utf8JsonReader json, out BinanceKline kline, out long? openTime)
    {
        kline = default;
        openTime = null;
        if (!ExchangeNumbers.TryReadTime(ref json, out var time)) return false;
        openTime = time;
        if (!TryReadNext(ref json, out var open) || !TryReadNext(ref json, out var high) || !TryReadNext(ref json, out var low)
            || !TryReadNext(ref json, out var close) || !TryReadNext(ref json, out var volume)
            || !json.Read() || !ExchangeNumbers.TryReadTime(ref json, out _) || !TryReadNext(ref json, out var quote)
            || !json.Read() || !ExchangeNumbers.TryReadWhole(ref json, out var trades) || trades < 0
            || !TryReadNext(ref json, out var takerBuy) || !TryReadNext(ref json, out var takerBuyQuote)) return false;
        kline = new BinanceKline(
            new Candle(time, open, high, low, close, volume, Figures: new TradeFigures(trades, quote, takerBuy, takerBuyQuote)));
        return true;
    }

    private static bool TryReadFlag(ref Utf8JsonReader json, out bool value)
    {
        value = json.TokenType == JsonTokenType.True;
        return json.TokenType is JsonTokenType.True or JsonTokenType.False;
    }
}
