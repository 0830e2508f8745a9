using CandleStream.Providers;
using CandleStream.Streaming.Series;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Streaming;

/// <summary>Where a candle's values came from, on its way to the store.</summary>
public sealed class CandleOriginTests
{
    private readonly List<Candle> _changes = [];

    [Fact]
    public void An_answer_over_REST_is_marked_as_such() =>
        Assert.Equal(CandleOrigin.Rest, Assert.Single(new HistoryPage(new TimeRange(At(0), At(1)), [Candle(0)], At(5)).Candles).Origin);

    [Fact]
    public void The_origin_is_that_of_the_newest_values_and_survives_the_close()
    {
        var candles = new SeriesCandles(Timeframe.Parse("1m"), 10, 5000, new RevCounter(TimeProvider.System).Next);
        var fetched = new HistoryPage(new TimeRange(At(0), At(3)), [Candle(0), Candle(1)], At(1, 30)).Candles;
        foreach (var candle in fetched) candles.Fetch(candle, At(1, 30), _changes);
        // Polled first, then seen live with the same values: seen live.
        candles.Push(Candle(1), _changes);
        candles.Push(Candle(2), _changes);

        Assert.Equal([CandleOrigin.Rest, CandleOrigin.Push, CandleOrigin.Push], candles.Latest(3).Select(c => c.Origin));
        Assert.Equal(CandleOrigin.Push, _changes.Last(c => c.Closed).Origin);
    }

    [Fact]
    public void Where_values_came_from_is_no_part_of_what_a_candle_is()
    {
        Assert.Equal(Candle(0), Candle(0) with { Origin = CandleOrigin.File });
        Assert.NotEqual(Candle(0), Candle(0) with { Rev = new Rev(99) });
        Assert.NotEqual(Candle(0), Candle(0) with { Closed = true });
        Assert.NotEqual(Candle(0), Candle(0) with { Volume = 99 });
    }
}
