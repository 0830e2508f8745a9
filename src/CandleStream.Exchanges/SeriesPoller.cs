using CandleStream.Providers;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges;

/// <summary>
/// Asks REST for the newest candles of one series again and again, as often as the options and the budget allow, from start to stop.
/// </summary>
internal sealed partial class SeriesPoller(
    FollowedSeries series, ExchangeContext services, Action<HistoryPage> onPage, Action<string> onFailed) : IAsyncDisposable
{
    private readonly ILogger _logger = services.Logger;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private CancellationTokenSource? _stop;
    private Task _work = Task.CompletedTask;

    /// <summary>Begins to poll, if it does not already.</summary>
    public void Start()
    {
        lock (_gate)
        {
            if (_stop is not null) return;
            _stop = new CancellationTokenSource();
            var (before, token) = (_work, _stop.Token);
            _work = Task.Run(() => RunAsync(before, token));
        }
    }

    /// <summary>Ends polling; an answer on its way is thrown away.</summary>
    public void Stop() => _ = StopAsync();

    /// <summary>Ends polling; completes when nothing is under way any more.</summary>
    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task StopAsync()
    {
        CancellationTokenSource? stop;
        Task work;
        lock (_gate)
        {
            (stop, _stop) = (_stop, null);
            work = _work;
        }

        if (stop is not null) await stop.CancelAsync();
        await work;
        stop?.Dispose();
    }

    private async Task RunAsync(Task before, CancellationToken cancel)
    {
        await before;
        services.Polls.Enter();
        try
        {
            while (true)
            {
                var started = services.Time.GetTimestamp();
                await PollAsync(cancel);
                var rest = services.Options.PollInterval - services.Time.GetElapsedTime(started);
                if (rest > TimeSpan.Zero) await Task.Delay(rest, services.Time, cancel);
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // Live again, or nobody follows any more.
        }
        finally
        {
            services.Polls.Leave();
        }
    }

    private async Task PollAsync(CancellationToken cancel)
    {
        try
        {
            onPage(await services.Rest.FetchNewestAsync(series.Series, series.Since, cancel));
        }
        catch (CandleProviderException e)
        {
            onFailed(e.Message);
        }
        catch (Exception e) when (!cancel.IsCancellationRequested)
        {
            // A bug must cost one poll, not all that would follow.
            if (services.LogGate.Allows($"poll {e.GetType().Name}")) LogPollFailed(series.Series, e);
            onFailed("an internal error");
        }
    }

    [LoggerMessage(LogLevel.Error, "{Series}: a poll failed because of a bug")]
    private partial void LogPollFailed(SeriesKey series, Exception error);
}
