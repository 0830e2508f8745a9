using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Faults;

/// <summary>The ways a REST history can be untrue. Each takes and gives candles in ascending order, unless it says otherwise.</summary>
internal static class LyingHistory
{
    /// <summary>
    /// As a cache would have kept it: what opened after <paramref name="moment"/> is missing, what was forming then stands at its first
    /// trade.
    /// </summary>
    public static IReadOnlyList<MarketCandle> AsOf(IReadOnlyList<MarketCandle> candles, MarketTimeframe timeframe, long moment) =>
    [
        .. candles
            .Where(candle => candle.Time <= moment)
            .Select(candle => timeframe.Next(candle.Time) <= moment ? candle
                : MarketCandle.FromTrade(candle.Time, candle.Open, candle.Volume / 4)),
    ];

    public static IReadOnlyList<MarketCandle> Duplicated(IReadOnlyList<MarketCandle> candles) =>
        [.. candles.SelectMany((candle, index) => index % 3 == 0 ? new[] { candle, candle } : [candle])];

    /// <summary>Neither ascending nor descending: every other candle of the newer half comes first, the rest of it last.</summary>
    public static IReadOnlyList<MarketCandle> Unsorted(IReadOnlyList<MarketCandle> candles) =>
        [.. candles.Skip(candles.Count / 2).Where((_, index) => index % 2 == 0), .. candles.Take(candles.Count / 2),
            .. candles.Skip(candles.Count / 2).Where((_, index) => index % 2 == 1)];
}
