namespace CandleStream.Exchanges;

/// <summary>
/// Spaces out new sockets so that the exchange never has a reason to refuse our address: so many in any 60 s for all who ask. Thread-safe.
/// </summary>
internal sealed class ConnectThrottle(int socketsPerMinute, TimeProvider time) : IDisposable
{
    // A second more than the exchange counts: our connects do not reach it at the distance we sent them.
    private readonly SlidingWindow _window = new(socketsPerMinute, TimeSpan.FromSeconds(61), time);
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Waits until one more socket may be opened and counts it; callers are served in turn.</summary>
    /// <param name="held">Called where the caller, whose turn it is, has to wait for the minute to pass.</param>
    /// <param name="taken">Called when it has to wait no longer, before the next has its turn.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task WaitAsync(Action held, Action taken, CancellationToken cancel)
    {
        await _turn.WaitAsync(cancel);
        try
        {
            if (_window.WaitAt(time.GetTimestamp()) > TimeSpan.Zero) held();
            for (var wait = _window.WaitAt(time.GetTimestamp()); wait > TimeSpan.Zero; wait = _window.WaitAt(time.GetTimestamp()))
                await Task.Delay(wait, time, cancel);
            _window.Take(time.GetTimestamp());
            taken();
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();
}
