using CandleStream.Streaming.Series;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Streams.Sending;

/// <summary>
/// The sender threads of the process: started with it, told to say <c>bye</c> as soon as it is asked to stop, before the web server waits
/// for its requests.
/// </summary>
internal sealed class SenderThreads : IHostedService, IAsyncDisposable
{
    private readonly Sender[] _senders;
    private readonly CancellationTokenRegistration _stopping;
    private int _next;

    public SenderThreads(
        ISeriesHome home,
        IOptions<SendingOptions> options,
        StreamCounters counters,
        TimeProvider time,
        ILogger<Sender> logger,
        IHostApplicationLifetime lifetime)
    {
        _senders =
            [.. Enumerable.Range(0, options.Value.SenderThreads).Select(_ => new Sender(home.Revs, options, counters, time, logger))];
        _stopping = lifetime.ApplicationStopping.Register(() => _ = StopAllAsync());
    }

    /// <summary>True while no sender has anything to do before a timer fires, something is posted or a client reads.</summary>
    public bool AreDrained => Array.TrueForAll(_senders, s => s.IsDrained);

    /// <summary>The sender of the next connection: in turn.</summary>
    public Sender Next() => _senders[(uint)Interlocked.Increment(ref _next) % (uint)_senders.Length];

    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var sender in _senders) sender.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => StopAllAsync().WaitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _stopping.DisposeAsync();
        foreach (var sender in _senders) await sender.DisposeAsync();
    }

    private Task StopAllAsync() => Task.WhenAll(_senders.Select(s => s.StopAsync()));
}
