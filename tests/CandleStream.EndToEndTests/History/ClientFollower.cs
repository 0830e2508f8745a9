using CandleStream.Client;

namespace CandleStream.EndToEndTests.History;

/// <summary>Our own C# client, which comes back by itself; what it hands on must only ever get newer.</summary>
internal sealed class ClientFollower : Follower
{
    private readonly CandleStreamClient _client;

    // Guarded by Gate.
    private readonly Dictionary<SeriesKey, SortedDictionary<long, Candle>> _held =
        FastMarket.Series.ToDictionary(s => s, _ => new SortedDictionary<long, Candle>());

    public ClientFollower(Uri server)
    {
        _client = new CandleStreamClient(
            server, new CandleStreamClientOptions { Delta = true, Backoff = [TimeSpan.FromMilliseconds(100)], OnReset = Forget });
        Start(FollowAsync);
    }

    protected override IDisposable Client => _client;

    protected override IEnumerable<Candle> Held(SeriesKey series) => _held[series].Values;

    private async Task FollowAsync()
    {
        await foreach (var update in _client.FollowAsync(FastMarket.Series, Stopping))
        {
            lock (Gate)
            {
                var held = _held[update.Series];
                if (held.TryGetValue(update.Candle.Time, out var before)) Assert.True(update.Rev > before.Rev, $"{update} after {before}");
                held[update.Candle.Time] = update.Candle;
            }
        }
    }

    private void Forget(SeriesKey series)
    {
        lock (Gate) _held[series].Clear();
    }
}
