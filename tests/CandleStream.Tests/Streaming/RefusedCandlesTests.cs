using CandleStream.Providers;
using CandleStream.Storage;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Streaming;

/// <summary>What no real candle looks like is not published, wherever it comes from, and costs no more than its own time.</summary>
public sealed class RefusedCandlesTests : IAsyncDisposable
{
    private readonly CoreUnderTest _core = new();
    private readonly RecordingSink _sink = new();

    [Fact]
    public async Task A_candle_of_the_future_in_the_first_snapshot_of_a_series_is_refused()
    {
        var (hub, feed) = await OpenAsync();

        feed.OnSnapshot([Candle(0), Candle(1440)], At(0, 10));
        feed.OnCandle(Candle(0, volume: 2), At(0, 20), 0);

        Assert.Equal(1, hub.Lead.ImplausibleCandles);
        Assert.Equal((At(0), false), (hub.Latest!.Candle.Time, hub.Latest.Candle.Closed));
        Assert.All(_sink.Updates, u => Assert.False(u.Candle.Closed));
    }

    [Fact]
    public async Task A_candle_of_the_future_in_a_first_snapshot_without_a_time_is_refused_by_what_a_pong_told()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnTimeTold(At(-5, 10));
        _core.Time.Advance(TimeSpan.FromMinutes(5));

        feed.OnSnapshot([Candle(0), Candle(1440)], null);

        Assert.Equal(1, hub.Lead.ImplausibleCandles);
        Assert.Equal((At(0), false), (hub.Latest!.Candle.Time, hub.Latest.Candle.Closed));
    }

    [Fact]
    public async Task A_wrong_first_Date_of_polling_is_put_right_by_the_next_two_that_agree()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnPolled(new HistoryPage(new TimeRange(At(-1), At(525_601)), [Candle(-1), Candle(0)], At(525_600)));
        Assert.True(hub.Latest!.Candle.Closed);

        for (var second = 10; second <= 25; second += 15)
        {
            feed.OnPolled(new HistoryPage(new TimeRange(At(-1), At(1)), [Candle(-1), Candle(0, volume: second)], At(0, second)));
            _core.Time.Advance(TimeSpan.FromSeconds(15));
        }

        Assert.Equal((25m, false), (hub.Latest!.Candle.Volume, hub.Latest.Candle.Closed));
        feed.OnPolled(new HistoryPage(new TimeRange(At(0), At(2)), [Candle(0, volume: 70), Candle(1)], At(1, 10)));
        Assert.Equal([(At(0), 70m)], _sink.Updates.Where(u => u.Candle.Closed).Select(u => (u.Candle.Time, u.Candle.Volume)));
        await _core.Service.StopAsync();
        await _core.Writer.FlushAsync(Cancel);
        Assert.Empty(
            (await _core.Store.FindSeriesAsync(BtcMinute, Cancel))!.Verified.Intersect(new TimeRange(At(1), long.MaxValue)).Ranges);
    }

    [Theory]
    [InlineData(false)] // An answer that a cache repeats does not go on.
    [InlineData(true)] // What frames told is not taken back by answers.
    public async Task Old_answers_turn_no_time_back(bool goesOn)
    {
        var (hub, feed) = await OpenAsync();
        if (goesOn) feed.OnSnapshot([Candle(0)], At(5));
        feed.OnInterrupted();
        feed.OnPolled(new HistoryPage(new TimeRange(At(0), At(6)), [Candle(0)], At(5, 1)));
        if (goesOn) feed.OnSnapshot([Candle(0)], At(5, 2));

        for (var i = 0; i < 4; i++)
        {
            feed.OnPolled(new HistoryPage(new TimeRange(At(-20), At(1)), [Candle(-20)], goesOn ? At(-20, 15 * i) : At(-20)));
            _core.Time.Advance(TimeSpan.FromSeconds(15));
        }

        Assert.DoesNotContain(_sink.Updates, u => u.Candle.Time == At(0) && !u.Candle.Closed);
        Assert.True(hub.View(1, new Rev(long.MaxValue)).Newest[0].Closed);
    }

    [Fact]
    public async Task A_channel_of_bad_rows_only_stays_live_and_REST_repairs_it_meanwhile()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], At(0, 10));
        feed.OnState(new FeedState(SeriesState.Live));
        _core.Provider.History = (_, range, _) =>
            new HistoryPage(
                range, [.. Enumerable.Range(0, 10).Select(m => Candle(m, volume: 5)).Where(c => range.Contains(c.Time))], At(12));

        for (var minute = 0; minute < 10; minute++)
        {
            feed.OnUnreadable(new TimeRange(At(minute), At(minute + 1)));
            feed.OnExchangeTime(At(minute + 1, 10), At(minute + 1, 10));
            await _core.InTime(SeriesHubTests.WhenAsync(
                () => hub.Status.Gaps.IsEmpty && _sink.Updates.Any(u => u.Candle.Time == At(minute) && u.Candle.Closed)));
        }

        Assert.Equal(SeriesState.Live, hub.Status.Feed.State);
    }

    [Fact]
    public async Task A_time_that_frames_begin_to_tell_makes_no_gap()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnTimeTold(At(0, 10));
        feed.OnSnapshot([Candle(-1), Candle(0)], null);
        _core.Time.Advance(TimeSpan.FromMinutes(20));
        feed.OnCandle(Candle(19), null, 0);
        _core.Time.Advance(TimeSpan.FromMinutes(3));

        feed.OnCandle(Candle(23), At(23, 10), 0);
        feed.OnExchangeTime(At(24, 10), At(24, 10));

        Assert.Empty(hub.Status.Gaps);
        Assert.All(_sink.Statuses, s => Assert.Empty(s.Gaps));
        Assert.True(hub.Latest!.Candle.Closed);
    }

    [Fact]
    public async Task A_candle_of_the_future_in_the_first_poll_of_a_series_is_refused()
    {
        var (hub, feed) = await OpenAsync();

        feed.OnPolled(new HistoryPage(new TimeRange(At(0), At(1441)), [Candle(0), Candle(1440)], At(0, 10)));

        Assert.Equal(1, hub.Lead.ImplausibleCandles);
        Assert.Equal((At(0), false), (hub.Latest!.Candle.Time, hub.Latest.Candle.Closed));
    }

    [Fact]
    public async Task A_candle_may_open_a_minute_ahead_of_exchange_time_and_no_more()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([], At(0));

        feed.OnCandle(Candle(1), At(0, 1), 0);
        feed.OnCandle(Candle(2), At(0, 2), 0);

        Assert.Equal(1, hub.Lead.ImplausibleCandles);
        Assert.Equal(At(1), hub.Latest!.Candle.Time);
    }

    [Fact]
    public async Task The_time_of_a_refused_row_is_a_gap_that_REST_fills()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0), Candle(1) with { Low = -1 }, Candle(2)], At(2, 10));
        Assert.Equal([new TimeRange(At(1), At(2))], hub.Status.Gaps);

        _core.Provider.History = (_, range, _) =>
            new HistoryPage(range, [.. Enumerable.Range(0, 3).Select(m => Candle(m)).Where(c => range.Contains(c.Time))], At(5));
        await _core.InTime(SeriesHubTests.WhenAsync(() => hub.Status.Gaps.IsEmpty));

        Assert.Contains(_sink.Updates, u => u.Candle.Time == At(1));
    }

    [Fact]
    public async Task A_refused_push_is_a_gap_from_its_candles_end_on_and_is_never_saved_as_verified()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], At(0, 10));
        feed.OnCandle(Candle(0) with { Volume = -1 }, At(0, 20), 0);
        Assert.Empty(hub.Status.Gaps);

        feed.OnExchangeTime(At(1, 10), At(1, 10));
        feed.OnExchangeTime(At(2, 10), At(2, 10));

        Assert.Equal([new TimeRange(At(0), At(1))], hub.Status.Gaps);
        await _core.Service.StopAsync();
        await _core.Writer.FlushAsync(Cancel);
        Assert.False((await _core.Store.FindSeriesAsync(BtcMinute, Cancel))!.Verified.Contains(At(0)));
    }

    [Fact]
    public async Task A_row_of_the_year_1970_hides_no_hole_and_makes_nobody_ask_from_there()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], At(0, 10));
        feed.OnInterrupted();
        feed.OnSnapshot([Candle(0) with { Time = 1 }, Candle(300)], At(300, 10));

        Assert.Equal([new TimeRange(At(0), At(300))], hub.Status.Gaps);
        await _core.InTime(SeriesHubTests.WhenAsync(() => _core.Provider.Fetches.Count >= 3));
        Assert.All(_core.Provider.Fetches, f => Assert.True(f.Range.From >= At(-1)));
    }

    [Fact]
    public async Task A_row_that_REST_could_not_give_stays_a_gap()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], At(0, 10));
        feed.OnInterrupted();
        feed.OnSnapshot([Candle(10)], At(10, 10));

        hub.Lead.Merge(new HistoryPage(new TimeRange(At(0), At(10)), [Candle(0), Candle(1), Candle(9)],
            At(12))
        { Unreadable = TimeRangeSet.Of(new TimeRange(At(4), At(5))) });

        Assert.Equal([new TimeRange(At(4), At(5))], hub.Status.Gaps);
    }

    [Fact]
    public async Task A_row_that_cannot_be_read_is_a_gap_from_its_candles_end_on()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], At(0, 10));

        feed.OnUnreadable(new TimeRange(At(0), At(1)));
        feed.OnExchangeTime(At(2, 10), At(2, 10));

        Assert.Equal([new TimeRange(At(0), At(1))], hub.Status.Gaps);
    }

    [Fact]
    public async Task Frames_without_times_are_believed_as_far_as_time_passed_since_the_last_poll()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], null);
        feed.OnInterrupted();
        feed.OnPolled(new HistoryPage(new TimeRange(At(0), At(10)), [Candle(0), Candle(9)], At(9, 30)));
        feed.OnSnapshot([Candle(9)], null);

        for (var minute = 10; minute < 40; minute++)
        {
            _core.Time.Advance(TimeSpan.FromMinutes(1));
            feed.OnCandle(Candle(minute), null, 0);
        }

        Assert.Equal(0, hub.Lead.ImplausibleCandles);
        Assert.Equal(At(39), hub.Latest!.Candle.Time);
        Assert.Equal(Enumerable.Range(9, 30).Select(m => At(m)),
            _sink.Updates.Where(u => u.Candle.Closed).Select(u => u.Candle.Time).Where(t => t >= At(9)).Distinct());
    }

    [Fact]
    public async Task A_candle_far_ahead_without_a_time_needs_another_to_bear_it_out()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], null);
        feed.OnInterrupted();
        feed.OnPolled(new HistoryPage(new TimeRange(At(0), At(1)), [Candle(0)], At(0, 30)));
        feed.OnSnapshot([Candle(0)], null);

        feed.OnCandle(Candle(1440), null, 0);
        for (var i = 0; i < 6; i++) feed.OnCandle(Candle(0, volume: 2 + i), null, 0);
        Assert.Equal(At(0), hub.Latest!.Candle.Time);
        Assert.False(hub.Latest.Candle.Closed);

        feed.OnCandle(Candle(30), null, 0);
        feed.OnCandle(Candle(0, volume: 20), null, 0);
        feed.OnCandle(Candle(30, volume: 2), null, 0);
        Assert.Equal(At(30), hub.Latest!.Candle.Time);
    }

    [Fact]
    public async Task A_wrong_time_closes_nothing_once_a_right_one_came_and_is_not_remembered()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], At(0, 10));
        feed.OnExchangeTime(At(525_600), At(525_600));
        feed.OnExchangeTime(At(525_600, 1), At(525_600, 1));
        Assert.True(hub.Latest!.Candle.Closed);

        feed.OnCandle(Candle(0, volume: 2), At(0, 20), 0);
        Assert.Equal((2m, false), (hub.Latest!.Candle.Volume, hub.Latest.Candle.Closed));
        feed.OnCandle(Candle(1), At(1, 20), 0);
        Assert.False(hub.Latest!.Candle.Closed);

        await _core.Service.StopAsync();
        await _core.Writer.FlushAsync(Cancel);
        Assert.Empty(
            (await _core.Store.FindSeriesAsync(BtcMinute, Cancel))!.Verified.Intersect(new TimeRange(At(0), long.MaxValue)).Ranges);
    }

    [Fact]
    public async Task A_wrong_time_verifies_nothing_far_beyond_what_the_channel_has_brought()
    {
        var (_, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], At(0, 10));

        feed.OnExchangeTime(At(525_600), At(525_600));

        await _core.Service.StopAsync();
        await _core.Writer.FlushAsync(Cancel);
        Assert.Empty(
            (await _core.Store.FindSeriesAsync(BtcMinute, Cancel))!.Verified.Intersect(new TimeRange(At(60), long.MaxValue)).Ranges);
    }

    [Fact]
    public async Task A_new_sockets_time_replaces_the_wrong_one_of_the_old()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], At(525_600));
        feed.OnInterrupted();

        feed.OnSnapshot([Candle(30)], At(30, 10));
        feed.OnCandle(Candle(30, volume: 2), At(30, 20), 0);

        Assert.False(hub.Latest!.Candle.Closed);
        Assert.Equal([new TimeRange(At(0), At(30))], hub.Status.Gaps);
    }

    [Fact]
    public async Task A_wrong_Date_of_one_poll_closes_nothing()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnPolled(new HistoryPage(new TimeRange(At(0), At(1)), [Candle(0)], At(0, 10)));

        feed.OnPolled(new HistoryPage(new TimeRange(At(0), At(525_601)), [Candle(0, volume: 2)], At(525_600)));

        Assert.Equal((2m, false), (hub.Latest!.Candle.Volume, hub.Latest.Candle.Closed));
        Assert.Empty(hub.Status.Gaps);
    }

    [Fact]
    public async Task After_a_restart_nothing_is_known_beyond_exchange_time()
    {
        await _core.Store.SaveAsync(
            new StoreBatch(
                [new StoredCandle(BtcMinute, Candle(0) with { Closed = true, Rev = new Rev(1) })],
                [new SeriesChange(BtcMinute, TimeRangeSet.Of(new TimeRange(At(-5), At(525_600))), TimeRangeSet.Empty)]),
            Cancel);
        var (hub, feed) = await OpenAsync();

        feed.OnSnapshot([Candle(30)], At(30, 10));
        feed.OnInterrupted();
        feed.OnSnapshot([Candle(40)], At(40, 10));

        Assert.Equal([new TimeRange(At(30), At(40))], hub.Status.Gaps);
    }

    [Fact]
    public async Task A_candle_of_REST_behind_the_running_one_closes_it_no_earlier_than_its_end()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnSnapshot([Candle(0)], At(0, 50));
        feed.OnState(new FeedState(SeriesState.Live));

        hub.Lead.Merge(new HistoryPage(new TimeRange(At(0), At(2)), [Candle(1)], At(1, 2)));
        feed.OnCandle(Candle(0, volume: 3), At(0, 58), 0);
        Assert.DoesNotContain(_sink.Updates, u => u.Candle.Closed);

        feed.OnExchangeTime(At(1), At(1));
        Assert.Equal(3, Assert.Single(_sink.Updates, u => u.Candle.Closed).Candle.Volume);
    }

    [Fact]
    public void The_first_time_that_a_series_hears_has_not_gone_back()
    {
        var log = new KeptLog<SeriesHub>();
        IFeedListener feed =
            new SeriesHub(BtcMinute, new StreamingOptions(), _core.Archive, null!, new RevCounter(_core.Time), _core.Time, log).Lead;

        feed.OnExchangeTime(At(0), At(0));
        feed.OnSnapshot([Candle(0)], At(0, 10));

        Assert.DoesNotContain(log.Lines, l => l.Contains("went back", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("1W", false)]
    [InlineData("1M", false)]
    [InlineData("1W", true)]
    public void A_week_or_month_that_starts_elsewhere_is_published_and_logged(string timeframe, bool isExpected)
    {
        var log = new KeptLog<SeriesHub>();
        var series = SeriesKey.Parse($"BTCUSD:{timeframe}");
        var hub = new SeriesHub(series, new StreamingOptions(), _core.Archive, null!, new RevCounter(_core.Time), _core.Time, log);
        var start = series.Timeframe.StartOf(Noon) + (isExpected ? 0 : 86_400_000);

        ((IFeedListener)hub.Lead).OnSnapshot([Candle(0) with { Time = start }], start + 1000);

        Assert.Equal(start, hub.Latest!.Candle.Time);
        Assert.Equal(isExpected ? 0 : 1, log.Lines.Count(l => l.Contains("where one is expected", StringComparison.Ordinal)));
    }

    public ValueTask DisposeAsync() => _core.DisposeAsync();

    private async Task<(SeriesHub Hub, IFeedListener Feed)> OpenAsync()
    {
        var hub = _core.Service.Open(BtcMinute).Hub;
        hub.Attach(_sink);
        return (hub, await _core.Provider.WhenFollowedAsync(BtcMinute));
    }
}
