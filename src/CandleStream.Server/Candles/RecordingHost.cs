using CandleStream.Providers;
using CandleStream.Server.Hosting;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Candles;

/// <summary>
/// Opens the recorded series at start; at the end unsubscribes all series, which hands the writer the last things to save.
/// </summary>
internal sealed class RecordingHost(CandleStreamService service, IOptions<RecordOptions> record) : IHostedService
{
    /// <summary>An exchange that does not answer must not keep the process from ending in time.</summary>
    private static readonly TimeSpan UnsubscribeTimeout = TimeSpan.FromSeconds(3);

    private List<SeriesHandle> _recorded = [];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            _recorded = [.. record.Value.Series.Select(s => service.Open(s, SeriesUse.Record))];
        }
        catch (ExchangeOffException e)
        {
            throw new StartRefusedException($"Record lists series of {e.Exchange}: {e.Message}");
        }
        catch (SeriesLimitException e)
        {
            throw new StartRefusedException(
                $"Record lists {record.Value.Series.Count} series, but Streaming:MaxOpenSeries allows {e.Limit}.");
        }

        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (var handle in _recorded) handle.Dispose();
        await service.StopAsync().WaitAsync(UnsubscribeTimeout, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}
