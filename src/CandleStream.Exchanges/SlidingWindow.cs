namespace CandleStream.Exchanges;

/// <summary>
/// At most so many events in any window of time. Pure arithmetic over timestamps, which never step as the wall clock may; the caller brings
/// the lock and says what time it is.
/// </summary>
internal sealed class SlidingWindow(int limit, TimeSpan length, TimeProvider time)
{
    private readonly Queue<long> _taken = new();

    /// <summary>How long until one more event is allowed; zero when it is now.</summary>
    public TimeSpan WaitAt(long now)
    {
        Forget(now);
        return _taken.Count < limit ? TimeSpan.Zero : length - time.GetElapsedTime(_taken.Peek(), now);
    }

    /// <summary>How many more events are allowed now.</summary>
    public int LeftAt(long now)
    {
        Forget(now);
        return Math.Max(0, limit - _taken.Count);
    }

    /// <summary>Counts one event.</summary>
    public void Take(long now)
    {
        Forget(now);
        _taken.Enqueue(now);
    }

    private void Forget(long now)
    {
        while (_taken.TryPeek(out var oldest) && time.GetElapsedTime(oldest, now) >= length) _taken.Dequeue();
    }
}
