using CandleStream.Providers;
using CandleStream.Storage;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Streaming;

public sealed class CandleHistoryTests : IAsyncDisposable
{
    private readonly CoreUnderTest _core = new();

    // The exchange has a candle in every third minute from a day before noon on.
    public CandleHistoryTests() => _core.Provider.History = (_, range, _) =>
        new HistoryPage(range, [.. Exchange(range).Take(10_000)], At(9));

    [Fact]
    public async Task The_newest_candles_come_with_the_forming_one_last()
    {
        var (_, feed) = await CandleStreamServiceTests.LiveAsync(_core);
        feed.OnCandle(Candle(1), At(1, 1), 0);

        var answer = await AskAsync(start: null, end: null, limit: 2);

        Assert.Equal([(At(0), true), (At(1), false)], answer.Candles.Select(c => (c.Time, c.Closed)));
        Assert.Equal(At(0) - 1, answer.Next);
    }

    [Fact]
    public async Task A_stored_candle_ahead_of_exchange_time_is_in_no_answer_no_snapshot_and_no_change()
    {
        Candle[] stored =
            [Candle(-1) with { Closed = true, Rev = new Rev(1) }, Candle(1440) with { Closed = true, Rev = new Rev(long.MaxValue >> 12) }];
        var series = new SeriesChange(BtcMinute, TimeRangeSet.Of(new TimeRange(At(-1), At(1441))), TimeRangeSet.Empty, new Rev(1), At(-1));
        await _core.Store.SaveAsync(new StoreBatch([.. stored.Select(c => new StoredCandle(BtcMinute, c))], [series]), Cancel);
        var (hub, _) = await CandleStreamServiceTests.LiveAsync(_core);

        var answer = await AskAsync(start: null, end: null, limit: 5);
        var late = await AskAsync(start: At(-1), end: At(2000), limit: 5);
        var join = await _core.InTime(_core.Joiner.JoinAsync(hub, new JoinRequest(null, false, 5, true), Cancel));

        Assert.Equal(At(0), answer.Candles[^1].Time);
        Assert.Equal(At(0), late.Candles[^1].Time);
        Assert.Equal(At(0), join.Snapshot[^1].Time);
        Assert.DoesNotContain((await hub.ChangesSinceAsync(
            hub.View(0, Rev.None).CompleteFrom, hub.View(0, Rev.None).CompleteFrom, 100, Cancel))!.Candles, c => c.Time > At(0));
    }

    [Fact]
    public async Task History_that_is_not_held_is_fetched_once_and_kept()
    {
        await CandleStreamServiceTests.LiveAsync(_core);

        var first = await AskAsync(At(-300), At(-1), 1000);
        var second = await AskAsync(At(-300), At(-1), 1000);

        Assert.Equal(100, first.Candles.Count);
        Assert.Equal(first.Candles, second.Candles);
        Assert.Empty(first.Gaps);
        Assert.Null(first.Next);
        Assert.Single(_core.Provider.Fetches, f => f.Purpose == FetchPurpose.History);
        Assert.All(first.Candles, c => Assert.Equal((c.Time + Minute) * 1000, c.Rev.Value));
    }

    [Fact]
    public async Task What_changes_while_history_is_fetched_is_newer_than_the_answers_asof()
    {
        var (hub, feed) = await CandleStreamServiceTests.LiveAsync(_core);
        var fetch = _core.Provider.History;
        _core.Provider.History = (series, range, purpose) =>
        {
            feed.OnCandle(Candle(1), At(1, 1), 0);
            return fetch(series, range, purpose);
        };

        var answer = await AskAsync(At(-300), At(-1), 1000);

        Assert.Contains(hub.View(0, answer.AsOf).Changed, c => c.Time == At(1));
    }

    [Fact]
    public async Task Many_clients_that_ask_for_the_same_history_make_one_flight()
    {
        await CandleStreamServiceTests.LiveAsync(_core);

        var query = new HistoryQuery(BtcMinute, At(-300), At(-1), 1000, false, null);
        // Nothing here waits for the clock, which therefore stands: moved on, it would end the clients' wait while the threads are still
        // being made.
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => _core.History.QueryAsync(query, Cancel))));

        Assert.All(answers, a => Assert.Equal(100, a.Candles.Count));
        Assert.Single(_core.Provider.Fetches, f => f.Purpose == FetchPurpose.History);
    }

    [Fact]
    public async Task An_empty_stretch_is_not_asked_for_twice()
    {
        await CandleStreamServiceTests.LiveAsync(_core);
        _core.Provider.History = (_, range, _) => new HistoryPage(range, [], At(9));

        await AskAsync(At(-300), At(-1), 1000);
        var answer = await AskAsync(At(-300), At(-1), 1000);

        Assert.Empty(answer.Candles);
        Assert.Empty(answer.Gaps);
        Assert.Single(_core.Provider.Fetches, f => f.Purpose == FetchPurpose.History);
    }

    [Fact]
    public async Task What_the_exchange_does_not_give_is_named_and_not_waited_for_for_ever()
    {
        await CandleStreamServiceTests.LiveAsync(_core);
        _core.Provider.History = (_, _, _) => throw new CandleProviderException("unreachable");

        var answer = await AskAsync(At(-300), At(-1), 1000);

        Assert.Equal([new TimeRange(At(-300), At(0))], answer.Gaps);
        Assert.Empty(answer.Candles);
    }

    [Fact]
    public async Task With_a_start_the_oldest_candles_come_and_next_continues()
    {
        await CandleStreamServiceTests.LiveAsync(_core);
        var all = new List<Candle>();
        long? start = At(-300);
        while (start is not null)
        {
            var page = await AskAsync(start, At(-1), 7);
            all.AddRange(page.Candles);
            start = page.Next;
        }

        Assert.Equal(Exchange(new TimeRange(At(-300), At(0))).Select(c => c.Time), all.Select(c => c.Time));
    }

    [Fact]
    public async Task Without_a_start_paging_by_end_walks_back_without_hole_or_repeat()
    {
        await CandleStreamServiceTests.LiveAsync(_core);
        var all = new List<Candle>();
        long? end = At(-1);
        while (all.Count < 100)
        {
            var page = await AskAsync(null, end, 7);
            all.InsertRange(0, page.Candles);
            end = page.Next;
        }

        Assert.Equal(Exchange(new TimeRange(all[0].Time, At(0))).Select(c => c.Time), all.Select(c => c.Time));
    }

    [Fact]
    public async Task Descending_order_turns_the_answer_round()
    {
        await CandleStreamServiceTests.LiveAsync(_core);

        var answer = await _core.History.QueryAsync(new HistoryQuery(BtcMinute, At(-30), At(-1), 5, true, null), Cancel);

        Assert.Equal(Exchange(new TimeRange(At(-30), At(0))).Take(5).Select(c => c.Time).Reverse(), answer.Candles.Select(c => c.Time));
    }

    [Fact]
    public async Task Since_answers_exactly_what_changed()
    {
        var (_, feed) = await CandleStreamServiceTests.LiveAsync(_core);
        feed.OnCandle(Candle(1), At(1, 1), 0);
        var asOf = (await AskAsync(null, null, 10)).AsOf;
        feed.OnCandle(Candle(1, volume: 2), At(1, 2), 0);
        feed.OnCandle(Candle(2), At(2, 2), 0);

        var answer = await _core.History.QueryAsync(new HistoryQuery(BtcMinute, null, null, 500, false, asOf), Cancel);

        Assert.Equal([(At(1), true), (At(2), false)], answer.Candles.Select(c => (c.Time, c.Closed)));
        Assert.False(answer.Reset);
    }

    [Fact]
    public async Task Since_of_a_client_that_takes_the_overlap_off_its_first_number_is_no_reset()
    {
        await CandleStreamServiceTests.LiveAsync(_core);
        var first = (await AskAsync(null, null, 10)).AsOf;

        var answer =
            await _core.History.QueryAsync(new HistoryQuery(BtcMinute, null, null, 500, false, first.Less(SeriesJoiner.Overlap)), Cancel);

        Assert.False(answer.Reset);
    }

    [Fact]
    public async Task Only_the_first_question_waits_for_an_exchange_that_stays_away()
    {
        var series = _core.Service.Touch(BtcMinute);
        await _core.Provider.WhenFollowedAsync(BtcMinute);
        _core.Time.Advance(_core.Options.FirstDataWait);

        // No time passes any more: a wait would not end.
        var answer =
            await _core.History.QueryAsync(new HistoryQuery(BtcMinute, null, null, 500, false, _core.Service.Revs.Current), Cancel);

        Assert.Empty(answer.Candles);
        Assert.False(((SeriesHub)series).Lead.HasMerged);
    }

    [Fact]
    public async Task Since_from_before_what_is_held_is_a_reset()
    {
        await CandleStreamServiceTests.LiveAsync(_core);

        var answer = await _core.History.QueryAsync(new HistoryQuery(BtcMinute, null, null, 500, false, new Rev(17)), Cancel);

        Assert.True(answer.Reset);
        Assert.Contains(answer.Candles, c => c.Time == At(0));
    }

    [Fact]
    public async Task Times_before_the_exchange_existed_are_not_asked_for()
    {
        await CandleStreamServiceTests.LiveAsync(_core);

        var answer = await AskAsync(0, CandleHistory.FirstTime - 1, 100);

        Assert.Empty(answer.Candles);
        Assert.Empty(answer.Gaps);
        Assert.Empty(_core.Provider.Fetches);
    }

    [Fact]
    public async Task What_was_fetched_before_a_page_failed_is_no_gap()
    {
        await CandleStreamServiceTests.LiveAsync(_core);
        _core.Provider.History = (_, range, _) => range.From < At(-100)
            ? new HistoryPage(range with { To = At(-100) }, [.. Exchange(range with { To = At(-100) })], At(9))
            : throw new CandleProviderException("unreachable");

        var answer = await AskAsync(At(-300), At(-1), 1000);

        Assert.Equal([new TimeRange(At(-100), At(0))], answer.Gaps);
        Assert.Equal(Exchange(new TimeRange(At(-300), At(-100))).Select(c => c.Time), answer.Candles.Select(c => c.Time));
    }

    [Fact]
    public async Task A_range_in_the_future_is_empty_and_no_gap()
    {
        await CandleStreamServiceTests.LiveAsync(_core);

        var answer = await AskAsync(At(1000), At(2000), 100);

        Assert.Empty(answer.Candles);
        Assert.Empty(answer.Gaps);
        Assert.Null(answer.Next);
        Assert.Empty(_core.Provider.Fetches);
    }

    public ValueTask DisposeAsync() => _core.DisposeAsync();

    private static IEnumerable<Candle> Exchange(TimeRange range) =>
        Enumerable.Range(-1440, 1440).Where(m => m % 3 == 0).Select(m => Candle(m)).Where(c => range.Contains(c.Time));

    private Task<HistoryAnswer> AskAsync(long? start, long? end, int limit) =>
        _core.History.QueryAsync(new HistoryQuery(BtcMinute, start, end, limit, false, null), Cancel);
}
