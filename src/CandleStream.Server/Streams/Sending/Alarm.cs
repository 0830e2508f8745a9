namespace CandleStream.Server.Streams.Sending;

/// <summary>
/// Wakes a sender when the next thing is due. It only wakes: what is due, the sender decides by its clock. Used by the sender thread only.
/// </summary>
internal sealed class Alarm : IAsyncDisposable
{
    /// <summary>Nothing is due.</summary>
    public const long Never = long.MaxValue;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(1);

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private long _at = Never;

    // Set by the timer, on any thread.
    private volatile bool _hasRung;

    /// <param name="time">The clock.</param>
    /// <param name="ring">Called on any thread.</param>
    public Alarm(TimeProvider time, Action ring)
    {
        _time = time;
        _timer = time.CreateTimer(
            _ =>
            {
                _hasRung = true;
                ring();
            },
            null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>True from the ring until <see cref="Hear"/>.</summary>
    public bool HasRung => _hasRung;

    /// <summary>
    /// To be called before the clock is read: what the alarm was set for is due by then, but for the moment by which a timer may be early.
    /// </summary>
    public void Hear()
    {
        if (!_hasRung) return;
        _hasRung = false;
        _at = Never;
    }

    /// <summary>Rings at this timestamp (has rung where it has passed), instead of any other.</summary>
    public void Set(long at)
    {
        if (at == _at) return;
        _at = at;
        long now;
        do
        {
            now = _time.GetTimestamp();
            if (at <= now)
            {
                _hasRung = true;
                return;
            }

            _timer.Change(at == Never ? Timeout.InfiniteTimeSpan : Wait(now, at), Timeout.InfiniteTimeSpan);
        }
        while (_time.GetElapsedTime(now) >= Tick); // The timer counts from a later time than we did.
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    // Timers count whole milliseconds: rounded down, the alarm would ring again and again before its time.
    private TimeSpan Wait(long now, long at) => TimeSpan.FromMilliseconds(Math.Ceiling(_time.GetElapsedTime(now, at).TotalMilliseconds));
}
