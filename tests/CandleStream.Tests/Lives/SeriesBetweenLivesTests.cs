using CandleStream.Providers;
using CandleStream.Storage;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Streaming;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Lives;

/// <summary>What the random interleavings of <see cref="LivesTests"/> showed: one test a rule.</summary>
public sealed class SeriesBetweenLivesTests
{
    private static readonly SeriesKey Other = SeriesKey.Parse("ETHUSD:1m");

    [Fact(Timeout = 60_000)]
    public async Task What_the_store_refused_to_delete_is_still_saved()
    {
        await using var core = new CoreUnderTest();
        core.Archive.Save(BtcMinute, [Stored(0, 7)], Verified(0, 1));
        core.Store.Down = "gone";
        await Assert.ThrowsAsync<StoreUnavailableException>(() => core.Service.ForgetAsync(BtcMinute, At(10), Cancel));

        core.Store.Down = null;
        Assert.True(await core.Writer.FlushAsync(Cancel));

        Assert.Single(core.Store.Rows(BtcMinute));
    }

    [Fact]
    public void What_was_deleted_while_the_store_was_read_is_not_known()
    {
        var coverage = new SeriesCoverage(BtcMinute.Timeframe, 5_000);
        coverage.Forget(At(5));

        coverage.Load(TimeRangeSet.Of(new TimeRange(At(0), At(10))), At(9));

        Assert.False(coverage.Verified.Contains(At(4)));
        Assert.True(coverage.Verified.Contains(At(6)));
    }

    [Fact(Timeout = 60_000)]
    public async Task What_a_command_stored_beside_an_open_series_is_sent_when_its_time_is_fetched_and_what_was_stored_before_is_not()
    {
        var store = new MemoryStore();
        await SaveAsync(store, [.. Enumerable.Range(-10, 10)], Verified(-5, 0, toldFrom: -100));
        await using var core = new CoreUnderTest(store, options: new StreamingOptions { CandlesInMemory = 4 });
        using var lease = core.Service.Open(BtcMinute);
        await core.InTime(core.Provider.WhenFollowedAsync(BtcMinute));
        var sink = new RecordingSink();
        lease.Hub.Attach(sink);
        core.Time.Advance(TimeSpan.FromSeconds(30));
        await store.SaveAsync(new StoreBatch([.. Enumerable.Range(-30, 10)
            .Select(m => new StoredCandle(BtcMinute, Stored(m, core.Service.Revs.Current.Value + 100 + m)))], []), Cancel);
        core.Time.Advance(TimeSpan.FromSeconds(30));

        core.Provider.History = (series, range, purpose) =>
            purpose == FetchPurpose.History ? Ledger(At(3))(series, range, purpose) : throw new CandleProviderException("no repair here");
        await core.InTime(core.History.QueryAsync(new HistoryQuery(BtcMinute, At(-30), At(-7), 100, false, null), Cancel));

        var sent = sink.Merges.SelectMany(m => m).Concat(sink.Updates).Select(u => u.Candle.Time).ToHashSet();
        Assert.Contains(At(-25), sent);
        Assert.DoesNotContain(At(-8), sent);
        // Verified with its candle, in one batch: the store may lose the row meanwhile.
        Assert.Contains(core.Writer.Unsaved(BtcMinute).Candles, c => c.Time == At(-8));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_hole_among_what_is_stored_is_named_before_the_exchange_is_heard()
    {
        var store = new MemoryStore();
        await SaveAsync(store, [.. Enumerable.Range(-20, 6), .. Enumerable.Range(-5, 5)], Verified(-20, -14, toldFrom: -20),
            Verified(-5, 0, toldFrom: -20));
        await using var core = new CoreUnderTest(store);
        using var lease = core.Service.Open(BtcMinute);

        var join = await core.InTime(core.Joiner.JoinAsync(lease.Hub, new JoinRequest(null, false, 100, true), Cancel));

        Assert.Equal(At(-20), join.Snapshot[0].Time);
        Assert.Equal([new TimeRange(At(-14), At(-5))], join.Status.Gaps);
    }

    [Fact(Timeout = 60_000)]
    public async Task What_the_store_holds_below_the_candles_that_it_added_late_is_not_taken_for_sent()
    {
        var store = new MemoryStore { Pause = new() };
        await SaveAsync(store, [.. Enumerable.Range(-30, 30)], Verified(-30, 0, toldFrom: -30));
        await using var core = new CoreUnderTest(store, options: new StreamingOptions { CandlesInMemory = 5 });
        using var lease = core.Service.Open(BtcMinute);
        (await core.InTime(core.Provider.WhenFollowedAsync(BtcMinute))).OnSnapshot(
            [.. Enumerable.Range(-20, 21).Where(m => m != -15).Select(m => Candle(m))], At(0, 10));

        store.Pause.SetResult();
        await core.InTime(SeriesHubTests.WhenAsync(() => lease.Hub.Lead.KnowsStore));

        Assert.False(lease.Hub.Lead.Verified.Contains(At(-15)));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_client_of_a_life_that_never_knew_the_store_is_reset()
    {
        var store = new MemoryStore();
        await SaveAsync(store, [.. Enumerable.Range(-30, 30)], Verified(-30, 0, toldFrom: -30));
        store.Down = "gone";
        await using var core = new CoreUnderTest(store);
        var lease = core.Service.Open(BtcMinute);
        (await core.InTime(core.Provider.WhenFollowedAsync(BtcMinute))).OnSnapshot([Candle(0)], At(0, 10));
        core.Time.Advance(TimeSpan.FromSeconds(30));
        var id = core.Service.Revs.Current;
        await CloseAsync(core, lease);
        store.Down = null;

        using var again = core.Service.Open(BtcMinute);
        (await core.InTime(core.Provider.WhenFollowedAsync(BtcMinute))).OnSnapshot([Candle(0), Candle(1)], At(1, 10));

        Assert.Equal(
            JoinMode.Reset, (await core.InTime(core.Joiner.JoinAsync(again.Hub, new JoinRequest(id, false, 1, false), Cancel))).Mode);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_client_of_a_series_that_nobody_ever_heard_is_reset_for_what_is_fetched_then_is_history()
    {
        await using var core = new CoreUnderTest();
        await TellExchangeTimeAsync(core, At(5, 20));
        var lease = core.Service.Open(BtcMinute);
        await core.InTime(core.Joiner.JoinAsync(lease.Hub, new JoinRequest(null, false, 0, true), Cancel));
        core.Time.Advance(TimeSpan.FromSeconds(30));
        var id = core.Service.Revs.Current;
        await CloseAsync(core, lease);
        core.Provider.History = Ledger(At(5, 30));
        Assert.NotEmpty(
            (await core.InTime(core.History.QueryAsync(new HistoryQuery(BtcMinute, At(0), At(2), 100, false, null), Cancel))).Candles);

        using var again = core.Service.Open(BtcMinute);
        (await core.InTime(core.Provider.WhenFollowedAsync(BtcMinute))).OnSnapshot(
            [.. Enumerable.Range(3, 3).Select(m => Candle(m))], At(5, 40));

        Assert.Equal(
            JoinMode.Reset, (await core.InTime(core.Joiner.JoinAsync(again.Hub, new JoinRequest(id, false, 1, false), Cancel))).Mode);
    }

    [Fact(Timeout = 60_000)]
    public async Task What_is_fetched_behind_the_last_candle_of_a_poll_is_a_repair()
    {
        await using var core = new CoreUnderTest();
        await TellExchangeTimeAsync(core, At(5, 20));
        using var lease = core.Service.Open(BtcMinute);
        await core.InTime(core.Provider.WhenFollowedAsync(BtcMinute));
        await SaveAsync(core.Store, [.. Enumerable.Range(-10, 5)], Verified(-10, -5));
        var polled = await core.InTime(core.History.QueryAsync(new HistoryQuery(BtcMinute, null, null, 5, false, null), Cancel));
        Assert.Equal(At(-6), polled.Candles[^1].Time);

        core.Provider.History = Ledger(At(5, 30));
        var answer = await core.InTime(core.History.QueryAsync(new HistoryQuery(BtcMinute, At(-3), At(-2), 100, false, null), Cancel));

        Assert.Equal(2, answer.Candles.Count);
        Assert.All(answer.Candles, c => Assert.True(c.Rev > polled.AsOf));
    }

    [Fact(Timeout = 60_000)]
    public async Task An_answer_names_what_is_not_known_though_neither_the_store_nor_a_time_is_known()
    {
        var store = new MemoryStore { Pause = new() };
        await SaveAsync(store, [.. Enumerable.Range(-20, 6), .. Enumerable.Range(-5, 5)], Verified(-20, -14), Verified(-5, 0));
        await using var core = new CoreUnderTest(store);
        using var lease = core.Service.Open(BtcMinute);

        var answer = await core.InTime(core.History.QueryAsync(new HistoryQuery(BtcMinute, null, null, 20, false, null), Cancel));

        Assert.Equal(At(-20), answer.Candles[0].Time);
        Assert.True(TimeRangeSet.Of(answer.Gaps).ContainsAll(new TimeRange(At(-14), At(-5))));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_poll_whose_number_is_of_the_process_before_is_told_what_changed_since()
    {
        var store = new MemoryStore();
        var before = At(0, -3) * 1000;
        await store.SaveAsync(
            new StoreBatch([new(BtcMinute, Stored(-2, before))], [new SeriesChange(
                BtcMinute, TimeRangeSet.Of(new TimeRange(At(-10), At(-1))), TimeRangeSet.Empty, Rev.At(At(-9)), At(-10))]), Cancel);
        await using var core = new CoreUnderTest(store);
        core.Provider.History = Ledger(At(0, 10));
        using var lease = core.Service.Open(BtcMinute);
        (await core.InTime(core.Provider.WhenFollowedAsync(BtcMinute))).OnSnapshot([Candle(-1), Candle(0)], At(0, 10));

        var answer =
            await core.InTime(core.History.QueryAsync(new HistoryQuery(BtcMinute, null, null, 100, false, new Rev(before - 1)), Cancel));

        Assert.False(answer.Reset);
        Assert.Contains(answer.Candles, c => c.Time == At(-2));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_series_whose_store_did_not_answer_resumes_nobody_of_before()
    {
        var store = new MemoryStore { Pause = new() };
        await SaveAsync(store, [.. Enumerable.Range(-30, 30)], Verified(-30, 0, toldFrom: -30));
        await using var core = new CoreUnderTest(store);
        var id = core.Service.Revs.Current;
        core.Time.Advance(TimeSpan.FromMinutes(1));
        using var lease = core.Service.Open(BtcMinute);
        (await core.InTime(core.Provider.WhenFollowedAsync(BtcMinute))).OnSnapshot([Candle(0), Candle(1)], At(1, 10));

        Assert.Equal(
            JoinMode.Reset, (await core.InTime(core.Joiner.JoinAsync(lease.Hub, new JoinRequest(id, false, 1, false), Cancel))).Mode);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_newest_candle_that_REST_verified_while_the_socket_is_away_is_closed()
    {
        await using var core = new CoreUnderTest();
        using var lease = core.Service.Open(BtcMinute);
        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnState(new FeedState(SeriesState.Live));
        feed.OnSnapshot([Candle(0)], At(0, 10));
        feed.OnInterrupted();
        feed.OnState(new FeedState(SeriesState.Reconnecting));

        lease.Hub.Lead.Merge(new HistoryPage(new TimeRange(At(0), At(1)), [Candle(0)], At(3)));

        Assert.True(lease.Hub.Lead.Verified.Contains(At(0)));
        Assert.True(lease.Hub.View(1, Rev.None).Newest[0].Closed);
    }

    private static Candle Stored(int minute, long rev) => Candle(minute) with { Closed = true, Rev = new Rev(rev) };

    private static SeriesChange Verified(int from, int to, int? toldFrom = null) =>
        new(BtcMinute, TimeRangeSet.Of(new TimeRange(At(from), At(to))), TimeRangeSet.Empty, toldFrom is null ? null : new Rev(1),
            toldFrom is { } told ? At(told) : SeriesRecord.NothingTold);

    private static Task SaveAsync(MemoryStore store, int[] minutes, params SeriesChange[] changes) =>
        store.SaveAsync(
            new StoreBatch([.. minutes.Select(m => new StoredCandle(BtcMinute, Stored(m, At(m + 1) * 1000)))], changes), Cancel);

    private static Func<SeriesKey, TimeRange, FetchPurpose, HistoryPage> Ledger(long asOf) =>
        (_, range, _) => new HistoryPage(
            range, [.. Enumerable.Range(-60, 120).Select(m => Candle(m)).Where(c => range.Contains(c.Time) && c.Time < asOf)], asOf);

    private static async Task TellExchangeTimeAsync(CoreUnderTest core, long time)
    {
        core.Service.Open(Other);
        (await core.Provider.WhenFollowedAsync(Other)).OnSnapshot([Candle(-1)], time);
    }

    private static async Task CloseAsync(CoreUnderTest core, SeriesHandle lease)
    {
        lease.Dispose();
        await core.InTime(
            SeriesHubTests.WhenAsync(() => !core.Service.TryFind(BtcMinute, out _) && !core.Provider.Followed.Contains(BtcMinute)));
    }
}
