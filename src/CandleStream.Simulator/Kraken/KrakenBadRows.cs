using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Kraken;

/// <summary>
/// Rows that are no candles, in frames and REST pages alike, as <see cref="BadRows"/> makes them for Bitfinex: three kinds stand in the
/// place of a true one and keep its time, a stray one comes besides.
/// </summary>
internal static class KrakenBadRows
{
    private const long YearMs = 365 * MarketTimeframe.Day;

    /// <summary>What stands in the place of a candle's texts; null: its own.</summary>
    public static KrakenTexts? InPlaceOf(in MarketCandle candle, FaultBoard faults, string key)
    {
        if (faults.IsEmpty)
            return null;
        var texts = KrakenTexts.Of(candle);
        if (faults.Strike(FaultKind.NullRow, key) is not null)
            return new KrakenTexts("null", "null", "null");
        if (faults.Strike(FaultKind.UnparsableRow, key) is not null)
            return Turn(candle, 2) == 0 ? texts with { Volume = "1e40" } : texts with { Close = "\"none\"" };
        if (faults.Strike(FaultKind.ImplausibleRow, key) is null)
            return null;
        return Turn(candle, 2) == 0
            ? texts with { High = KrakenText.Plain(candle.Low / 2) }
            : texts with { Volume = KrakenText.Plain(-candle.Volume - 1) };
    }

    /// <summary>A candle that comes besides a true one, at a time at which none can open; null: none.</summary>
    public static KrakenBar? Stray(in KrakenBar bar, FaultBoard faults, string key) =>
        faults.IsEmpty || faults.Strike(FaultKind.StrayRow, key) is null ? null : bar with
        {
            Candle = bar.Candle with
            {
                Time = Turn(bar.Candle, 3) switch
                {
                    0 => 1000,
                    1 => bar.Candle.Time + YearMs,
                    _ => bar.Candle.Time + 1000,
                },
            },
        };

    private static long Turn(in MarketCandle candle, int turns) => candle.Time / MarketTimeframe.Minute % turns;
}
