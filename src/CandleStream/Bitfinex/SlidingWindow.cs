namespace CandleStream.Bitfinex;

/// <summary>At most so many events in any window of time. Pure arithmetic over timestamps; the caller brings the lock and the clock.</summary>
internal sealed class SlidingWindow(int limit, TimeSpan length)
{
    private readonly Queue<DateTimeOffset> _taken = new();

    /// <summary>How long until one more event is allowed; zero when it is now.</summary>
    public TimeSpan WaitAt(DateTimeOffset now)
    {
        Forget(now);
        return _taken.Count < limit ? TimeSpan.Zero : _taken.Peek() + length - now;
    }

    /// <summary>How many more events are allowed now.</summary>
    public int LeftAt(DateTimeOffset now)
    {
        Forget(now);
        return Math.Max(0, limit - _taken.Count);
    }

    /// <summary>Counts one event.</summary>
    public void Take(DateTimeOffset now)
    {
        Forget(now);
        _taken.Enqueue(now);
    }

    private void Forget(DateTimeOffset now)
    {
        while (_taken.TryPeek(out var oldest) && now - oldest >= length) _taken.Dequeue();
    }
}
