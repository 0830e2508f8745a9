using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace CandleStream.Client;

/// <summary>
/// Follows series of a CandleStream server: reconnects with backoff, resumes where it was, asks over REST while the stream cannot be had,
/// and hands on nothing that is not newer than what it handed on before.
/// </summary>
public sealed class CandleStreamClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly CandleStreamClientOptions _options;
    private readonly TimeProvider _time;
    private readonly Random _random;

    /// <param name="server">The server's root address, such as <c>http://127.0.0.1:8000/</c>.</param>
    /// <param name="options">Defaults where null.</param>
    /// <param name="time">Serves backoff and the watchdog; the system's where null.</param>
    /// <param name="random">Serves the jitter of the backoff.</param>
    /// <param name="handler">How to reach the server; the framework's own where null. It should not follow redirects: the key would go
    /// along.</param>
    public CandleStreamClient(Uri server, CandleStreamClientOptions? options = null, TimeProvider? time = null, Random? random = null,
        HttpMessageHandler? handler = null)
    {
        _options = options ?? new CandleStreamClientOptions();
        _time = time ?? TimeProvider.System;
        _random = random ?? Random.Shared;
        var root = server.AbsoluteUri.EndsWith('/') ? server : new Uri(server.AbsoluteUri + "/");
        _http = new HttpClient(handler ?? new SocketsHttpHandler { AllowAutoRedirect = false },
            disposeHandler: handler is null)
        { BaseAddress = root, Timeout = Timeout.InfiniteTimeSpan };
        if (_options.ApiKey is { } key) _http.DefaultRequestHeaders.Add("X-API-Key", key);
    }

    /// <summary>
    /// True when the server's prices are simulated and mean nothing; null until it has said so, which it does before the first candle of a
    /// stream.
    /// </summary>
    public bool? Simulated { get; private set; }

    /// <summary>
    /// Updates of the series until <paramref name="cancel"/> is cancelled: every closed candle at least once and in its newest version,
    /// forming ones as fast as the caller reads. A slow caller slows the socket down, and the server then skips forming candles, never
    /// closed ones.
    /// </summary>
    /// <exception cref="CandleStreamRefusedException">The server refuses this, and would refuse it again.</exception>
    public async IAsyncEnumerable<CandleUpdate> FollowAsync(
        IEnumerable<SeriesKey> series, [EnumeratorCancellation] CancellationToken cancel = default)
    {
        // A small buffer: what waits here the server can no longer conflate.
        var updates = Channel.CreateBounded<CandleUpdate>(new BoundedChannelOptions(64) { SingleReader = true, SingleWriter = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var reading = ReadAsync([.. series.Distinct()], updates.Writer, stop.Token);
        try
        {
            await foreach (var update in updates.Reader.ReadAllAsync(cancel)) yield return update;
        }
        finally
        {
            await stop.CancelAsync();
            await reading;
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task ReadAsync(IReadOnlyList<SeriesKey> series, ChannelWriter<CandleUpdate> updates, CancellationToken stop)
    {
        var memory = new SeriesMemory();
        var poller = new CandlePoller(_http, series, _options, memory, updates, _time);
        Rev? lastEventId = null;
        var failures = 0;
        try
        {
            while (true)
            {
                var connection = new StreamConnection(
                    _http, series, _options, memory, updates, simulated => Simulated = simulated, _time)
                { LastEventId = lastEventId };
                var reason = await connection.ReadAsync(stop);
                lastEventId = connection.LastEventId;
                if (connection.Lasted >= _options.StableAfter) failures = 0;
                if (!connection.SaidGoodbye) failures++;
                var wait = connection.SaidGoodbye ? connection.AskedWait : Longer(connection.AskedWait, Backoff(failures));
                _options.OnDisconnected?.Invoke(reason, wait);
                if (failures >= _options.PollAfterFailures) lastEventId = await poller.AskAllAsync(lastEventId, stop);
                await Task.Delay(wait, _time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            updates.Complete();
        }
        catch (Exception end)
        {
            // A final refusal, or a callback of the caller that failed: the enumeration ends with it instead of falling silent.
            updates.Complete(end);
        }
    }

    private TimeSpan Backoff(int failures)
    {
        var wait = _options.Backoff[Math.Clamp(failures - 1, 0, _options.Backoff.Count - 1)];
        return wait * (0.5 + _random.NextDouble() / 2);
    }

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
