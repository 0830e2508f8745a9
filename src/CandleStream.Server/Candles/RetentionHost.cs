using CandleStream.Storage;
using CandleStream.Streaming;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Candles;

/// <summary>
/// Deletes, once an hour, candles older than their timeframe's retention. Ages count back from a series' newest candle, never from our own
/// clock. Idle where nothing is set.
/// </summary>
internal sealed partial class RetentionHost(
    ICandleStore store, CandleStreamService service, IOptions<StorageOptions> options, TimeProvider time, ILogger<RetentionHost> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Retention.Count == 0) return;
        using var timer = new PeriodicTimer(Interval, time);
        do await DeleteAsync(stoppingToken);
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task DeleteAsync(CancellationToken stop)
    {
        try
        {
            foreach (var series in await store.ListSeriesAsync(stop))
            {
                if (options.Value.Retention.TryGetValue(series.Timeframe.Name, out var kept)) await DeleteAsync(series, kept, stop);
            }
        }
        catch (StoreUnavailableException failure)
        {
            LogUnavailable(failure.Message);
        }
    }

    private async Task DeleteAsync(SeriesKey series, TimeSpan kept, CancellationToken stop)
    {
        await foreach (var newest in store.ReadAsync(series, new TimeRange(0, long.MaxValue), 1, newestFirst: true, stop))
        {
            var before = series.Timeframe.StartOf(newest.Time - (long)kept.TotalMilliseconds);
            var deleted = await service.ForgetAsync(series, before, stop);
            if (deleted > 0) LogDeleted(series, deleted, kept);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Series}: {Count} candles older than {Kept} deleted")]
    private partial void LogDeleted(SeriesKey series, long count, TimeSpan kept);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old candles could not be deleted, trying again in an hour: {Reason}")]
    private partial void LogUnavailable(string reason);
}
