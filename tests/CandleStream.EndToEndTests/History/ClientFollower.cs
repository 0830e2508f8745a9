using CandleStream.Client;

namespace CandleStream.EndToEndTests.History;

/// <summary>Our own C# client, which comes back by itself; what it hands on must only ever get newer.</summary>
internal sealed class ClientFollower : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly CandleStreamClient _client;
    private readonly Task _running;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly Dictionary<SeriesKey, SortedDictionary<long, Candle>> _held = FastMarket.Series.ToDictionary(s => s, _ => new SortedDictionary<long, Candle>());

    public ClientFollower(Uri server)
    {
        _client = new CandleStreamClient(server, new CandleStreamClientOptions { Delta = true, Backoff = [TimeSpan.FromMilliseconds(100)], OnReset = Forget });
        _running = RunAsync();
    }

    /// <summary>The closed candles it holds, oldest first.</summary>
    public IReadOnlyList<Candle> Closed(SeriesKey series)
    {
        lock (_gate) return [.. _held[series].Values.Where(c => c.Closed)];
    }

    /// <summary>Ends it; throws what it found wrong.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _client.Dispose();
        _stop.Dispose();
        if (_running.IsFaulted) await _running;
    }

    private async Task RunAsync()
    {
        await foreach (var update in _client.FollowAsync(FastMarket.Series, _stop.Token))
        {
            lock (_gate)
            {
                var held = _held[update.Series];
                if (held.TryGetValue(update.Candle.Time, out var before)) Assert.True(update.Rev > before.Rev, $"{update} after {before}");
                held[update.Candle.Time] = update.Candle;
            }
        }
    }

    private void Forget(SeriesKey series)
    {
        lock (_gate) _held[series].Clear();
    }
}
