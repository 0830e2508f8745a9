using CandleStream.Providers;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Streaming;

public sealed class CandleStreamServiceTests
{
    [Fact]
    public async Task However_many_hold_a_series_the_exchange_sees_one_subscription_until_the_linger_ended()
    {
        await using var core = new CoreUnderTest();
        var leases = Enumerable.Range(0, 100).Select(_ => core.Service.Open(BtcMinute)).ToList();
        await core.Provider.WhenFollowedAsync(BtcMinute);
        Assert.Equal(100, leases[0].Hub.Subscribers);

        foreach (var lease in leases) lease.Dispose();
        leases[0].Dispose();
        Assert.Equal(0, leases[0].Hub.Subscribers);
        core.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.Single(core.Provider.Followed);

        core.Time.Advance(TimeSpan.FromSeconds(1));
        await core.InTime(SeriesHubTests.WhenAsync(() => core.Provider.Followed.Count == 0));
        Assert.Empty(core.Service.Hubs);
    }

    [Fact]
    public async Task A_series_taken_up_again_during_the_linger_stays_open()
    {
        await using var core = new CoreUnderTest();
        core.Service.Open(BtcMinute).Dispose();
        core.Time.Advance(TimeSpan.FromSeconds(20));
        using var again = core.Service.Open(BtcMinute);

        core.Time.Advance(TimeSpan.FromMinutes(5));

        Assert.Same(again.Hub, Assert.Single(core.Service.Hubs));
    }

    [Fact]
    public async Task A_touch_keeps_a_series_followed_for_the_linger_without_counting()
    {
        await using var core = new CoreUnderTest();
        var hub = core.Service.Touch(BtcMinute);
        Assert.Equal(0, hub.Subscribers);
        for (var i = 0; i < 5; i++)
        {
            core.Time.Advance(TimeSpan.FromSeconds(15));
            Assert.Same(hub, core.Service.Touch(BtcMinute));
        }

        core.Time.Advance(TimeSpan.FromSeconds(30));
        Assert.Empty(core.Service.Hubs);
    }

    [Fact]
    public async Task One_series_too_many_is_refused_with_the_limit()
    {
        await using var core = new CoreUnderTest(options: new StreamingOptions { MaxOpenSeries = 2 });
        core.Service.Open(SeriesKey.Parse("AAAUSD:1m"));
        core.Service.Open(SeriesKey.Parse("BBBUSD:1m"));

        Assert.Equal(2, Assert.Throws<SeriesLimitException>(() => core.Service.Open(BtcMinute)).Limit);
    }

    [Fact]
    public async Task A_thousand_opens_and_closes_at_once_end_at_nothing()
    {
        await using var core = new CoreUnderTest();
        var keys = Enumerable.Range(0, 10).Select(i => SeriesKey.Parse($"AB{i}USD:1m")).ToList();

        await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => Task.Run(() =>
        {
            using var lease = core.Service.Open(keys[i % keys.Count]);
            lease.Hub.Attach(new RecordingSink());
        })));

        Assert.All(core.Service.Hubs, h => Assert.Equal(0, h.Subscribers));
        core.Time.Advance(TimeSpan.FromSeconds(30));
        await core.InTime(SeriesHubTests.WhenAsync(() => core.Provider.Followed.Count == 0));
    }

    [Fact]
    public async Task A_fresh_client_without_upstream_data_is_answered_from_the_store_after_two_seconds()
    {
        var store = new MemoryStore();
        await store.SaveAsync(new([new(BtcMinute, Candle(0) with { Closed = true, Rev = new Rev(5) })], []), Cancel);
        await using var core = new CoreUnderTest(store);
        using var lease = core.Service.Open(BtcMinute);
        await SeriesHubTests.WhenAsync(() => lease.Hub.View(1, Rev.None).Newest.Count == 1);

        var asked = core.Time.GetUtcNow();
        var join = await core.InTime(core.Joiner.JoinAsync(lease.Hub, new JoinRequest(null, false, 10, false), Cancel));

        Assert.Equal(JoinMode.Fresh, join.Mode);
        Assert.Equal(5, Assert.Single(join.Snapshot).Rev.Value);
        Assert.Equal(SeriesState.Connecting, join.Status.Feed.State);
        Assert.True(core.Time.GetUtcNow() - asked >= TimeSpan.FromSeconds(2));
    }

    [Fact]
    public async Task What_a_slow_store_holds_reaches_the_clients_when_it_comes()
    {
        var store = new MemoryStore { Pause = new TaskCompletionSource() };
        await store.SaveAsync(new([new(BtcMinute, Candle(1) with { Closed = true, Rev = new Rev(5) })], []), Cancel);
        await using var core = new CoreUnderTest(store);
        using var lease = core.Service.Open(BtcMinute);
        var sink = new RecordingSink();
        lease.Hub.Attach(sink);
        (await core.InTime(core.Provider.WhenFollowedAsync(BtcMinute))).OnSnapshot([Candle(0), Candle(2)], At(2, 10));
        var id = core.Service.Revs.Current;

        store.Pause.SetResult();
        await core.InTime(SeriesHubTests.WhenAsync(() => sink.Merges.Count == 2));

        Assert.Equal([At(1)], sink.Merges.Last().Select(u => u.Candle.Time));
        var join = await core.InTime(core.Joiner.JoinAsync(lease.Hub, new JoinRequest(id, false, 1, false), Cancel));
        Assert.Equal(JoinMode.Reset, join.Mode);
        Assert.Equal([At(0), At(1), At(2)], join.Snapshot.Select(c => c.Time));
    }

    [Fact]
    public async Task Opening_a_series_does_not_wait_for_a_store_that_reads_on_the_calling_thread()
    {
        using var answered = new ManualResetEventSlim();
        await using var core = new CoreUnderTest(new MemoryStore { Reading = () => answered.Wait(Cancel) });
        try
        {
            var opening = Task.Run(() => core.Service.Open(BtcMinute), Cancel);
            using var lease = await opening.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
            Assert.Single(core.Service.Hubs);
        }
        finally
        {
            answered.Set();
        }
    }

    [Fact]
    public async Task A_returning_client_gets_every_change_since_its_id_and_no_snapshot()
    {
        await using var core = new CoreUnderTest();
        var (hub, feed) = await LiveAsync(core);
        core.Time.Advance(TimeSpan.FromSeconds(60));
        var id = core.Service.Revs.Current;
        feed.OnCandle(Candle(1), At(1, 1), 0);
        feed.OnCandle(Candle(2), At(2, 1), 0);

        var join = await core.InTime(core.Joiner.JoinAsync(hub, new JoinRequest(id, false, 1, false), Cancel));

        Assert.Equal(JoinMode.Resumed, join.Mode);
        Assert.Equal([(At(0), true), (At(1), true), (At(2), false)], join.Missed.Select(c => (c.Time, c.Closed)));
        Assert.Empty(join.Snapshot);
    }

    [Fact]
    public async Task A_client_that_returns_to_a_restarted_server_is_resumed_when_the_exchange_closes_the_hole()
    {
        var store = new MemoryStore();
        var provider = new FakeProvider();
        Rev id;
        await using (var core = new CoreUnderTest(store))
        {
            var (_, feed) = await LiveAsync(core);
            feed.OnCandle(Candle(1), At(1, 1), 0);
            core.Time.Advance(TimeSpan.FromSeconds(70));
            feed.OnExchangeTime(At(2, 10), At(2, 10));
            id = core.Service.Revs.Current;
        }

        await using var restarted = new CoreUnderTest(store, provider, new(DateTimeOffset.FromUnixTimeMilliseconds(At(5))));
        using var lease = restarted.Service.Open(BtcMinute);
        var joining = restarted.Joiner.JoinAsync(lease.Hub, new JoinRequest(id, false, 1, false), Cancel);
        (await provider.WhenFollowedAsync(BtcMinute)).OnSnapshot([Candle(0), Candle(1), Candle(3)], At(5, 1));

        var join = await restarted.InTime(joining);

        Assert.Equal(JoinMode.Resumed, join.Mode);
        Assert.Contains(join.Missed, c => c.Time == At(3));
    }

    [Fact]
    public async Task A_client_that_returns_while_the_hole_stays_open_is_reset()
    {
        var store = new MemoryStore();
        Rev id;
        await using (var core = new CoreUnderTest(store))
        {
            var (_, feed) = await LiveAsync(core);
            feed.OnCandle(Candle(1), At(1, 1), 0);
            core.Time.Advance(TimeSpan.FromSeconds(70));
            feed.OnExchangeTime(At(2, 10), At(2, 10));
            id = core.Service.Revs.Current;
        }

        await using var restarted = new CoreUnderTest(store, new FakeProvider(), new(DateTimeOffset.FromUnixTimeMilliseconds(At(50))));
        using var lease = restarted.Service.Open(BtcMinute);
        var joining = restarted.Joiner.JoinAsync(lease.Hub, new JoinRequest(id, false, 1, false), Cancel);
        (await restarted.Provider.WhenFollowedAsync(BtcMinute)).OnSnapshot([Candle(45), Candle(46)], At(50, 1));

        var join = await restarted.InTime(joining);

        Assert.Equal(JoinMode.Reset, join.Mode);
        Assert.Equal([At(0), At(1), At(45), At(46)], join.Snapshot.Select(c => c.Time));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public async Task An_id_that_cannot_be_ours_resets(long id)
    {
        await using var core = new CoreUnderTest();
        var (hub, _) = await LiveAsync(core);

        Assert.Equal(
            JoinMode.Reset, (await core.InTime(core.Joiner.JoinAsync(hub, new JoinRequest(new Rev(id), false, 1, false), Cancel))).Mode);
        Assert.Equal(JoinMode.Reset, (await core.InTime(core.Joiner.JoinAsync(hub, new JoinRequest(null, true, 1, false), Cancel))).Mode);
    }

    [Fact]
    public async Task A_client_more_than_five_thousand_candles_behind_is_reset()
    {
        await using var core = new CoreUnderTest();
        var (hub, feed) = await LiveAsync(core);
        core.Time.Advance(TimeSpan.FromSeconds(60));
        var id = core.Service.Revs.Current;
        for (var minute = 1; minute <= 5001; minute++) feed.OnCandle(Candle(minute), At(minute, 1), 0);

        var join = await core.InTime(core.Joiner.JoinAsync(hub, new JoinRequest(id, false, 1, false), Cancel));

        Assert.Equal(JoinMode.Reset, join.Mode);
        Assert.Equal(500, join.Snapshot.Count);
    }

    // Whoever registers first and looks second misses nothing, while candles are published all the time.
    [Fact]
    public async Task Registering_first_and_looking_second_misses_nothing()
    {
        await using var core = new CoreUnderTest();
        var (hub, feed) = await LiveAsync(core);
        using var done = new CancellationTokenSource();
        var publishing = Task.Run(
            () =>
            {
                for (var minute = 1; !done.IsCancellationRequested; minute++) feed.OnCandle(Candle(minute), At(minute, 1), 0);
            },
            Cancel);

        for (var i = 0; i < 200; i++)
        {
            var sink = new RecordingSink();
            hub.Attach(sink);
            var seen = (await core.Joiner.JoinAsync(hub, new JoinRequest(null, false, 1000, false), Cancel)).Snapshot.Select(c => c.Time)
                .ToList();
            await SeriesHubTests.WhenAsync(() => sink.Updates.Count > 20);
            hub.Detach(sink);
            var all = seen.Concat(sink.Updates.Select(u => u.Candle.Time)).Distinct().Order().ToList();
            Assert.Equal((all[^1] - all[0]) / Minute + 1, all.Count);
        }

        await done.CancelAsync();
        await publishing;
    }

    internal static async Task<(SeriesHub Hub, IFeedListener Feed)> LiveAsync(CoreUnderTest core)
    {
        var hub = core.Service.Open(BtcMinute).Hub;
        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnSnapshot([Candle(0)], At(0, 10));
        feed.OnState(new FeedState(SeriesState.Live));
        return (hub, feed);
    }
}
