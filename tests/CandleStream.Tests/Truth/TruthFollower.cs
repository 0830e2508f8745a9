using CandleStream.Client;

namespace CandleStream.Tests.Truth;

/// <summary>The C# client over a wire of its own: it reconnects, resumes and polls as it likes.</summary>
internal sealed class TruthFollower : IAsyncDisposable
{
    private readonly CandleStreamClient _client;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<SeriesKey, HeldCandles> _held;
    private readonly Task _following;

    public TruthFollower(IReadOnlyList<SeriesKey> series, bool delta, TruthWire wire, TimeProvider time, Random random,
        Func<bool> wasToldWrongTime)
    {
        Wire = wire;
        Series = series;
        _held = series.ToDictionary(s => s, s => new HeldCandles($"C# client {s}", wasToldWrongTime));
        _client = new CandleStreamClient(new Uri("http://truth/"),
            new CandleStreamClientOptions { Snapshot = 10, Delta = delta, OnReset = Forget }, time, random, wire);
        _following = Task.Run(FollowAsync);
    }

    public TruthWire Wire { get; }

    public IReadOnlyList<SeriesKey> Series { get; }

    public int Resets { get; private set; }

    public T Look<T>(SeriesKey series, Func<HeldCandles, T> look)
    {
        lock (_gate) return look(_held[series]);
    }

    /// <summary>A client that ended by itself says why.</summary>
    public void Check() => Assert.False(_following.IsCompleted, $"the C# client ended: {_following.Exception?.GetBaseException()}");

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Wire.Cut();
        await _following.ContinueWith(static _ => { }, TaskScheduler.Default);
        _client.Dispose();
        _stop.Dispose();
    }

    private async Task FollowAsync()
    {
        try
        {
            await foreach (var update in _client.FollowAsync(Series, _stop.Token))
            {
                // The first one is the oldest of the snapshot that it began with.
                lock (_gate) _held[update.Series].Begin([update.Candle]);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The run is over.
        }
    }

    private void Forget(SeriesKey series)
    {
        lock (_gate) _held[series].Forget();
        Resets++;
    }
}
