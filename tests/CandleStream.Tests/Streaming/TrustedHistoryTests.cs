using CandleStream.Providers;
using CandleStream.Streaming.Series;

namespace CandleStream.Tests.Streaming;

/// <summary>Which part of an answer is final.</summary>
public sealed class TrustedHistoryTests
{
    private const long Day = 86_400_000;

    [Theory]
    [InlineData("1W", 7)]
    [InlineData("14D", 14)]
    public void A_candle_that_starts_on_another_day_than_ours_is_final_by_its_own_end(string name, int days)
    {
        var timeframe = Timeframe.Parse(name);
        // On our grid the week ends at `monday`; the exchange's begins two days later and still runs then.
        var monday = timeframe.StartOf(1_763_000_000_000);
        var (ended, running) = (Week(monday - (days * Day) - (5 * Day)), Week(monday - (5 * Day)));
        var page = new HistoryPage(new TimeRange(monday - (3 * days * Day), monday + Day), [ended, running], monday + Day);

        var (candles, verified) = HistoryFill.Trusted(timeframe, page);

        Assert.Equal([ended.Time], candles.Select(c => c.Time));
        Assert.Equal(running.Time, verified.Ranges[^1].To);
    }

    private static Candle Week(long time) => new(time, 1, 2, 0.5m, 1, 1);
}
