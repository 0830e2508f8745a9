using CandleStream.Providers;
using CandleStream.Storage;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Streaming;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Lives;

/// <summary>What is known of a series when it is opened again, and what its clients are sent of it: one test a rule.</summary>
public sealed class SeriesLivesTests
{
    private static readonly SeriesKey Other = SeriesKey.Parse("ETHUSD:1m");

    [Fact]
    public async Task A_gap_that_was_told_is_a_repair_though_history_fetched_it_while_the_series_was_closed()
    {
        await using var core = new CoreUnderTest();
        var (id, _) = await TellGapAndCloseAsync(core);
        core.Provider.History = Ledger(At(5, 30));
        var answer = await core.InTime(core.History.QueryAsync(new HistoryQuery(BtcMinute, At(-3), At(3), 100, false, null), Cancel));
        Assert.Equal(7, answer.Candles.Count);
        Assert.All(answer.Candles.Where(c => c.Time >= At(1)), c => Assert.True(c.Rev > id));
        Assert.All(answer.Candles.Where(c => c.Time < At(0)), c => Assert.Equal((c.Time + Minute) * 1000, c.Rev.Value));

        using var lease = core.Service.Open(BtcMinute);
        (await core.Provider.WhenFollowedAsync(BtcMinute)).OnSnapshot([Candle(4), Candle(5)], At(5, 40));
        await SeriesHubTests.WhenAsync(() => lease.Hub.Status.Gaps.IsEmpty);
        var join = await core.InTime(core.Joiner.JoinAsync(lease.Hub, new JoinRequest(id, false, 1, false), Cancel));

        Assert.Equal(JoinMode.Resumed, join.Mode);
        Assert.Superset(new HashSet<long> { At(1), At(2), At(3), At(4) }, join.Missed.Select(c => c.Time).ToHashSet());
    }

    [Fact]
    public async Task A_gap_that_was_told_is_a_gap_after_a_restart_though_nothing_before_it_was_verified()
    {
        var store = new MemoryStore();
        await using (var before = new CoreUnderTest(store)) await TellGapAndCloseAsync(before);
        await using var core = new CoreUnderTest(store, time: new(DateTimeOffset.FromUnixTimeMilliseconds(At(20))));

        using var lease = core.Service.Open(BtcMinute);
        (await core.Provider.WhenFollowedAsync(BtcMinute)).OnSnapshot([Candle(19), Candle(20)], At(20, 10));

        Assert.Contains(lease.Hub.Status.Gaps, g => g.From <= At(1) && g.To >= At(5));
    }

    [Fact]
    public async Task What_waits_for_a_store_that_takes_no_writes_counts_at_the_next_opening()
    {
        var store = new MemoryStore { Full = "full" };
        await using var core = new CoreUnderTest(store);
        var (id, _) = await TellGapAndCloseAsync(core);

        using var lease = core.Service.Open(BtcMinute);
        (await core.Provider.WhenFollowedAsync(BtcMinute)).OnSnapshot([Candle(5)], At(5, 40));

        Assert.Contains(lease.Hub.Status.Gaps, g => g.From <= At(1) && g.To >= At(5));
        Assert.NotEqual(
            JoinMode.Resumed, (await core.InTime(core.Joiner.JoinAsync(lease.Hub, new JoinRequest(id, false, 1, false), Cancel))).Mode);
    }

    [Fact]
    public async Task A_snapshot_ends_at_a_hole_that_no_gap_names_though_nothing_before_the_hole_was_verified()
    {
        var store = new MemoryStore();
        await store.SaveAsync(new StoreBatch([.. Enumerable.Range(-30, 10)
            .Select(m => new StoredCandle(BtcMinute, Candle(m) with { Closed = true, Rev = Rev.At(At(m + 1)) }))], []), Cancel);
        var end = At(-20);
        await using var core = new CoreUnderTest(store);
        using var lease = core.Service.Open(BtcMinute);
        (await core.Provider.WhenFollowedAsync(BtcMinute)).OnSnapshot([Candle(0), Candle(1)], At(1, 10));

        var join = await core.Joiner.JoinAsync(lease.Hub, new JoinRequest(null, false, 1000, true), Cancel);

        var unnamed = TimeRangeSet.Of(join.Status.Gaps).MissingIn(new TimeRange(end, At(0)));
        Assert.True(unnamed.IsEmpty || join.Snapshot[0].Time >= unnamed.Ranges[^1].To, $"from {join.Snapshot[0].Time} over {unnamed}");
    }

    [Theory]
    [InlineData("1W", 3)]
    [InlineData("14D", 8)]
    [InlineData("1M", 20)]
    [InlineData("1W", 24)]
    public void A_long_candle_that_ended_while_nobody_listened_is_a_gap_however_long_ago_it_opened(string name, int daysAway)
    {
        const long day = 86_400_000;
        var timeframe = Timeframe.Parse(name);
        var coverage = new SeriesCoverage(timeframe, 5_000);
        var running = timeframe.StartOf(Noon);
        var now = timeframe.EndOf(running) - day + daysAway * day;
        coverage.Load(TimeRangeSet.Of(new TimeRange(timeframe.Before(timeframe.Before(running)), running)), timeframe.Before(running));

        coverage.Begin(timeframe.StartOf(now), now);

        Assert.Equal(running, coverage.Gaps.Ranges[0].From);
    }

    [Fact]
    public async Task What_retention_deleted_is_no_news_when_a_snapshot_or_a_poll_brings_it_again()
    {
        await using var core = new CoreUnderTest();
        using var lease = core.Service.Open(BtcMinute);
        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnSnapshot([.. Enumerable.Range(0, 20).Select(m => Candle(m))], At(19, 10));
        await core.Writer.FlushAsync(Cancel);
        await core.Service.ForgetAsync(BtcMinute, At(10), Cancel);
        var sink = new RecordingSink();
        lease.Hub.Attach(sink);

        feed.OnInterrupted();
        feed.OnSnapshot([.. Enumerable.Range(0, 20).Select(m => Candle(m))], At(19, 20));
        feed.OnPolled(new HistoryPage(new TimeRange(At(0), At(20)), [.. Enumerable.Range(0, 20).Select(m => Candle(m))], At(19, 30)));
        await core.Writer.FlushAsync(Cancel);

        Assert.Empty(sink.Updates);
        Assert.Equal(At(10), core.Store.Rows(BtcMinute)[0].Time);
        Assert.False(lease.Hub.Look(default).Known.Contains(At(9)));
    }

    [Fact]
    public async Task A_client_that_missed_changes_which_retention_deleted_is_reset()
    {
        await using var core = new CoreUnderTest();
        using var lease = core.Service.Open(BtcMinute);
        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnSnapshot([Candle(0)], At(0, 10));
        core.Time.Advance(TimeSpan.FromSeconds(20));
        var id = core.Service.Revs.Current;
        core.Time.Advance(TimeSpan.FromMinutes(5));
        foreach (var minute in Enumerable.Range(1, 5)) feed.OnCandle(Candle(minute), At(minute, 1), 0);
        await core.Writer.FlushAsync(Cancel);

        await core.Service.ForgetAsync(BtcMinute, At(3), Cancel);

        Assert.Equal(
            JoinMode.Reset, (await core.InTime(core.Joiner.JoinAsync(lease.Hub, new JoinRequest(id, false, 1, false), Cancel))).Mode);
    }

    [Fact]
    public async Task Within_ten_seconds_of_a_series_first_opening_a_client_resumes()
    {
        await using var core = new CoreUnderTest();
        using var lease = core.Service.Open(BtcMinute);
        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnSnapshot([Candle(0), Candle(1)], At(1, 10));
        var id = core.Service.Revs.Current;
        core.Time.Advance(TimeSpan.FromSeconds(3));
        feed.OnCandle(Candle(1, volume: 3), At(1, 13), 0);

        var join = await core.Joiner.JoinAsync(lease.Hub, new JoinRequest(id, false, 1, false), Cancel);

        Assert.Equal(JoinMode.Resumed, join.Mode);
        Assert.Contains(join.Missed, c => c.Volume == 3);
    }

    [Fact]
    public async Task A_client_that_read_history_resumes_from_its_asof_when_it_is_the_first_to_open_the_series()
    {
        await using var core = new CoreUnderTest();
        await TellExchangeTimeAsync(core, At(0, 30));
        core.Provider.History = Ledger(At(0, 30));
        var answer = await core.InTime(core.History.QueryAsync(new HistoryQuery(BtcMinute, At(-5), At(-2), 100, false, null), Cancel));
        Assert.Equal(4, answer.Candles.Count);

        using var lease = core.Service.Open(BtcMinute);
        (await core.Provider.WhenFollowedAsync(BtcMinute)).OnSnapshot([.. Enumerable.Range(-4, 5).Select(m => Candle(m))], At(0, 40));
        var join = await core.Joiner.JoinAsync(lease.Hub, new JoinRequest(answer.AsOf, false, 1, false), Cancel);

        Assert.Equal(JoinMode.Resumed, join.Mode);
        Assert.Superset(new HashSet<long> { At(-1), At(0) }, join.Missed.Select(c => c.Time).ToHashSet());
    }

    [Fact]
    public async Task An_id_of_before_this_process_is_reset_where_nothing_was_stored()
    {
        await using var core = new CoreUnderTest();
        using var lease = core.Service.Open(BtcMinute);
        (await core.Provider.WhenFollowedAsync(BtcMinute)).OnSnapshot([Candle(0)], At(0, 10));

        var join =
            await core.Joiner.JoinAsync(lease.Hub, new JoinRequest(new Rev(core.Service.Revs.First.Value - 1), false, 1, false), Cancel);

        Assert.Equal(JoinMode.Reset, join.Mode);
    }

    [Fact]
    public async Task A_resume_repeats_the_ten_seconds_before_the_id()
    {
        await using var core = new CoreUnderTest();
        using var lease = core.Service.Open(BtcMinute);
        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnSnapshot([Candle(0)], At(0, 10));
        core.Time.Advance(TimeSpan.FromMinutes(1));
        feed.OnCandle(Candle(1), At(1, 10), 0);
        core.Time.Advance(TimeSpan.FromSeconds(5));
        var id = core.Service.Revs.Current;

        var join = await core.Joiner.JoinAsync(lease.Hub, new JoinRequest(id, false, 1, false), Cancel);

        Assert.Equal(JoinMode.Resumed, join.Mode);
        Assert.Equal([At(0), At(1)], join.Missed.Select(c => c.Time));
    }

    [Fact]
    public async Task A_client_of_before_the_store_answered_is_reset_for_it_lacks_what_the_store_held()
    {
        var store = new MemoryStore();
        await store.SaveAsync(
            new StoreBatch([new(BtcMinute, Candle(-20) with { Closed = true, Rev = new Rev(5) })],
                [new SeriesChange(BtcMinute, TimeRangeSet.Of(new TimeRange(At(-30), At(-10))), TimeRangeSet.Empty, new Rev(1))]), Cancel);
        store.Down = "gone";
        await using var core = new CoreUnderTest(store);
        core.Provider.History = (_, range, _) => new HistoryPage(range, [], At(30));
        using var lease = core.Service.Open(BtcMinute);
        (await core.Provider.WhenFollowedAsync(BtcMinute)).OnSnapshot([Candle(0), Candle(2)], At(2, 10));
        core.Time.Advance(TimeSpan.FromMinutes(1));
        var id = core.Service.Revs.Current;
        core.Time.Advance(TimeSpan.FromMinutes(1));

        store.Down = null;
        await core.InTime(
            SeriesHubTests.WhenAsync(
                () => lease.Hub.View(100, Rev.None).Newest.Any(c => c.Time == At(-20)) && lease.Hub.Status.Gaps.IsEmpty));
        var join = await core.InTime(core.Joiner.JoinAsync(lease.Hub, new JoinRequest(id, false, 1, false), Cancel));

        Assert.Equal(JoinMode.Reset, join.Mode);
    }

    [Fact]
    public async Task A_client_that_was_reset_while_REST_was_away_is_sent_the_repair_later()
    {
        var store = new MemoryStore();
        await using (var before = new CoreUnderTest(store)) await TellGapAndCloseAsync(before);
        await using var core = new CoreUnderTest(store, time: new(DateTimeOffset.FromUnixTimeMilliseconds(At(20))));
        using var lease = core.Service.Open(BtcMinute);
        var sink = new RecordingSink();
        lease.Hub.Attach(sink);
        (await core.Provider.WhenFollowedAsync(BtcMinute)).OnSnapshot([Candle(19), Candle(20)], At(20, 10));
        var join = await core.InTime(core.Joiner.JoinAsync(lease.Hub, new JoinRequest(Rev.At(At(5)), false, 1, false), Cancel));
        Assert.Equal(JoinMode.Reset, join.Mode);

        core.Provider.History = Ledger(At(22));
        await core.InTime(SeriesHubTests.WhenAsync(() => lease.Hub.Status.Gaps.IsEmpty));

        Assert.Superset(Enumerable.Range(1, 18).Select(m => At(m)).Where(t => join.Snapshot.All(c => c.Time != t)).ToHashSet(),
            sink.Updates.Select(u => u.Candle.Time).ToHashSet());
    }

    [Fact]
    public async Task A_poll_does_not_wait_for_a_repair_that_it_does_not_need()
    {
        await using var core = new CoreUnderTest();
        using var lease = core.Service.Open(BtcMinute);
        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnSnapshot([Candle(0)], At(0, 10));
        feed.OnInterrupted();
        feed.OnSnapshot([Candle(5)], At(5, 10));
        core.Time.Advance(TimeSpan.FromMinutes(1));

        // The clock stands: what waits never ends.
        var answer = await core.History.QueryAsync(new HistoryQuery(BtcMinute, null, null, 100, false, core.Service.Revs.Current), Cancel);

        Assert.False(answer.Reset);
        Assert.NotEmpty(answer.Gaps);
    }

    [Fact]
    public async Task A_candle_of_a_batch_that_is_being_written_is_read()
    {
        await using var core = new CoreUnderTest();
        var written = new TaskCompletionSource();
        core.Store.Saving = () => written.Task;
        core.Archive.Save(BtcMinute, [Candle(0) with { Closed = true, Rev = new Rev(7) }]);
        var flushing = core.Writer.FlushAsync(Cancel);

        Assert.Single((await core.Archive.ReadAsync(BtcMinute, new TimeRange(At(0), At(1)), 10, newestEnd: true, Cancel))!);
        Assert.Single((await core.Archive.ChangesSinceAsync(BtcMinute, new Rev(6), 10, Cancel))!);

        written.SetResult();
        Assert.True(await flushing);
    }

    [Fact]
    public async Task A_candle_that_is_saved_while_rows_are_read_is_seen()
    {
        await using var core = new CoreUnderTest();
        core.Store.HandingOut = () => core.Writer.FlushAsync(Cancel);
        core.Archive.Save(BtcMinute, [Candle(0) with { Closed = true, Rev = new Rev(7) }]);
        Assert.Single((await core.Archive.ReadAsync(BtcMinute, new TimeRange(At(0), At(1)), 10, newestEnd: true, Cancel))!);

        core.Archive.Save(BtcMinute, [Candle(1) with { Closed = true, Rev = new Rev(8) }]);
        Assert.Equal(2, (await core.Archive.ChangesSinceAsync(BtcMinute, new Rev(6), 10, Cancel))!.Count);
    }

    [Fact]
    public async Task No_saved_time_is_verified_before_its_closed_candle_is_saved()
    {
        await using var core = new CoreUnderTest();
        using var lease = core.Service.Open(BtcMinute);
        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnSnapshot([Candle(0)], At(0, 10));
        lease.Hub.Attach(new FlushingSink(core));

        foreach (var minute in Enumerable.Range(1, 5))
        {
            feed.OnCandle(Candle(minute), At(minute, 1), 0);
            feed.OnExchangeTime(At(minute + 1, 6), At(minute + 1, 6));
            await core.Writer.FlushAsync(Cancel);
            CheckVouched(core);
        }
    }

    [Fact]
    public void Fetched_candles_keep_equal_revs_repair_what_was_told_and_are_history_before_it()
    {
        var revs = new RevCounter(TimeProvider.System);
        Candle Fetched(int minute, decimal close = 100) => Candle(minute, close) with { Closed = true, Rev = Rev.At(At(minute + 1)) };

        var numbered = CandleArchive.Numbered([Fetched(0), Fetched(1), Fetched(2, close: 101), Fetched(3)],
            [Fetched(1) with { Rev = new Rev(5) }, Fetched(2) with { Rev = new Rev(6) }], At(3), revs);

        Assert.Equal(At(1) * 1000, numbered[0].Rev.Value);
        Assert.Equal(5, numbered[1].Rev.Value);
        Assert.True(numbered[2].Rev >= revs.First && numbered[3].Rev > numbered[2].Rev);
    }

    [Fact]
    public async Task A_series_whose_closing_failed_opens_again()
    {
        await using var core = new CoreUnderTest();
        core.Provider.Ending = () => throw new InvalidOperationException("a bug");
        core.Service.Open(BtcMinute).Dispose();
        await core.Provider.WhenFollowedAsync(BtcMinute);
        core.Time.Advance(core.Options.Linger);

        using var lease = core.Service.Open(BtcMinute);
        await core.InTime(SeriesHubTests.WhenAsync(() => lease.Hub.Lead.Loaded.IsGiven));

        core.Provider.Ending = null;
    }

    [Fact]
    public async Task A_series_whose_store_cannot_be_read_because_of_a_bug_is_followed()
    {
        await using var core = new CoreUnderTest();
        core.Store.Reading = () => throw new InvalidOperationException("a bug");
        using var lease = core.Service.Open(BtcMinute);

        await core.InTime(core.Provider.WhenFollowedAsync(BtcMinute));
    }

    [Fact]
    public async Task A_linger_that_ran_out_just_before_the_series_was_touched_does_not_close_it()
    {
        var late = new LateTimers(new(DateTimeOffset.FromUnixTimeMilliseconds(Noon)));
        var store = new MemoryStore();
        await using var writer = new CandleWriter(
            store, new StorageOptions(), late, Microsoft.Extensions.Logging.Abstractions.NullLogger<CandleWriter>.Instance);
        var (provider, archive, revs) = (new FakeProvider(), new CandleArchive(store, writer), new RevCounter(late));
        await using var fetcher =
            new HistoryFill(provider, archive, revs, late, Microsoft.Extensions.Logging.Abstractions.NullLogger<HistoryFill>.Instance);
        await using var service = new CandleStreamService(
            provider, archive, fetcher, [], revs, new StreamingOptions(), late,
            Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        var hub = service.Touch(BtcMinute);
        late.Clock.Advance(TimeSpan.FromSeconds(30));

        // Its timer is due and waits for the lock that the next question holds.
        Assert.Same(hub, service.Touch(BtcMinute));
        late.RunDue();

        Assert.Same(hub, Assert.Single(service.Hubs));
    }

    private static Func<SeriesKey, TimeRange, FetchPurpose, HistoryPage> Ledger(long asOf) =>
        (_, range, _) => new HistoryPage(
            range, [.. Enumerable.Range(-60, 120).Select(m => Candle(m)).Where(c => range.Contains(c.Time) && c.Time < asOf)], asOf);

    // Another series tells exchange time, so that a question can be about the past.
    private static async Task TellExchangeTimeAsync(CoreUnderTest core, long time)
    {
        core.Service.Open(Other);
        (await core.Provider.WhenFollowedAsync(Other)).OnSnapshot([Candle(-1)], time);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_traded_before_the_exchange_was_heard_is_a_gap_from_the_candle_that_ran_at_the_opening(bool isPoll)
    {
        await using var core = new CoreUnderTest();
        using var lease = core.Service.Open(BtcMinute);
        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        core.Time.Advance(TimeSpan.FromMinutes(10));

        List<Candle> newest = [Candle(8), Candle(9), Candle(10)];
        if (isPoll) feed.OnPolled(new HistoryPage(new TimeRange(At(8), At(11)), newest, At(10, 30)));
        else feed.OnSnapshot(newest, At(10, 30));

        Assert.Equal(new TimeRange(At(0), At(8)), Assert.Single(lease.Hub.Status.Gaps));
    }

    [Fact]
    public async Task History_that_comes_in_pages_is_no_repair_though_its_first_page_is_all_that_the_store_holds()
    {
        await using var core = new CoreUnderTest();
        await TellExchangeTimeAsync(core, At(5, 20));
        using var lease = core.Service.Open(BtcMinute);
        await core.Provider.WhenFollowedAsync(BtcMinute);
        await core.InTime(SeriesHubTests.WhenAsync(() => lease.Hub.Lead.KnowsStore));
        core.Provider.History = (_, asked, _) =>
        {
            var page = asked with { To = Math.Min(asked.To, asked.From + 5 * Minute) };
            return new HistoryPage(
                page, [.. Enumerable.Range(-60, 60).Select(m => Candle(m)).Where(c => page.Contains(c.Time))], At(5, 20));
        };

        var answer = await core.InTime(core.History.QueryAsync(new HistoryQuery(BtcMinute, At(-40), At(-31), 100, false, null), Cancel));

        Assert.Equal(10, answer.Candles.Count);
        Assert.All(answer.Candles, c => Assert.Equal(Rev.At(c.Time + Minute), c.Rev));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task History_that_came_before_the_first_candles_is_sent_where_they_leave_it_out(bool isPoll)
    {
        await using var core = new CoreUnderTest();
        await TellExchangeTimeAsync(core, At(5, 20));
        using var lease = core.Service.Open(BtcMinute);
        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        await core.InTime(SeriesHubTests.WhenAsync(() => lease.Hub.Lead.KnowsStore));
        core.Provider.History = Ledger(At(5, 20));
        await core.InTime(core.History.QueryAsync(new HistoryQuery(BtcMinute, At(-20), At(-11), 100, false, null), Cancel));

        List<Candle> withHole = [.. Enumerable.Range(-18, 24).Where(m => m != -15).Select(m => Candle(m))];
        if (isPoll) feed.OnPolled(new HistoryPage(new TimeRange(At(-18), At(6)), withHole, At(5, 30)));
        else feed.OnSnapshot(withHole, At(5, 30));
        var join = await core.InTime(core.Joiner.JoinAsync(lease.Hub, new JoinRequest(Rev.None, false, 100, false), Cancel));

        Assert.True(lease.Hub.Lead.Verified.Contains(At(-15)));
        Assert.True(Assert.Single(join.Snapshot, c => c.Time == At(-15)).Closed);
    }

    [Fact]
    public async Task What_a_repair_verifies_is_closed_also_where_retention_left_no_candle()
    {
        await using var core = new CoreUnderTest();
        using var lease = core.Service.Open(BtcMinute);
        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnSnapshot([Candle(0), Candle(1)], At(1, 30));
        feed.OnInterrupted();
        core.Time.Advance(TimeSpan.FromMinutes(29));
        await core.InTime(core.Service.ForgetAsync(BtcMinute, At(10), Cancel));

        lease.Hub.Lead.Merge(new HistoryPage(new TimeRange(At(10), At(20)), [Candle(11), Candle(15)], At(30)));

        var held = lease.Hub.View(100, new Rev(long.MaxValue)).Newest;
        Assert.Equal([At(11), At(15)], held.Select(c => c.Time));
        Assert.All(held.Where(c => lease.Hub.Lead.Verified.Contains(c.Time)), c => Assert.True(c.Closed));
        Assert.True(lease.Hub.Lead.Verified.Contains(At(15)));
    }

    [Fact]
    public async Task What_a_repair_does_not_close_it_does_not_verify()
    {
        await using var core = new CoreUnderTest();
        using var lease = core.Service.Open(BtcMinute);
        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnSnapshot([Candle(0), Candle(1)], At(1, 30));
        feed.OnInterrupted();
        core.Time.Advance(TimeSpan.FromMinutes(29));

        // The last trades of the newest candle may be in the hole before this answer.
        lease.Hub.Lead.Merge(new HistoryPage(new TimeRange(At(10), At(20)), [Candle(11), Candle(15)], At(30)));

        var held = lease.Hub.View(100, new Rev(long.MaxValue)).Newest;
        Assert.Contains(held, c => c.Time == At(15));
        Assert.All(held.Where(c => lease.Hub.Lead.Verified.Contains(c.Time)), c => Assert.True(c.Closed));

        lease.Hub.Lead.Merge(new HistoryPage(new TimeRange(At(0), At(28)), [Candle(0), Candle(1), Candle(11), Candle(15)], At(30)));

        Assert.True(lease.Hub.Lead.Verified.Contains(At(15)));
        Assert.All(lease.Hub.View(100, new Rev(long.MaxValue)).Newest, c => Assert.True(c.Closed));
    }

    [Fact]
    public async Task A_candle_that_a_repair_finds_unchanged_is_saved_again_though_memory_lets_it_go()
    {
        var core = new CoreUnderTest(options: new StreamingOptions { CandlesInMemory = 8 });
        await using var ending = core;
        using var lease = core.Service.Open(BtcMinute);
        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnSnapshot([.. Enumerable.Range(-1, 2).Concat(Enumerable.Range(12, 8)).Select(m => Candle(m))], At(20, 30));
        Assert.True(await core.Writer.FlushAsync(Cancel));
        // The store loses what it holds, as after a deletion beside the server.
        await core.Store.DeleteBeforeAsync(BtcMinute, At(12), Cancel);

        List<Candle> all = [.. Enumerable.Range(-1, 13).Select(m => Candle(m))];
        lease.Hub.Lead.Merge(new HistoryPage(new TimeRange(At(-1), At(12)), all, At(20, 40)));
        Assert.True(await core.Writer.FlushAsync(Cancel));

        Assert.Superset(all.Select(c => c.Time).ToHashSet(), core.Store.Rows(BtcMinute).Select(c => c.Time).ToHashSet());
    }

    // A snapshot of one candle, an outage while REST is away, a snapshot of one candle: minutes 1 to 4 are told as a gap. Then the client
    // leaves and the series closes.
    private static async Task<(Rev Id, TimeRange Gap)> TellGapAndCloseAsync(CoreUnderTest core)
    {
        await TellExchangeTimeAsync(core, At(5, 20));
        var lease = core.Service.Open(BtcMinute);
        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnSnapshot([Candle(0)], At(0, 10));
        feed.OnInterrupted();
        feed.OnSnapshot([Candle(5)], At(5, 10));
        core.Time.Advance(TimeSpan.FromSeconds(30));
        var gap = Assert.Single(lease.Hub.Status.Gaps);
        Assert.True(gap.From <= At(1) && gap.To == At(5));
        var id = core.Service.Revs.Current;
        lease.Dispose();
        await core.InTime(
            SeriesHubTests.WhenAsync(() => !core.Service.TryFind(BtcMinute, out _) && !core.Provider.Followed.Contains(BtcMinute)));
        return (id, gap);
    }

    private static void CheckVouched(CoreUnderTest core)
    {
        var verified = core.Store.FindSeriesAsync(BtcMinute, CancellationToken.None).Result?.Verified ?? TimeRangeSet.Empty;
        var rows = core.Store.Rows(BtcMinute).Select(c => c.Time).ToHashSet();
        Assert.All(Enumerable.Range(0, 6).Select(m => At(m)).Where(verified.Contains), t => Assert.Contains(t, rows));
    }

    // Saves what waits in the middle of each publication: no batch may say more than its candles.
    private sealed class FlushingSink(CoreUnderTest core) : ICandleSink
    {
        public void OnUpdate(CandleUpdate update)
        {
            Assert.True(core.Writer.FlushAsync(CancellationToken.None).Result);
            CheckVouched(core);
        }

        public void OnFirstMerge(SeriesKey series, IReadOnlyList<CandleUpdate> changed)
        {
        }

        public void OnStatus(SeriesStatus status)
        {
        }
    }

    // Timers that are due run when the test says so: as where a lock or a busy machine holds them up.
    private sealed class LateTimers(Microsoft.Extensions.Time.Testing.FakeTimeProvider clock) : TimeProvider
    {
        private readonly List<Action> _due = [];

        public Microsoft.Extensions.Time.Testing.FakeTimeProvider Clock => clock;

        public override long TimestampFrequency => clock.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public override long GetTimestamp() => clock.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            clock.CreateTimer(s => _due.Add(() => callback(s)), state, dueTime, period);

        public void RunDue()
        {
            foreach (var due in _due.ToList()) due();
            _due.Clear();
        }
    }
}
