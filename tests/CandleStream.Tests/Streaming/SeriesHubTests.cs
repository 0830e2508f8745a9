using CandleStream.Providers;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Streaming;

public sealed class SeriesHubTests : IAsyncDisposable
{
    private readonly CoreUnderTest _core = new();
    private readonly RecordingSink _sink = new();

    [Fact]
    public async Task The_first_merge_is_handed_over_whole_and_not_candle_by_candle()
    {
        var (hub, feed) = await OpenAsync();

        feed.OnSnapshot([Candle(0), Candle(1), Candle(2)], At(2, 30));

        Assert.Empty(_sink.Updates);
        var merged = Assert.Single(_sink.Merges);
        Assert.Equal([true, true, false], merged.Select(u => u.Candle.Closed));
        Assert.Equal(At(2), hub.Latest!.Candle.Time);
    }

    [Fact]
    public async Task After_the_first_merge_every_change_is_published_with_a_rising_rev()
    {
        var (_, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], At(0, 10));

        feed.OnCandle(Candle(0, volume: 2), At(0, 20), 0);
        feed.OnCandle(Candle(0, volume: 2), At(0, 21), 0);
        feed.OnCandle(Candle(1), At(1, 1), 0);
        feed.OnExchangeTime(At(2, 5), At(2, 5));

        Assert.Equal(
            [(At(0), false), (At(0), true), (At(1), false), (At(1), true)], _sink.Updates.Select(u => (u.Candle.Time, u.Candle.Closed)));
        Assert.Equal(_sink.Updates.Select(u => u.Rev).Order().Distinct(), _sink.Updates.Select(u => u.Rev));
    }

    [Fact]
    public async Task After_a_reconnect_a_candle_is_closed_as_the_snapshot_has_it_and_never_as_it_was_held_before()
    {
        var (_, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0, volume: 5)], At(0, 10));
        feed.OnInterrupted();

        feed.OnSnapshot([Candle(0, volume: 20), Candle(1)], At(1, 10));
        feed.OnInterrupted();
        feed.OnSnapshot([Candle(0, volume: 20), Candle(1, volume: 9)], At(2, 10));

        Assert.Equal([(At(0), 20m), (At(1), 9m)], _sink.Updates.Where(u => u.Candle.Closed).Select(u => (u.Candle.Time, u.Candle.Volume)));
    }

    [Fact]
    public async Task A_poll_after_a_long_outage_brings_candles_newer_than_the_exchange_time_known_so_far()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], At(0, 10));
        feed.OnInterrupted();

        feed.OnPolled(new HistoryPage(new TimeRange(At(0), At(10)), [Candle(0), Candle(5), Candle(9)], At(9, 30)));

        Assert.Equal([At(5), At(9)], _sink.Updates.Select(u => u.Candle.Time).Where(t => t > At(0)).Distinct());
        Assert.Equal(0, hub.Lead.ImplausibleCandles);
    }

    [Fact]
    public async Task A_poll_verifies_no_time_behind_its_last_row_and_a_quiet_polled_series_costs_no_other_call()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnState(new FeedState(SeriesState.Polling));
        for (var minute = 1; minute <= 30; minute++)
        {
            feed.OnPolled(Poll([Candle(0)], At(minute, 10)));
            await _core.InTime(Task.Delay(TimeSpan.FromSeconds(1), _core.Time, Cancel).ContinueWith(_ => 0, Cancel));
        }

        Assert.Empty(hub.Status.Gaps);
        Assert.Empty(_core.Provider.Fetches);
        Assert.Equal([new TimeRange(At(0), At(1))], (await VerifiedAsync()).Ranges);

        feed.OnPolled(Poll([Candle(0), Candle(31)], At(33)));
        Assert.Equal([new TimeRange(At(0), At(32))], (await VerifiedAsync()).Ranges);

        static HistoryPage Poll(Candle[] rows, long asOf) =>
            new(new TimeRange(rows[0].Time, BtcMinute.Timeframe.StartOf(asOf) + Minute), rows, asOf) { ProvedTo = rows[^1].Time + Minute };

        async Task<TimeRangeSet> VerifiedAsync()
        {
            await _core.Writer.FlushAsync(Cancel);
            return (await _core.Store.FindSeriesAsync(BtcMinute, Cancel))!.Verified;
        }
    }

    [Fact]
    public async Task Our_own_clock_never_closes_a_candle()
    {
        var (_, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], At(0, 10));

        _core.Time.Advance(TimeSpan.FromHours(5));

        Assert.Empty(_sink.Updates);
    }

    [Fact]
    public async Task An_impossible_candle_is_counted_and_not_published()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], At(0, 10));

        feed.OnCandle(Candle(0) with { Low = 500 }, At(0, 20), 0);

        Assert.Empty(_sink.Updates);
        Assert.Equal(1, hub.Lead.ImplausibleCandles);
    }

    [Fact]
    public async Task A_gap_is_named_in_the_status_repaired_by_REST_and_the_repair_is_published()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], At(0, 10));
        feed.OnInterrupted();
        feed.OnSnapshot([Candle(10)], At(10, 10));
        Assert.Equal([new TimeRange(At(0), At(10))], hub.Status.Gaps);

        _core.Provider.History = (_, range, _) =>
            new HistoryPage(range, [.. Enumerable.Range(0, 10).Select(m => Candle(m)).Where(c => range.Contains(c.Time))], At(12));
        // What the sink was told last: the hub's own status is there a moment before.
        await _core.InTime(WhenAsync(() => _sink.Statuses.Last().Gaps.IsEmpty));

        Assert.Equal(Enumerable.Range(1, 9).Select(m => At(m)),
            _sink.Updates.Select(u => u.Candle.Time).Where(t => t < At(10)).Distinct().Order().Where(t => t > At(0)));
        Assert.Contains(_sink.Statuses, s => !s.Gaps.IsEmpty);
        Assert.Empty(hub.Status.Gaps);
    }

    [Fact]
    public async Task What_cannot_be_fetched_stays_listed_and_is_tried_again()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], At(0, 10));
        feed.OnInterrupted();
        feed.OnSnapshot([Candle(10)], At(10, 10));

        await _core.InTime(WhenAsync(() => _core.Provider.Fetches.Count >= 4));

        Assert.NotEmpty(hub.Status.Gaps);
        Assert.All(_core.Provider.Fetches, f => Assert.Equal(FetchPurpose.Repair, f.Purpose));
        Assert.All(_core.Provider.Fetches, f => Assert.Equal(At(-1), f.Range.From));
    }

    [Fact]
    public async Task A_snapshot_is_checked_by_one_REST_call_of_low_priority()
    {
        var (_, feed) = await OpenAsync();
        _core.Provider.History = (_, range, _) => new HistoryPage(range, [Candle(0), Candle(1) with { Close = 100 }, Candle(2)], At(5));
        feed.OnSnapshot([Candle(0), Candle(2)], At(2, 30));
        Assert.Empty(_core.Provider.Fetches);

        feed.OnExchangeTime(At(3, 30), At(3, 30));
        await _core.InTime(WhenAsync(() => _sink.Updates.Any(u => u.Candle.Time == At(1))));

        Assert.Equal(FetchPurpose.Record, Assert.Single(_core.Provider.Fetches).Purpose);
    }

    [Fact]
    public async Task While_the_socket_lives_no_time_of_a_REST_answer_closes_a_candle()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], At(0, 50));
        feed.OnState(new FeedState(SeriesState.Live));

        hub.Lead.Merge(new HistoryPage(new TimeRange(At(-5), At(0)), [Candle(-3)], At(1, 30)));
        feed.OnCandle(Candle(0, volume: 2), At(0, 59), 0);
        Assert.DoesNotContain(_sink.Updates, u => u.Candle.Closed && u.Candle.Time == At(0));

        feed.OnExchangeTime(At(1, 5), At(1, 5));
        Assert.Equal(2, Assert.Single(_sink.Updates, u => u.Candle.Closed && u.Candle.Time == At(0)).Candle.Volume);
    }

    [Fact]
    public async Task A_change_of_state_reaches_the_sinks_once()
    {
        var (_, feed) = await OpenAsync();

        feed.OnState(new FeedState(SeriesState.Live));
        feed.OnState(new FeedState(SeriesState.Live));

        Assert.Equal([SeriesState.Connecting, SeriesState.Live], _sink.Statuses.Select(s => s.Feed.State));
    }

    [Fact]
    public async Task Without_exchange_time_only_a_later_candle_closes()
    {
        var (_, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], null);

        feed.OnCandle(Candle(0, volume: 2), null, 0);
        feed.OnCandle(Candle(7), null, 0);

        Assert.Equal([(At(0), false), (At(0), true), (At(7), false)], _sink.Updates.Select(u => (u.Candle.Time, u.Candle.Closed)));
    }

    [Fact]
    public async Task Without_exchange_time_the_time_of_an_unreadable_row_is_named_once_a_later_candle_comes()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], null);
        feed.OnUnreadable(new TimeRange(At(0), At(1)));
        Assert.Empty(hub.Status.Gaps);

        feed.OnCandle(Candle(1), null, 0);

        Assert.Equal([new TimeRange(At(0), At(1))], hub.Status.Gaps);
    }

    public ValueTask DisposeAsync() => _core.DisposeAsync();

    private async Task<(SeriesHub Hub, IFeedListener Feed)> OpenAsync()
    {
        var hub = _core.Service.Open(BtcMinute).Hub;
        hub.Attach(_sink);
        return (hub, await _core.Provider.WhenFollowedAsync(BtcMinute));
    }

    internal static async Task<bool> WhenAsync(Func<bool> condition)
    {
        while (!condition())
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await OneAtATime.LetOthersRunAsync();
        }

        return true;
    }
}
