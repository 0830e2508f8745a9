using CandleStream.Server.Streams.Events;

namespace CandleStream.Server.Streams.Sending;

/// <summary>One event that waits for one connection.</summary>
/// <param name="Subscription">Whose event it is; null for events that concern the connection.</param>
/// <param name="Update">A candle; null where <paramref name="Frame"/> is set.</param>
/// <param name="Frame">Any other event, ready made.</param>
/// <param name="Order">The rev for a candle; other events take the order of what came before them.</param>
internal readonly record struct WaitingEvent(Slot? Subscription, EncodedUpdate? Update, Frame? Frame, Rev Order)
{
    public bool IsForming => Update is { IsClosed: false };

    public bool IsClosedCandle => Update is { IsClosed: true };
}

/// <summary>
/// What one connection could not be sent yet. It leaves in rising rev. Closed candles are all kept (their number is the owner's to limit);
/// of forming ones <see cref="Conflate"/> leaves the newest per series. Owned by the sender thread.
/// </summary>
internal sealed class WaitingEvents
{
    /// <summary>
    /// Longer arrays are given back when they are empty: ten thousand connections that were slow once must not keep them.
    /// </summary>
    private const int MaxKeptLength = 4;

    private WaitingEvent[] _events = [];
    private int _head;
    private int _tail;
    private Rev _lastOrder;
    private bool _isSorted = true;

    public int Count => _tail - _head;

    /// <summary>How many of them are closed candles.</summary>
    public int ClosedCount { get; private set; }

    public void Add(Slot subscription, EncodedUpdate update)
    {
        if (update.IsClosed) ClosedCount++;
        Append(new WaitingEvent(subscription, update, null, update.Rev));
    }

    /// <param name="subscription">The series it is about; null where it is about the connection.</param>
    /// <param name="frame">The event.</param>
    /// <param name="order">Where the event stands among candles: their rev; by default after what came last.</param>
    public void Add(Slot? subscription, Frame frame, Rev order = default) =>
        Append(new WaitingEvent(subscription, null, frame, Rev.Max(order, _lastOrder)));

    /// <summary>Puts what waits into rising rev; to be called before events are taken.</summary>
    public void Sort()
    {
        if (_isSorted) return;

        // Insertion keeps equal ones in the order of their arrival, and is quick here: only neighbours from different hubs are out of
        // order.
        for (var i = _head + 1; i < _tail; i++)
        {
            var moved = _events[i];
            var at = i;
            for (; at > _head && _events[at - 1].Order > moved.Order; at--) _events[at] = _events[at - 1];
            _events[at] = moved;
        }

        _isSorted = true;
    }

    /// <summary>The n-th to leave, from 0.</summary>
    public ref readonly WaitingEvent this[int n] => ref _events[_head + n];

    /// <summary>The next event to leave; only where <see cref="Count"/> is not 0.</summary>
    public ref readonly WaitingEvent Peek() => ref _events[_head];

    public void RemoveFirst()
    {
        if (_events[_head].IsClosedCandle) ClosedCount--;
        _events[_head++] = default;
        if (_head == _tail) Clear();
    }

    /// <summary>
    /// Drops forming candles that a newer waiting version of their series replaces, and tells <paramref name="dropped"/> of each.
    /// </summary>
    public void Conflate(Action<Slot> dropped)
    {
        Sort();
        var kept = _tail;
        for (var i = _tail - 1; i >= _head; i--)
        {
            ref var waiting = ref _events[i];
            if (waiting.Update is { } update && !IsNewest(waiting.Subscription!, update))
            {
                dropped(waiting.Subscription!);
                continue;
            }

            _events[--kept] = waiting;
        }

        Array.Clear(_events, _head, kept - _head);
        _head = kept;
        ForgetMarks();
        if (_head == _tail) Clear();
    }

    public void Clear()
    {
        if (_events.Length > MaxKeptLength) _events = [];
        else Array.Clear(_events);
        (_head, _tail, ClosedCount, _isSorted, _lastOrder) = (0, 0, 0, true, Rev.None);
    }

    // Walking from the newest: the first forming candle of a series is kept, unless a closed one of the same time was seen, which is newer
    // still.
    private static bool IsNewest(Slot subscription, EncodedUpdate update)
    {
        if (update.IsClosed)
        {
            subscription.NewestClosedTime = Math.Max(subscription.NewestClosedTime, update.Update.Candle.Time);
            return true;
        }

        if (subscription.HasNewestForming || update.Update.Candle.Time <= subscription.NewestClosedTime) return false;
        return subscription.HasNewestForming = true;
    }

    private void ForgetMarks()
    {
        for (var i = _head; i < _tail; i++) _events[i].Subscription?.ForgetMarks();
    }

    private void Append(in WaitingEvent waiting)
    {
        if (_tail == _events.Length) MakeRoom();
        if (waiting.Order < _lastOrder) _isSorted = false;
        else _lastOrder = waiting.Order;
        _events[_tail++] = waiting;
    }

    private void MakeRoom()
    {
        // Most streams have one event waiting at a time, and then an array of one for good.
        var grown = _events.Length == 0 ? 1 : Math.Max(4, _events.Length * 2);
        var target = Count * 2 <= _events.Length && _events.Length > 0 ? _events : new WaitingEvent[grown];
        var count = Count;
        Array.Copy(_events, _head, target, 0, count);
        if (ReferenceEquals(target, _events)) Array.Clear(_events, count, _tail - count);
        (_events, _head, _tail) = (target, 0, count);
    }
}
