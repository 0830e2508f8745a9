namespace CandleStream.Exchanges.Binance;

/// <summary>
/// Binance's names of symbols and timeframes. Source: Binance documentation, web-socket-streams, "Kline/Candlestick Streams".
/// </summary>
internal static class BinanceNames
{
    /// <summary>The exchange's name of a timeframe: <c>1d</c> for our <c>1D</c>; a month is <c>1M</c> in both.</summary>
    /// <exception cref="ArgumentException">The exchange makes no such candles.</exception>
    public static string IntervalOf(Timeframe timeframe) => timeframe.Name switch
    {
        "1m" or "5m" or "15m" or "30m" or "1h" or "6h" or "12h" or "1M" => timeframe.Name,
        "1D" => "1d",
        "1W" => "1w",
        _ => throw new ArgumentException($"Binance makes no candles of {timeframe}.", nameof(timeframe)),
    };

    /// <summary>
    /// The stream of a series, <c>btcusdt@kline_1m</c>. Symbols are in lower case there, and in upper case everywhere else.
    /// </summary>
#pragma warning disable CA1308 // Names of streams are in lower case.
    public static string StreamOf(SeriesKey series) =>
        $"{series.Pair.ToLowerInvariant()}@kline_{IntervalOf(series.Timeframe)}";
#pragma warning restore CA1308
}
