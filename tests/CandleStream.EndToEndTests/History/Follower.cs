namespace CandleStream.EndToEndTests.History;

/// <summary>
/// Somebody who follows the series of the <see cref="FastMarket"/> for as long as the test needs, however often the server goes away.
/// </summary>
internal abstract class Follower : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private Task _running = Task.CompletedTask;

    /// <summary>Guards what the follower holds: it is written by the follower and read by the test.</summary>
    protected Lock Gate { get; } = new();

    /// <summary>Disposed when the follower has ended.</summary>
    protected abstract IDisposable Client { get; }

    protected CancellationToken Stopping => _stop.Token;

    /// <summary>The closed candles it holds, oldest first.</summary>
    public IReadOnlyList<Candle> Closed(SeriesKey series)
    {
        lock (Gate) return [.. Held(series).Where(c => c.Closed)];
    }

    /// <summary>Ends it; throws what it found wrong.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Client.Dispose();
        _stop.Dispose();
        if (_running.IsFaulted) await _running;
    }

    /// <summary>The newest version of every candle it was given, oldest first; called under <see cref="Gate"/>.</summary>
    protected abstract IEnumerable<Candle> Held(SeriesKey series);

    /// <summary>Starts to follow; called once, when all is set up.</summary>
    protected void Start(Func<Task> follow) => _running = follow();

    /// <summary>Reads again and again, also while the server is away.</summary>
    protected async Task RepeatAsync(TimeSpan pause, Func<Task> read)
    {
        using var timer = new PeriodicTimer(pause);
        while (await timer.WaitForNextTickAsync(Stopping))
        {
            try
            {
                await read();
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                // The server is away, or went away: it will be back.
            }
        }
    }
}
