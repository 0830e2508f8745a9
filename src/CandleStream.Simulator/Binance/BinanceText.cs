using System.Globalization;
using System.Text;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Binance;

/// <summary>
/// Writes what Binance sends (Binance docs, web-socket-streams and rest-api): amounts are strings of eight decimals, times are Unix ms.
/// </summary>
internal static class BinanceText
{
    /// <summary>The event of a stream, <c>{"e":"kline",…}</c>.</summary>
    public static string Event(in BinanceBar bar, string symbol, string interval, long end, bool isOver, long time) =>
        Event(bar, symbol, interval, end, isOver, time, Amount(bar.Candle.High), Amount(bar.Candle.Close), Amount(bar.Candle.Volume));

    /// <summary>The same with other texts in some places, for faults.</summary>
    public static string Event(
        in BinanceBar bar, string symbol, string interval, long end, bool isOver, long time, string high, string close, string volume)
    {
        var (candle, figures) = (bar.Candle, bar.Figures);
        return string.Create(CultureInfo.InvariantCulture,
            $$$"""{"e":"kline","E":{{{time}}},"s":"{{{symbol}}}","k":{"t":{{{candle.Time}}},"T":{{{end - 1}}},"s":"{{{symbol}}}","i":"{{{interval}}}","f":{{{figures.FirstTrade}}},"L":{{{figures.LastTrade}}},"o":{{{Amount(candle.Open)}}},"c":{{{close}}},"h":{{{high}}},"l":{{{Amount(candle.Low)}}},"v":{{{volume}}},"n":{{{figures.Trades}}},"x":{{{(isOver ? "true" : "false")}}},"q":{{{Amount(figures.QuoteVolume)}}},"V":{{{Amount(figures.TakerBuyVolume)}}},"Q":{{{Amount(figures.TakerBuyQuoteVolume)}}},"B":"0"}}""");
    }

    /// <summary>A row of REST, <c>[t,"o","h","l","c","v",T,"q",n,"V","Q","0"]</c>.</summary>
    public static string Row(in BinanceBar bar, long end) =>
        Row(bar, end, Amount(bar.Candle.High), Amount(bar.Candle.Close), Amount(bar.Candle.Volume));

    /// <summary>The same with other texts in some places, for faults.</summary>
    public static string Row(in BinanceBar bar, long end, string high, string close, string volume)
    {
        var (candle, figures) = (bar.Candle, bar.Figures);
        return string.Create(CultureInfo.InvariantCulture,
            $"[{candle.Time},{Amount(candle.Open)},{high},{Amount(candle.Low)},{close},{volume},{end - 1},{Amount(figures.QuoteVolume)},{figures.Trades},{Amount(figures.TakerBuyVolume)},{Amount(figures.TakerBuyQuoteVolume)},\"0\"]");
    }

    public static string Amount(decimal value) => "\"" + value.ToString("F8", CultureInfo.InvariantCulture) + "\"";

    /// <summary>An event as a combined connection gets it.</summary>
    public static byte[] Combined(string stream, string data) => Encoding.UTF8.GetBytes($$"""{"stream":"{{stream}}","data":{{data}}}""");

    public static byte[] Acknowledgement(string id) => Encoding.UTF8.GetBytes($$"""{"result":null,"id":{{id}}}""");

    public static byte[] Streams(IEnumerable<string> streams, string id) =>
        Encoding.UTF8.GetBytes($$"""{"result":[{{string.Join(',', streams.Select(stream => $"\"{stream}\""))}}],"id":{{id}}}""");

    public static byte[] Error(int code, string text, string? id = null) =>
        Encoding.UTF8.GetBytes($$"""{"code":{{code}},"msg":"{{text}}"{{(id is null ? "" : $",\"id\":{id}")}}}""");
}

/// <summary>A bar with what is known of its trades.</summary>
internal readonly record struct BinanceBar(MarketCandle Candle, MarketFigures Figures)
{
    /// <summary>The flat bar of an interval without a trade.</summary>
    public static BinanceBar Flat(long time, decimal close) =>
        new(new MarketCandle(time, close, close, close, close, 0), MarketFigures.None);
}
