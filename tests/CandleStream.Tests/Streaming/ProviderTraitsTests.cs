using CandleStream.Providers;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Streaming;

/// <summary>What exchanges differ in and a provider can say: a scripted provider of each trait.</summary>
public sealed class ProviderTraitsTests : IAsyncDisposable
{
    private readonly CoreUnderTest _core = new();
    private readonly RecordingSink _sink = new();

    [Theory]
    [InlineData(105)]
    [InlineData(100)] // The same values again: only the mark is new.
    public async Task A_candle_that_the_exchange_closes_is_closed_at_once(int close)
    {
        var (hub, feed) = await OpenAsync();

        feed.OnCandle(Candle(0, close) with { Closed = true }, At(0, 59), 0);

        var update = Assert.Single(_sink.Updates);
        Assert.Equal((At(0), close, true), (update.Candle.Time, update.Candle.Close, update.Candle.Closed));
        Assert.True(hub.Latest!.Candle.Closed);
    }

    [Fact]
    public async Task What_the_exchange_closes_first_shown_closes_all_before_it()
    {
        var (_, feed) = await OpenAsync();

        feed.OnCandle(Candle(1) with { Closed = true }, At(0, 59), 0);
        feed.OnCandle(Candle(2), At(2, 1), 0);

        Assert.Equal([(At(0), true), (At(1), true), (At(2), false)], _sink.Updates.Select(u => (u.Candle.Time, u.Candle.Closed)));
    }

    [Fact]
    public async Task An_interval_that_is_shown_to_be_empty_is_no_gap_and_is_not_asked_for()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnInterrupted();
        feed.OnSnapshot([Candle(10)], At(10, 10));
        Assert.Equal([new TimeRange(At(0), At(10))], hub.Status.Gaps);

        feed.OnEmpty(new TimeRange(At(1), At(10)));

        Assert.Equal([new TimeRange(At(0), At(1))], hub.Status.Gaps);
        Assert.True(hub.Lead.Verified.ContainsAll(new TimeRange(At(1), At(10))));
    }

    [Fact]
    public async Task A_candle_that_is_not_whole_is_a_gap_and_is_closed_by_what_is_fetched_and_not_by_a_later_one()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnCandle(Candle(1, 105), At(1, 30), 0);
        _core.Provider.History = (_, range, _) => new HistoryPage(range, [Candle(0), Candle(1, 107), Candle(2)], At(2, 20));

        feed.OnIncomplete(new TimeRange(At(1), At(2)));
        feed.OnCandle(Candle(2), At(2, 1), 0);
        Assert.DoesNotContain(_sink.Updates, u => u.Candle.Time == At(1) && u.Candle.Closed);
        await _core.InTime(SeriesHubTests.WhenAsync(() => _sink.Updates.Any(u => u.Candle.Time == At(1) && u.Candle.Closed)));

        Assert.Equal(107, _sink.Updates.Last(u => u.Candle.Time == At(1)).Candle.Close);
        Assert.Contains(_sink.Statuses, s => s.Gaps.Contains(new TimeRange(At(1), At(2))));
        Assert.Equal([At(0), At(1), At(2)], hub.View(10, Rev.None).Newest.Select(c => c.Time));
    }

    [Fact]
    public async Task Of_a_candle_that_still_runs_nothing_is_shown_to_be_empty()
    {
        var (hub, feed) = await OpenAsync();

        feed.OnEmpty(new TimeRange(At(0), At(5)));

        Assert.False(hub.Lead.Verified.Contains(At(0)));
    }

    [Fact]
    public async Task A_socket_that_takes_over_from_one_that_ends_as_planned_leaves_no_gap()
    {
        var (hub, feed) = await OpenAsync();
        feed.OnCandle(Candle(1), At(1, 30), 0);

        feed.OnSnapshot([Candle(0), Candle(1), Candle(2)], At(2, 10));

        Assert.Empty(hub.Status.Gaps);
        Assert.All(_sink.Statuses, s => Assert.Empty(s.Gaps));
        Assert.Equal(At(2), hub.Latest!.Candle.Time);
    }

    [Fact]
    public async Task Without_a_snapshot_the_history_that_was_fetched_is_one_also_without_exchange_time()
    {
        var hub = _core.Service.Open(BtcMinute).Hub;
        var feed = await _core.Provider.WhenFollowedAsync(BtcMinute);

        feed.OnSnapshot([Candle(0), Candle(1)], exchangeTime: null);
        feed.OnCandle(Candle(2), null, 0);

        Assert.Equal([At(0), At(1), At(2)], hub.View(10, Rev.None).Newest.Select(c => c.Time));
        Assert.Empty(hub.Status.Gaps);
    }

    [Fact]
    public async Task What_the_exchange_does_not_keep_is_neither_empty_nor_asked_for_again()
    {
        _core.Provider.History = (_, range, _) => new HistoryPage(range, [Candle(-10)], At(20)) { NothingBefore = At(-20) };
        await OpenAsync();
        var first = await AskAsync();
        var asked = _core.Provider.Fetches.Count;

        var second = await AskAsync();

        Assert.Equal(asked, _core.Provider.Fetches.Count);
        Assert.Contains(new TimeRange(At(-40), At(-20)), first.Gaps);
        Assert.Contains(new TimeRange(At(-40), At(-20)), second.Gaps);
        Assert.Equal([At(-10)], second.Candles.Select(c => c.Time));
    }

    [Fact]
    public async Task A_client_that_pages_back_ends_where_the_exchange_keeps_no_more_and_is_told_so()
    {
        _core.Provider.History = (_, range, _) => new HistoryPage(range, [Candle(-10)], At(20)) { NothingBefore = At(-20) };
        await OpenAsync();

        var answer = await _core.InTime(
            _core.History.QueryAsync(new HistoryQuery(BtcMinute, null, At(-5), 100, false, null), Cancel));

        Assert.Equal((At(-20), null), (answer.Oldest, answer.Next));
        Assert.Empty(answer.Gaps);
        Assert.Equal([At(-10)], answer.Candles.Select(c => c.Time));
    }

    [Fact]
    public async Task A_gap_that_the_exchange_does_not_keep_is_repaired_as_far_as_it_does()
    {
        var (hub, feed) = await OpenAsync();
        _core.Provider.History = (_, range, _) => new HistoryPage(range, [Candle(0), Candle(7)], At(20)) { NothingBefore = At(5) };
        feed.OnInterrupted();

        feed.OnSnapshot([Candle(10)], At(10, 10));
        await _core.InTime(SeriesHubTests.WhenAsync(() => hub.View(100, Rev.None).Newest.Any(c => c.Time == At(7))));

        Assert.Empty(hub.Status.Gaps);
        Assert.False(hub.Lead.Known.Contains(At(3)));
    }

    public ValueTask DisposeAsync() => _core.DisposeAsync();

    private Task<HistoryAnswer> AskAsync() =>
        _core.InTime(_core.History.QueryAsync(new HistoryQuery(BtcMinute, At(-40), At(-5), 100, false, null), Cancel));

    private async Task<(SeriesHub Hub, IFeedListener Feed)> OpenAsync()
    {
        var (hub, feed) = await CandleStreamServiceTests.LiveAsync(_core);
        hub.Attach(_sink);
        return (hub, feed);
    }
}
