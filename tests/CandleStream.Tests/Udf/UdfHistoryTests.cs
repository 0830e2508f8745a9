using CandleStream.Providers;
using CandleStream.Server.Doors;
using CandleStream.Server.Symbols;
using CandleStream.Server.Udf;
using CandleStream.Streaming;
using CandleStream.Tests.Streaming;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Udf;

/// <summary>What a chart is answered where something is missing.</summary>
public sealed class UdfHistoryTests : IAsyncDisposable
{
    private readonly CoreUnderTest _core = new();
    private readonly CandleDoor _door;

    public UdfHistoryTests() => _door = new CandleDoor(_core.Service, _core.History, _core.Joiner, _core.Provider, new NoSymbols());

    public ValueTask DisposeAsync() => _core.DisposeAsync();

    [Fact]
    public async Task Around_a_named_gap_the_bars_are_answered_and_the_first_one_behind_it_is_marked()
    {
        await OpenWithGapAsync();
        var answer = await _core.InTime(new UdfHistory(_door).ReadAsync(new UdfBarsQuery(BtcMinute, At(0), At(13), null), Cancel));
        Assert.Null(answer.Trouble);
        Assert.Equal([At(0), At(1), At(10), At(11)], answer.Bars.Select(b => b.Time));

        var history = await _core.InTime(_door.ReadAsync(new HistoryQuery(BtcMinute, At(0), At(12), 100, Descending: false, null), Cancel));
        var mark = Assert.Single(UdfMarks.Of(history.History, At(0)));
        Assert.Equal(At(10) / 1000, mark.Time);
        Assert.Contains("from 2024-05-01 12:00 to 2024-05-01 12:10", mark.Text, StringComparison.Ordinal);
        Assert.Empty(UdfMarks.Of(history.History, At(11)));
    }

    [Fact]
    public async Task A_stretch_that_was_never_verified_is_an_error_and_not_an_empty_one()
    {
        await OpenWithGapAsync();
        foreach (var query in (UdfBarsQuery[])[
            new(BtcMinute, At(-10), At(2), null), new(BtcMinute, At(0), At(12), 100), new(BtcMinute, At(-20), At(-10), null)])
        {
            var answer = await _core.InTime(new UdfHistory(_door).ReadAsync(query, Cancel));
            Assert.NotNull(answer.Trouble);
            Assert.Empty(answer.Bars);
        }
    }

    [Fact]
    public async Task A_bar_older_than_a_hundred_silent_days_is_found()
    {
        const int day = 24 * 60;
        _core.Provider.History = (_, range, _) =>
            new HistoryPage(range, [.. new[] { Candle(-100 * day), Candle(0), Candle(1) }.Where(c => range.Contains(c.Time))], At(60));
        await OpenAsync();
        var answer = await _core.InTime(new UdfHistory(_door).ReadAsync(new UdfBarsQuery(BtcMinute, At(-100), At(-50), 1), Cancel));
        Assert.Equal([At(-100 * day)], answer.Bars.Select(b => b.Time));
        var named = await _core.InTime(new UdfHistory(_door).ReadAsync(new UdfBarsQuery(BtcMinute, At(-100), At(-50), null), Cancel));
        Assert.Equal((0, At(-100 * day)), (named.Bars.Count, named.Older));
    }

    private async Task<IFeedListener> OpenAsync()
    {
        _core.Service.Open(BtcMinute);
        var feed = await _core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnState(new FeedState(SeriesState.Live));
        feed.OnSnapshot([Candle(0)], At(0, 1));
        feed.OnCandle(Candle(1), At(1, 1), 0);
        return feed;
    }

    // Followed from the first minute on, interrupted in the second, and back in the tenth; the exchange's REST interface does not answer.
    private async Task OpenWithGapAsync()
    {
        var feed = await OpenAsync();
        feed.OnInterrupted();
        feed.OnSnapshot([Candle(10)], At(10, 1));
        feed.OnCandle(Candle(11), At(11, 1), 0);
        feed.OnExchangeTime(At(12, 30), At(12, 30));
        Assert.True(_core.Service.TryFind(BtcMinute, out var hub));
        await _core.InTime(SeriesHubTests.WhenAsync(() => hub.Latest?.Candle.Time == At(11)));
    }

    private sealed class NoSymbols : ISymbolDirectory
    {
        public IReadOnlyList<string> Symbols => [];

        public SymbolCheck Check(string symbol) => new(SymbolStanding.NotKnownYet, []);
    }
}
