using System.Diagnostics.Metrics;
using CandleStream.Providers;
using CandleStream.Server.Doors;
using CandleStream.Server.Hosting;
using CandleStream.Storage;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Webhooks;

/// <summary>Keeps the series of all targets open and runs their deliveries from start to end.</summary>
internal sealed partial class WebhookHost(
    IReadOnlyList<Webhook> targets, bool allowPrivate, CandleDoor door, ICandleStore store, WebhookMetrics metrics, TimeProvider time,
    ILogger<WebhookHost> logger) : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<DoorWatch> _watches = [];
    private readonly WebhookSender _sender = new(CreateHandler(allowPrivate), time);
    private Task _running = Task.CompletedTask;

    /// <exception cref="StartRefusedException">More series than may be open.</exception>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (targets.Count == 0 || store is not INoteStore notes) return Task.CompletedTask;
        var deliveries = new List<WebhookDelivery>();
        try
        {
            foreach (var target in targets)
            {
                foreach (var series in target.Series)
                {
                    var delivery = new WebhookDelivery(
                        target, series, door, store, notes, _sender, metrics, time)
                    { Changed = why => LogChange(target, series, why) };
                    _watches.Add(door.Watch(series, delivery, SeriesUse.Record));
                    deliveries.Add(delivery);
                }
            }
        }
        catch (ExchangeOffException e)
        {
            throw new StartRefusedException($"Webhooks list series of {e.Exchange}: {e.Message}");
        }
        catch (SeriesLimitException e)
        {
            throw new StartRefusedException(
                $"Webhooks and Record list more series than Streaming:MaxOpenSeries allows, which is {e.Limit}.");
        }

        _running = Task.WhenAll(deliveries.Select(d => RunAsync(d, _stopping.Token)));
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (var watch in _watches) watch.Dispose();
    }

    public void Dispose()
    {
        _sender.Dispose();
        _stopping.Dispose();
    }

    private static SocketsHttpHandler CreateHandler(bool allowPrivate)
    {
        // No proxy: it would look names up by itself, and reach what must not be reached.
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxResponseHeadersLength = 16
        };
        if (!allowPrivate) handler.ConnectCallback = PublicAddresses.ConnectAsync;
        return handler;
    }

    private async Task RunAsync(WebhookDelivery delivery, CancellationToken stopping)
    {
        try
        {
            await delivery.RunAsync(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The server stops: the expected end.
        }
        catch (Exception bug)
        {
            LogBug(bug);
        }
    }

    private void LogChange(Webhook target, SeriesKey series, string? why)
    {
        if (why is null) LogWorks(target.Id, series);
        else LogFails(target.Id, series, why);
    }

    [LoggerMessage(LogLevel.Warning, "Webhook {Target} does not take {Series}: {Why}; it is tried again, and nothing is left out")]
    private partial void LogFails(string target, SeriesKey series, string why);

    [LoggerMessage(LogLevel.Information, "Webhook {Target} takes {Series} again")]
    private partial void LogWorks(string target, SeriesKey series);

    [LoggerMessage(LogLevel.Error, "A webhook is told nothing any more because of a bug; a restart goes on where it ended")]
    private partial void LogBug(Exception bug);
}

/// <summary>Calls of webhooks, on the meter <c>CandleStream</c>.</summary>
internal sealed class WebhookMetrics
{
    private readonly Counter<long> _calls;

    public WebhookMetrics(IMeterFactory meters)
    {
        _calls = meters.Create(nameof(CandleStream))
            .CreateCounter<long>("candlestream.webhook.calls", "{call}", "Calls of webhooks, by outcome.");
        Count(0, isTaken: true);
        Count(0, isTaken: false);
    }

    public void Sent(bool isTaken) => Count(1, isTaken);

    private void Count(int calls, bool isTaken) =>
        _calls.Add(calls, new KeyValuePair<string, object?>("outcome", isTaken ? "taken" : "failed"));
}

/// <summary>Puts webhooks together.</summary>
internal static class WebhookSetup
{
    /// <exception cref="StartRefusedException">A target is not allowed as it is written.</exception>
    public static void AddWebhooks(this WebApplicationBuilder builder)
    {
        var targets = Webhook.Read(builder.Configuration);
        var allowPrivate = builder.Configuration.GetSection("Webhooks").GetValue<bool>(nameof(WebhookOptions.AllowPrivateAddresses));
        builder.Services.AddSingleton<WebhookMetrics>();
        builder.Services.AddHostedService(s => new WebhookHost(
            targets, allowPrivate, s.GetRequiredService<CandleDoor>(), s.GetRequiredService<ICandleStore>(),
            s.GetRequiredService<WebhookMetrics>(),
            s.GetRequiredService<TimeProvider>(), s.GetRequiredService<ILogger<WebhookHost>>()));
    }
}
