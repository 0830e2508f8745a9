using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Binance;

/// <summary>
/// Rows that are no candles, in pushes and REST pages alike, as <see cref="BadRows"/> makes them for Bitfinex: three kinds stand in the
/// place of a true one and keep its time, a stray one comes besides.
/// </summary>
internal static class BinanceBadRows
{
    private const long YearMs = 365 * MarketTimeframe.Day;

    /// <summary>How a candle is written instead, by its writer of high, close and volume; null: as it is.</summary>
    public static string? InPlaceOf(in BinanceBar bar, FaultBoard faults, string key, Writer write)
    {
        if (faults.IsEmpty)
            return null;
        var (high, close, volume) =
            (BinanceText.Amount(bar.Candle.High), BinanceText.Amount(bar.Candle.Close), BinanceText.Amount(bar.Candle.Volume));
        if (faults.Strike(FaultKind.NullRow, key) is not null)
            return write(bar, "null", "null", "null");
        if (faults.Strike(FaultKind.UnparsableRow, key) is not null)
            return Turn(bar, 2) == 0 ? write(bar, high, close, "\"1e40\"") : write(bar, high, "\"none\"", volume);
        if (faults.Strike(FaultKind.ImplausibleRow, key) is null)
            return null;
        return Turn(bar, 2) == 0
            ? write(bar, BinanceText.Amount(bar.Candle.Low / 2), close, volume)
            : write(bar, high, close, BinanceText.Amount(-bar.Candle.Volume - 1));
    }

    /// <summary>A candle that comes besides a true one, at a time at which none can open; null: none.</summary>
    public static BinanceBar? Stray(in BinanceBar bar, FaultBoard faults, string key) =>
        faults.IsEmpty || faults.Strike(FaultKind.StrayRow, key) is null ? null : bar with
        {
            Candle = bar.Candle with
            {
                Time = Turn(bar, 3) switch
                {
                    0 => 1,
                    1 => bar.Candle.Time + YearMs,
                    _ => bar.Candle.Time + 1,
                },
            },
        };

    private static long Turn(in BinanceBar bar, int turns) => bar.Candle.Time / MarketTimeframe.Minute % turns;

    /// <summary>Writes a bar with these texts for high, close and volume.</summary>
    public delegate string Writer(in BinanceBar bar, string high, string close, string volume);
}
