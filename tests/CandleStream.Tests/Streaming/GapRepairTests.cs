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
        Assert.All(asked.Skip(2).Zip(asked.Skip(1)), pair => Assert.True(pair.First - pair.Second >= TimeSpan.FromMinutes(10), $"{pair.First - pair.Second}"));
        Assert.NotEmpty(hub.Status.Gaps);
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
