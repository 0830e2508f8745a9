using CandleStream.Server.Streams.Sockets;
using CandleStream.Streaming.Series;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Streams.Sending;

/// <summary>
/// The sender threads of the process: started with it, told to say <c>bye</c> as soon as it is asked to stop, before the web server waits
/// for its requests.
/// </summary>
internal sealed partial class SenderThreads : IHostedService, IAsyncDisposable
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
        var mayBatch = MayBatch(options.Value.BatchedSends, logger);
        _senders =
        [
            .. Enumerable.Range(0, options.Value.SenderThreads)
                .Select(_ => new Sender(home.Revs, options, counters, time, logger, mayBatch)),
        ];
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

    private static bool MayBatch(BatchedSends wanted, ILogger logger)
    {
        if (wanted == BatchedSends.False) return false;
        if (SocketRing.TryProbe(out var reason))
        {
            LogBatched(logger);
            return true;
        }

        LogNotBatched(logger, wanted == BatchedSends.True ? LogLevel.Warning : LogLevel.Information, reason);
        return false;
    }

    [LoggerMessage(LogLevel.Information, "Sends that come together are made with one system call (io_uring)")]
    private static partial void LogBatched(ILogger logger);

    [LoggerMessage("Sends are made one by one, for io_uring is not to be had: {Reason}")]
    private static partial void LogNotBatched(ILogger logger, LogLevel level, string reason);
}
