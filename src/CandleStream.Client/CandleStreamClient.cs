using System.Globalization;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;
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
    /// <param name="handler">How to reach the server; the framework's own where null.</param>
    public CandleStreamClient(Uri server, CandleStreamClientOptions? options = null, TimeProvider? time = null, Random? random = null, HttpMessageHandler? handler = null)
    {
        _options = options ?? new CandleStreamClientOptions();
        _time = time ?? TimeProvider.System;
        _random = random ?? Random.Shared;
        _http = new HttpClient(handler ?? new SocketsHttpHandler(), disposeHandler: handler is null) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        if (_options.ApiKey is { } key) _http.DefaultRequestHeaders.Add("X-API-Key", key);
    }

    /// <summary>
    /// Updates of the series until <paramref name="cancel"/> is cancelled: every closed candle at least once and in its newest version, forming ones as fast as the caller reads.
    /// A slow caller slows the socket down, and the server then skips forming candles, never closed ones.
    /// </summary>
    public async IAsyncEnumerable<CandleUpdate> FollowAsync(IEnumerable<SeriesKey> series, [EnumeratorCancellation] CancellationToken cancel = default)
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
        string? lastEventId = null;
        var failures = 0;
        try
        {
            while (true)
            {
                var connection = new StreamConnection(_http, series, _options, memory, updates, _time) { LastEventId = lastEventId };
                var reason = await connection.ReadAsync(stop);
                lastEventId = connection.LastEventId;
                failures = connection.Lasted >= _options.StableAfter ? 0 : failures;
                var wait = connection.AskedWait ?? Wait(failures);
                failures++;
                _options.OnDisconnected?.Invoke(reason, wait);
                if (failures >= _options.PollAfterFailures) lastEventId = await PollAsync(series, lastEventId, memory, updates, stop);
                await Task.Delay(wait, _time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            updates.Complete();
        }
        catch (Exception bug)
        {
            // Only a callback of the caller can fail here; the enumeration ends with it instead of falling silent.
            updates.Complete(bug);
        }
    }

    private TimeSpan Wait(int failures)
    {
        var wait = _options.Backoff[Math.Min(failures, _options.Backoff.Count - 1)];
        return wait * (0.5 + _random.NextDouble() / 2);
    }

    // Each series is asked for what changed; the id moves on only when every answer came, and to the oldest of them.
    private async Task<string?> PollAsync(IReadOnlyList<SeriesKey> series, string? lastEventId, SeriesMemory memory, ChannelWriter<CandleUpdate> updates, CancellationToken stop)
    {
        long? asOf = null;
        foreach (var key in series)
        {
            if (await PollAsync(key, lastEventId, memory, updates, stop) is not { } answered) return lastEventId;
            asOf = Math.Min(asOf ?? answered, answered);
        }

        return asOf?.ToString(CultureInfo.InvariantCulture) ?? lastEventId;
    }

    private async Task<long?> PollAsync(SeriesKey key, string? since, SeriesMemory memory, ChannelWriter<CandleUpdate> updates, CancellationToken stop)
    {
        var path = $"candles?symbol={Uri.EscapeDataString(key.Symbol)}&timeframe={key.Timeframe}" + (since is null ? $"&limit={Math.Max(1, _options.Snapshot)}" : $"&since={since}");
        try
        {
            using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
            await using var watchdog = _time.CreateTimer(_ => limited.Cancel(), null, _options.SilenceLimit, Timeout.InfiniteTimeSpan);
            using var response = await _http.GetAsync(path, limited.Token);
            if (!response.IsSuccessStatusCode) return null;
            var answer = await response.Content.ReadFromJsonAsync<JsonElement>(limited.Token);
            if (answer.TryGetProperty("reset", out var reset) && reset.GetBoolean())
            {
                memory.Forget(key);
                _options.OnReset?.Invoke(key);
            }

            foreach (var item in answer.GetProperty("candles").EnumerateArray())
            {
                var candle = CandleReader.Read(item);
                if (memory.Accept(key, candle)) await updates.WriteAsync(new CandleUpdate(key, candle), stop);
            }

            return answer.GetProperty("asof").GetInt64();
        }
        catch (Exception failure) when (!stop.IsCancellationRequested && failure is HttpRequestException or IOException or JsonException or OperationCanceledException)
        {
            return null;
        }
    }
}
