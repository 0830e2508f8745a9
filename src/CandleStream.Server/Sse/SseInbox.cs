using System.Collections.Concurrent;

namespace CandleStream.Server.Sse;

/// <summary>
/// What other threads have for a sender, in the order it came. Posting never waits, and wakes the sender only if it sleeps:
/// in a burst the first post pays for the wake-up, the rest are found on the way.
/// </summary>
internal sealed class SseInbox : IDisposable
{
    private readonly ConcurrentQueue<object> _items = new();
    private readonly AutoResetEvent _wake = new(false);
    private int _isAsleep;

    public bool TryTake(out object item) => _items.TryDequeue(out item!);

    /// <summary>Any thread.</summary>
    public void Post(object item)
    {
        _items.Enqueue(item);
        Wake();
    }

    /// <summary>Any thread. Ends <see cref="Wait"/> even if there is nothing to take.</summary>
    public void Wake()
    {
        // The exchange is a full fence, as is the one in Wait: either the sleeper sees the item, or we see that it sleeps.
        if (Interlocked.Exchange(ref _isAsleep, 0) == 1) _wake.Set();
    }

    /// <summary>Sleeps until something is posted. Sender thread only.</summary>
    /// <param name="timeoutMs">At most this long; -1: without limit.</param>
    /// <param name="isDue">Asked once more before sleeping: true when there is work that does not come through the queue.</param>
    public void Wait(int timeoutMs, Func<bool> isDue)
    {
        Interlocked.Exchange(ref _isAsleep, 1);
        if (_items.IsEmpty && !isDue()) _wake.WaitOne(timeoutMs);
        Volatile.Write(ref _isAsleep, 0);
    }

    public void Dispose() => _wake.Dispose();
}
