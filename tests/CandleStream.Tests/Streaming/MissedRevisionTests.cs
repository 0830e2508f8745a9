using CandleStream.Providers;
using CandleStream.Storage;
using CandleStream.Streaming;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Streaming;

/// <summary>
/// The exchange revises the candle before the running one. Where little is traded that candle may be old, verified, and outside the next
/// snapshot: a revision made while nobody listened has to be found all the same.
/// </summary>
public sealed class MissedRevisionTests
{
    private static readonly Candle Revised = Candle(0, close: 130, volume: 7);

    // Traded at noon, 20 minutes later, and again from 12:35 on; the candle of noon was revised when nobody listened.
    private static readonly Candle[] Ledger = [Candle(-60), Revised, Candle(20), Candle(35), Candle(36)];

    [Fact]
    public async Task While_the_server_was_down()
    {
        var store = await FollowedUntilAsync(30);
        await using var core = new CoreUnderTest(store);
        await CheckFoundAsync(core);

        await core.Writer.FlushAsync(Cancel);
        Assert.True(store.Rows(BtcMinute).Single(c => c.Time == At(0)).HasSameValues(Revised));
        Assert.True((await store.FindSeriesAsync(BtcMinute, Cancel))!.Verified.ContainsAll(new TimeRange(At(-60), At(36))));
    }

    [Fact]
    public async Task While_the_server_was_down_and_it_stopped_again_before_it_had_asked()
    {
        var store = await FollowedUntilAsync(30);
        await using (var stopped = new CoreUnderTest(store))
        {
            using var lease = stopped.Service.Open(BtcMinute);
            (await stopped.Provider.WhenFollowedAsync(BtcMinute)).OnSnapshot([Ledger[^2], Ledger[^1]], At(36, 10));
        }

        Assert.Equal(At(36), store.Rows(BtcMinute)[^1].Time + Minute);
        await using var core = new CoreUnderTest(store);
        await CheckFoundAsync(core);
    }

    [Fact]
    public async Task While_the_socket_was_gone()
    {
        await using var core = new CoreUnderTest();
        using var lease = core.Service.Open(BtcMinute);
        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnSnapshot([Candle(-60), Candle(0)], At(0, 30));
        feed.OnCandle(Candle(20), At(20, 10), 0);
        feed.OnExchangeTime(At(30, 30), At(30, 30));
        feed.OnInterrupted();

        await CheckFoundAsync(core);
    }

    [Fact]
    public async Task An_answer_from_before_the_server_listened_again_does_not_count()
    {
        var store = await FollowedUntilAsync(30);
        await using var core = new CoreUnderTest(store);
        await CheckFoundAsync(core, staleAnswers: 2);
    }

    [Fact]
    public async Task A_closed_series_whose_history_is_asked_for_stores_the_revision_with_a_new_rev()
    {
        var store = new MemoryStore();
        await store.SaveAsync(new StoreBatch([new(BtcMinute, Stored(0)), new(BtcMinute, Stored(20))], []), Cancel);
        await using var core = new CoreUnderTest(store);
        core.Provider.History = (_, range, _) => Page(range, At(60));

        var answer = await core.InTime(core.History.QueryAsync(new HistoryQuery(BtcMinute, At(0), At(29), 100, false, null), Cancel));

        Assert.True(answer.Candles[0].HasSameValues(Revised));
        Assert.True(answer.Candles[0].Rev > Stored(0).Rev);
        Assert.Equal(Stored(20), answer.Candles[1]);
    }

    private static Candle Stored(int minute) => Candle(minute) with { Closed = true, Rev = new Rev(2 * At(minute + 1) * 1000) };

    private static HistoryPage Page(TimeRange range, long asOf) => new(range, [.. Ledger.Where(c => range.Contains(c.Time))], asOf);

    private static async Task<MemoryStore> FollowedUntilAsync(int minute)
    {
        var store = new MemoryStore();
        var verified = TimeRangeSet.Of(new TimeRange(At(-60), At(minute)));
        await store.SaveAsync(new StoreBatch([new(BtcMinute, Stored(-60)), new(BtcMinute, Stored(0)), new(BtcMinute, Stored(20))],
            [new SeriesChange(BtcMinute, verified, TimeRangeSet.Empty, new Rev(1))]), Cancel);
        return store;
    }

    private static async Task CheckFoundAsync(CoreUnderTest core, int staleAnswers = 0)
    {
        // One call for the gap, one for what was held before it.
        var (asOf, calls) = (At(37, 40), 2 + staleAnswers);
        // Content of before the revision, from a cache.
        core.Provider.History = (_, range, _) => staleAnswers-- > 0
            ? new HistoryPage(range, [.. new[] { Candle(-60), Candle(0), Candle(20) }.Where(c => range.Contains(c.Time))], At(31))
            : Page(range, asOf);
        using var lease = core.Service.Open(BtcMinute);
        var sink = new RecordingSink();
        lease.Hub.Attach(sink);
        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnSnapshot([Ledger[^2], Ledger[^1]], At(36, 30));
        feed.OnExchangeTime(asOf, asOf);

        await core.InTime(SeriesHubTests.WhenAsync(() => lease.Hub.Lead.NextRepair() is null && lease.Hub.Status.Gaps.IsEmpty));

        var update = sink.Updates.Concat(sink.Merges.SelectMany(m => m))
            .Single(u => u.Candle.Time == At(0) && u.Candle.HasSameValues(Revised));
        Assert.True(update.Candle.Closed);
        // What was held before the silence may have been checked before it: that is another question.
        Assert.True(core.Provider.Fetches.Count(f => f.Range.To > At(0)) <= calls, string.Join("; ", core.Provider.Fetches));
    }
}
