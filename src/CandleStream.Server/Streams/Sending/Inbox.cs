using System.Collections.Concurrent;

namespace CandleStream.Server.Streams.Sending;

/// <summary>
/// What other threads have for a sender, in the order it came. Posting never waits, and wakes the sender only if it sleeps:
/// in a burst the first post pays for the wake-up, the rest are found on the way.
/// While <see cref="Limit"/> items wait, one forming candle of each series waits beyond them, always the newest. All else is rare and is
/// never dropped.
/// </summary>
/// <param name="sleep">The sender's.</param>
internal sealed class Inbox(SenderSleep sleep)
{
    /// <summary>From here on forming candles are conflated.</summary>
    public const int Limit = 16_384;

    private readonly ConcurrentQueue<object> _items = new();
    private int _count;
    private int _isAsleep;

    // The forming candle of each series that waits beyond the limit, where no closed one came behind it. Each series' part is used by one
    // poster at a time.
    private readonly ConcurrentDictionary<SeriesKey, FormingPlace> _beyond = new();
    private int _beyondCount;

    /// <summary>How many items wait.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Any thread.</summary>
    public bool IsEmpty => _items.IsEmpty;

    public bool TryTake(out object item)
    {
        if (!_items.TryDequeue(out item!)) return false;
        Interlocked.Decrement(ref _count);
        if (item is FormingPlace place) item = place.Take();
        return true;
    }

    /// <summary>Any thread, but one at a time for each series: its hub calls under its lock.</summary>
    public void Post(CandleUpdate update)
    {
        if (update.Candle.Closed || Count < Limit)
        {
            // What is newer must not overtake it.
            if (Volatile.Read(ref _beyondCount) > 0) Close(update.Series);
            Post((object)update);
            return;
        }

        if (_beyond.TryGetValue(update.Series, out var place) && place.TryReplace(update)) return;
        Close(update.Series);
        _beyond[update.Series] = place = new FormingPlace(update);
        Interlocked.Increment(ref _beyondCount);
        Post(place);
    }

    /// <summary>Any thread.</summary>
    public void Post(object item)
    {
        Interlocked.Increment(ref _count);
        _items.Enqueue(item);
        Wake();
    }

    /// <summary>Any thread. Ends <see cref="Wait"/> even if there is nothing to take.</summary>
    public void Wake()
    {
        // The exchange is a full fence, as is the one in Wait: either the sleeper sees the item, or we see that it sleeps.
        if (Interlocked.Exchange(ref _isAsleep, 0) == 1) sleep.Wake();
    }

    /// <summary>Sleeps until something is posted or a socket has something to tell. Sender thread only.</summary>
    /// <param name="isDue">Asked once more before sleeping: true when there is work that does not come through the queue.</param>
    public void Wait(Func<bool> isDue)
    {
        Interlocked.Exchange(ref _isAsleep, 1);
        sleep.Sleep(mayWait: _items.IsEmpty && !isDue());
        Volatile.Write(ref _isAsleep, 0);
    }

    private void Close(SeriesKey series)
    {
        if (_beyond.TryRemove(series, out _)) Interlocked.Decrement(ref _beyondCount);
    }

    /// <summary>A place in the queue for the newest forming candle of one series, until the sender takes it.</summary>
    private sealed class FormingPlace(CandleUpdate first)
    {
        private CandleUpdate? _newest = first;

        /// <summary>False where the sender has taken it already.</summary>
        public bool TryReplace(CandleUpdate update) =>
            Volatile.Read(ref _newest) is { } held && Interlocked.CompareExchange(ref _newest, update, held) == held;

        public CandleUpdate Take() => Interlocked.Exchange(ref _newest, null)!;
    }
}
