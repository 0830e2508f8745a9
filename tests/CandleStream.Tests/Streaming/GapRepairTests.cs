using CandleStream.Streaming;
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

        _core.Provider.History = (_, range, _) => new HistoryPage(range, [.. Enumerable.Range(0, 10).Select(m => Candle(m)).Where(c => range.Contains(c.Time))], At(12));
        await _core.InTime(SeriesHubTests.WhenAsync(() => hub.Status.Gaps.IsEmpty));
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
