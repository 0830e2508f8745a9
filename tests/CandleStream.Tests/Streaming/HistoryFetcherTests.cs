using System.Diagnostics.Metrics;
using CandleStream.Providers;
using CandleStream.Server.Operations;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Streaming;

/// <summary>Candles of a history answer are judged as those of the stream are, and what goes wrong on the way is said.</summary>
public sealed class HistoryFetcherTests
{
    [Fact]
    public async Task An_impossible_candle_of_history_is_counted_logged_and_not_stored()
    {
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        var meters = services.GetRequiredService<IMeterFactory>();
        using var listener = new MeterListener();
        long counted = 0;
        listener.InstrumentPublished = (instrument, l) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name == "candlestream.candles.implausible")
                l.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref counted, value));
        listener.Start();
        await using var core = new CoreUnderTest();
        // Low above open; opened between two minutes.
        Candle[] impossible = [Candle(-20) with { Low = 500 }, Candle(-10) with { Time = At(-10, 1) }];
        core.Provider.History = (_, range, _) => new HistoryPage(range, [Candle(-30), .. impossible], At(10));
        var log = new KeptLog<HistoryFill>();
        await using var fetcher =
            new HistoryFill(core.Provider, core.Archive, core.Service.Revs, core.Time, log, new StreamingMetrics(meters));

        Assert.True(await fetcher.FetchAsync(
            BtcMinute, TimeRangeSet.Of(new TimeRange(At(-30), At(0))), () => null, At(10), TimeSpan.FromMinutes(1), Cancel));

        Assert.Equal([At(-30)], core.Store.Rows(BtcMinute).Select(c => c.Time));
        Assert.Equal(2, counted);
        Assert.Contains("the exchange sent an impossible candle", Assert.Single(log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_candle_whose_own_end_has_not_passed_by_a_minute_is_not_stored_as_closed()
    {
        // Weeks that begin on Thursdays: the one of 2024-05-02 runs until the 9th, though our Monday of the 6th has passed.
        var week = Timeframe.Parse("1W");
        var thursday = new DateTimeOffset(2024, 5, 2, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        var before = thursday - week.LengthMs;
        var page = new HistoryPage(new TimeRange(week.StartOf(before), thursday + week.LengthMs),
            [Candle(0) with { Time = before }, Candle(0) with { Time = thursday }], thursday + (5 * 86_400_000L));

        var (candles, verified) = HistoryFill.Trusted(week, page);

        Assert.Equal([before], candles.Select(c => c.Time));
        Assert.False(verified.Contains(thursday));
    }

    [Fact]
    public void The_time_of_a_row_that_was_refused_is_not_verified()
    {
        var page = new HistoryPage(new TimeRange(At(0), At(10)), [Candle(1), Candle(2) with { Low = -1 }, Candle(3)], At(20))
        {
            Unreadable = TimeRangeSet.Of(new TimeRange(At(5), At(6))),
        };

        var (candles, verified) = HistoryFill.Trusted(BtcMinute.Timeframe, page);

        Assert.Equal([At(1), At(3)], candles.Select(c => c.Time));
        Assert.Equal([new TimeRange(At(0), At(2)), new TimeRange(At(3), At(5)), new TimeRange(At(6), At(10))], verified.Ranges);
    }

    [Theory]
    [InlineData(true)] // By what an open series knows.
    [InlineData(false)] // The first Date of all counts as far as rows do.
    public async Task A_wrong_Date_makes_no_history_of_the_running_candle(bool isTimeKnown)
    {
        await using var core = new CoreUnderTest();
        var date = At(525_600);
        core.Provider.History = (_, range, _) =>
            new HistoryPage(range, [.. Enumerable.Range(-30, 31).Select(m => Candle(m)).Where(c => range.Contains(c.Time))], date);
        await FetchAsync();

        Assert.Contains(At(-5), core.Store.Rows(BtcMinute).Select(c => c.Time));
        Assert.DoesNotContain(At(0), core.Store.Rows(BtcMinute).Select(c => c.Time));
        Assert.False((await core.Store.FindSeriesAsync(BtcMinute, Cancel))!.Verified.Contains(At(0)));

        date = At(2, 10);
        core.Time.Advance(TimeSpan.FromMinutes(2));
        await FetchAsync();
        Assert.Contains(At(0), core.Store.Rows(BtcMinute).Select(c => c.Time));

        Task FetchAsync() => core.Fetcher.FetchAsync(
            BtcMinute, TimeRangeSet.Of(new TimeRange(At(-30), At(1))), () => null, isTimeKnown
                ? At(0, 30)
                : null, TimeSpan.FromMinutes(1), Cancel);
    }

    [Fact]
    public async Task A_bad_row_of_history_is_asked_for_later_and_later_however_often_somebody_asks()
    {
        await using var core = new CoreUnderTest();
        core.Provider.History = (_, range, _) =>
            new HistoryPage(range, [Candle(-30)], At(5)) { Unreadable = TimeRangeSet.Of(new TimeRange(At(-20), At(-19))).Intersect(range) };

        await AskAsync(calls: 1);
        await AskAsync(calls: 1);
        core.Time.Advance(TimeSpan.FromSeconds(5));
        await AskAsync(calls: 2);
        core.Time.Advance(TimeSpan.FromSeconds(5));
        await AskAsync(calls: 2);
        core.Time.Advance(TimeSpan.FromSeconds(5));
        await AskAsync(calls: 3);
        Assert.Equal(new TimeRange(At(-20), At(-19)), core.Provider.Fetches.Last().Range);

        async Task AskAsync(int calls)
        {
            await core.Fetcher.FetchAsync(
                BtcMinute, TimeRangeSet.Of(new TimeRange(At(-30), At(0))), () => null, At(5), TimeSpan.FromMinutes(1), Cancel);
            Assert.Equal(calls, core.Provider.Fetches.Count);
        }
    }

    [Fact]
    public async Task A_mistake_of_ours_is_logged_and_the_next_question_tries_again()
    {
        await using var core = new CoreUnderTest();
        core.Provider.History = (_, range, _) => new HistoryPage(range, [Candle(-30)], At(10));
        var log = new KeptLog<HistoryFill>();
        await using var fetcher = new HistoryFill(core.Provider, core.Archive, core.Service.Revs, core.Time, log);
        core.Store.Bug = new InvalidOperationException("a mistake");

        Assert.False(await fetcher.FetchAsync(
            BtcMinute, TimeRangeSet.Of(new TimeRange(At(-30), At(0))), () => null, At(10), TimeSpan.FromMinutes(1), Cancel));
        core.Store.Bug = null;
        Assert.True(await fetcher.FetchAsync(
            BtcMinute, TimeRangeSet.Of(new TimeRange(At(-30), At(0))), () => null, At(10), TimeSpan.FromMinutes(1), Cancel));

        Assert.Contains("because of a bug", Assert.Single(log.Lines), StringComparison.Ordinal);
        Assert.Single(core.Store.Rows(BtcMinute));
    }
}
