using CandleStream.Providers;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Streaming;

/// <summary>The repair of a series goes on, whatever comes back.</summary>
public sealed class GapRepairTests : IAsyncDisposable
{
    private readonly CoreUnderTest _core = new();

    [Fact]
    public async Task Repair_outlives_an_answer_that_nobody_foresaw()
    {
        var hub = await OpenWithGapAsync();
        _core.Provider.History = (_, _, _) => throw new InvalidDataException("what nobody foresaw");
        await _core.InTime(SeriesHubTests.WhenAsync(() => _core.Provider.Fetches.Count >= 3));
        Assert.NotEmpty(hub.Status.Gaps);

        _core.Provider.History = (_, range, _) =>
            new HistoryPage(range, [.. Enumerable.Range(0, 10).Select(m => Candle(m)).Where(c => range.Contains(c.Time))], At(12));
        await _core.InTime(SeriesHubTests.WhenAsync(() => hub.Status.Gaps.IsEmpty));
    }

    [Fact]
    public async Task A_series_that_the_exchange_refuses_is_asked_for_every_ten_minutes_and_not_given_up()
    {
        var hub = await OpenWithGapAsync();
        var asked = new List<DateTimeOffset>();
        _core.Provider.History = (_, _, _) =>
        {
            asked.Add(_core.Time.GetUtcNow());
            throw new CandleProviderException("symbol: invalid", isRefusal: true);
        };
        await _core.InTime(SeriesHubTests.WhenAsync(() => asked.Count >= 4));

        // The first question may have been asked before this answer was set.
        Assert.All(asked.Skip(2).Zip(asked.Skip(1)),
            pair => Assert.True(pair.First - pair.Second >= TimeSpan.FromMinutes(10), $"{pair.First - pair.Second}"));
        Assert.NotEmpty(hub.Status.Gaps);
    }

    [Fact]
    public async Task A_range_whose_answer_stays_unusable_does_not_starve_older_ones()
    {
        var hub = await OpenWithGapAsync();
        var feed = _core.Provider.Feed(BtcMinute);
        feed.OnExchangeTime(At(11, 10), At(11, 10));
        feed.OnInterrupted();
        feed.OnSnapshot([Candle(20)], At(20, 10));
        Assert.Equal(2, hub.Status.Gaps.Length);

        // Of the newest gap nothing can be said, as of before it.
        _core.Provider.History = (_, range, _) => range.To > At(11)
            ? new HistoryPage(range, [], At(5))
            : new HistoryPage(range, [.. Enumerable.Range(0, 11).Select(m => Candle(m)).Where(c => range.Contains(c.Time))], At(20));
        await _core.InTime(SeriesHubTests.WhenAsync(() => hub.Status.Gaps.Length == 1));

        Assert.Equal(new TimeRange(At(11), At(20)), hub.Status.Gaps[0]);
    }

    [Fact]
    public async Task A_call_that_fails_for_one_range_leaves_the_next_to_the_others()
    {
        var hub = await OpenWithGapAsync();
        var feed = _core.Provider.Feed(BtcMinute);
        feed.OnExchangeTime(At(11, 10), At(11, 10));
        feed.OnInterrupted();
        feed.OnSnapshot([Candle(20)], At(20, 10));
        _core.Provider.History = (_, range, _) => range.To > At(11)
            ? throw new CandleProviderException("the answer cannot be read")
            : new HistoryPage(range, [.. Enumerable.Range(0, 11).Select(m => Candle(m)).Where(c => range.Contains(c.Time))], At(20));

        await _core.InTime(SeriesHubTests.WhenAsync(() => hub.Status.Gaps.Length == 1));
    }

    [Fact]
    public async Task A_row_that_stays_bad_for_ever_is_asked_for_less_and_less_often()
    {
        var hub = await OpenWithGapAsync();
        _core.Provider.History = (_, range, _) =>
            new HistoryPage(range, [.. Enumerable.Range(0, 11).Select(m => m == 5 ? Candle(m) with { Low = -1 } : Candle(m))
                .Where(c => range.Contains(c.Time))], At(12));
        await _core.InTime(SeriesHubTests.WhenAsync(() => hub.Status.Gaps is [{ From: var from }] && from == At(5)));
        var asked = _core.Provider.Fetches.Count;
        var began = _core.Time.GetUtcNow();

        await _core.InTime(SeriesHubTests.WhenAsync(() => _core.Provider.Fetches.Count >= asked + 9));

        Assert.True(_core.Time.GetUtcNow() - began > TimeSpan.FromMinutes(30), $"{_core.Time.GetUtcNow() - began}");
        Assert.Equal([new TimeRange(At(5), At(6))], hub.Status.Gaps);
    }

    [Fact]
    public async Task A_gap_is_asked_for_with_the_candles_around_it_so_that_one_answer_can_prove_it()
    {
        await OpenWithGapAsync();

        await _core.InTime(SeriesHubTests.WhenAsync(() => !_core.Provider.Fetches.IsEmpty));

        Assert.Equal(new TimeRange(At(-1), At(11)), _core.Provider.Fetches.First().Range);
    }

    public ValueTask DisposeAsync() => _core.DisposeAsync();

    private async Task<SeriesHub> OpenWithGapAsync()
    {
        var hub = _core.Service.Open(BtcMinute).Hub;
        var feed = await _core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnSnapshot([Candle(0)], At(0, 10));
        feed.OnInterrupted();
        feed.OnSnapshot([Candle(10)], At(10, 10));
        return hub;
    }
}
