using CandleStream.Providers;
using CandleStream.Storage;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Streaming;

/// <summary>
/// A series that was closed for longer than its repair reaches back: a hole that nothing repairs must not be taken for "nothing happened".
/// </summary>
public sealed class ResumeBeyondRepairTests
{
    private const int Day = 1440;
    private const int Now = 4 * Day + Day / 2;

    [Fact]
    public async Task A_client_whose_series_was_closed_for_longer_than_a_repair_reaches_back_is_reset_though_few_candles_changed()
    {
        var (join, gaps) = await ReturnAsync(followed: [new TimeRange(At(0), At(Day / 2))], idMinute: Day / 2);

        Assert.Empty(gaps);
        Assert.Equal(JoinMode.Reset, join.Mode);
        Assert.True(join.Snapshot[0].Time >= At(Now - SeriesCoverage.MaxRepairCandles));
    }

    [Fact]
    public async Task History_asked_for_within_the_hole_does_not_close_it()
    {
        var (join, _) =
            await ReturnAsync(followed: [new TimeRange(At(0), At(Day / 2)), new TimeRange(At(Day), At(Day + 120))], idMinute: Day / 2);

        Assert.Equal(JoinMode.Reset, join.Mode);
    }

    [Fact]
    public async Task A_hole_from_before_any_id_that_is_accepted_does_not_reset()
    {
        var (join, _) = await ReturnAsync(
            followed: [new TimeRange(At(-30 * Day), At(-29 * Day)), new TimeRange(At(-8 * Day), At(Now - 300))], idMinute: Now - 300);

        Assert.Equal(JoinMode.Resumed, join.Mode);
        Assert.Equal(Hourly(new TimeRange(At(Now - 300), At(Now + 1))).Count, join.Missed.Count(c => c.Time >= At(Now - 300)));
    }

    private static async Task<(SeriesJoin Join, IReadOnlyList<TimeRange> Gaps)> ReturnAsync(TimeRange[] followed, int idMinute)
    {
        var store = new MemoryStore();
        var candles = followed.SelectMany(Hourly)
            .Select(c => new StoredCandle(BtcMinute, c with { Closed = true, Rev = Rev.At(c.Time + Minute) }));
        await store.SaveAsync(new StoreBatch(
            [.. candles], [new SeriesChange(BtcMinute, TimeRangeSet.Of(followed), TimeRangeSet.Empty, Rev.At(followed[0].From))]), Cancel);
        await using var core = new CoreUnderTest(store, time: new(DateTimeOffset.FromUnixTimeMilliseconds(At(Now))));
        core.Provider.History = (_, range, _) => new HistoryPage(range, Hourly(range), At(Now, 30));
        using var lease = core.Service.Open(BtcMinute);
        (await core.Provider.WhenFollowedAsync(BtcMinute)).OnSnapshot(Hourly(new TimeRange(At(Now - 120), At(Now + 1))), At(Now, 10));
        // The repair needs no clock, which stands meanwhile: the join's wait would end before a busy machine has repaired.
        await SeriesHubTests.WhenAsync(() => lease.Hub.Status.Gaps.IsEmpty);
        return (await core.Joiner.JoinAsync(lease.Hub, new JoinRequest(Rev.At(At(idMinute)), false, 1, false), Cancel),
            lease.Hub.Status.Gaps);
    }

    private static List<Candle> Hourly(TimeRange range) =>
        [.. Enumerable.Range(-31 * 24, 36 * 24).Select(h => Candle(h * 60)).Where(c => range.Contains(c.Time))];
}
