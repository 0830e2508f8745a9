using CandleStream.Storage;

namespace CandleStream.EndToEndTests.Server;

/// <summary>What is older than its timeframe's retention goes, and only that.</summary>
public sealed class RetentionTests
{
    private const long Minute = 60_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = 300_000)]
    public async Task Candles_older_than_the_retention_are_deleted_and_are_not_called_empty()
    {
        using var folder = new TempFolder();
        var path = folder.File("candles.db");
        var series = SeriesKey.Parse("OLDUSD:1m");
        var kept = SeriesKey.Parse("OLDUSD:1h");
        var last = 1_714_564_800_000L;
        await using (var before = await RunningServer.StartAsync(("Storage:SqlitePath", path)))
        {
            var candles = Enumerable.Range(0, 180)
                .Select(i => new Candle(last - i * Minute, 1, 2, 1, 1, 1, Closed: true, Rev: new Rev(1 + i)))
                .ToList();
            var verified = TimeRangeSet.Of(new TimeRange(last - 180 * Minute, last + Minute));
            await before.Get<ICandleStore>().SaveAsync(
                new StoreBatch(
                    [.. candles.Select(c => new StoredCandle(series, c)), new StoredCandle(kept, candles[0])],
                    [new SeriesChange(series, verified, TimeRangeSet.Empty)]), Cancel);
            await before.StopAsync();
        }

        await using var server = await RunningServer.StartAsync(("Storage:SqlitePath", path), ("Storage:Retention:1m", "01:00:00"));
        var store = server.Get<ICandleStore>();
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        var times = new List<long>();
        do
        {
            await pause.WaitForNextTickAsync(Cancel);
            times.Clear();
            await foreach (var candle in store.ReadAsync(series, new TimeRange(0, long.MaxValue), 1000, newestFirst: false, Cancel))
                times.Add(candle.Time);
        }
        while (times.Count > 61);

        Assert.Equal(last - 60 * Minute, times[0]);
        Assert.Equal(61, times.Count);
        var verifiedLater = (await store.FindSeriesAsync(series, Cancel))!.Verified;
        Assert.False(verifiedLater.Contains(last - 61 * Minute));
        Assert.True(verifiedLater.ContainsAll(new TimeRange(last - 60 * Minute, last + Minute)));
        Assert.NotNull(await store.FindSeriesAsync(kept, Cancel));
    }
}
