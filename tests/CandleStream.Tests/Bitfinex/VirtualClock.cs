using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests.Bitfinex;

/// <summary>
/// A clock that stands still until told to go on, and knows when its next timer is due, so that nothing between is skipped over or waited
/// for.
/// </summary>
internal sealed class VirtualClock(DateTimeOffset start) : FakeTimeProvider(start)
{
    private readonly ConcurrentDictionary<Timer, DateTimeOffset> _due = new();

    /// <summary>
    /// How far the wall clock was set away from the time that passes. Timers, timestamps and the exchange take no notice, as on a real
    /// machine.
    /// </summary>
    public TimeSpan WallClockStep { get; set; }

    /// <summary>By how much timers go off before their time, as those of a real machine do, which count whole milliseconds.</summary>
    public TimeSpan TimersAreEarlyBy { get; set; }

    /// <summary>The time that passes, whatever the wall clock says.</summary>
    public DateTimeOffset Passed => base.GetUtcNow();

    public override DateTimeOffset GetUtcNow() => Passed + WallClockStep;

    public override long GetTimestamp() => Passed.Ticks;

    /// <summary>Goes on to the next timer, but no further than <paramref name="end"/>.</summary>
    public void GoOn(DateTimeOffset end)
    {
        var now = Passed;
        var next = _due.Values.Where(due => due > now).DefaultIfEmpty(end).Min();
        SetUtcNow(next < end ? next : end);
    }

    /// <summary>Whether a timer is set to go off after just this time.</summary>
    public bool IsDueIn(TimeSpan wait) => _due.Values.Contains(Passed + wait);

    /// <summary>Whether any timer is set.</summary>
    public bool HasTimers => !_due.IsEmpty;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, period);
        timer.Inner = base.CreateTimer(
            s =>
            {
                timer.Fired();
                callback(s);
            },
            state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class Timer(VirtualClock clock, TimeSpan period) : ITimer
    {
        // A timer is early once: what is left then is waited for in full.
        private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);

        private TimeSpan _period = period;

        public ITimer Inner { get; set; } = null!;

        public void Fired() => Note(_period);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            if (dueTime > Shortest) dueTime -= clock.TimersAreEarlyBy;
            // What is due at once goes off within the call, and notes by itself when it is due again.
            if (dueTime <= TimeSpan.Zero) Note(dueTime);
            var changed = Inner.Change(dueTime, period);
            // Only now: who sees it may let the clock go on at once.
            if (dueTime > TimeSpan.Zero) Note(dueTime);
            return changed;
        }

        public void Dispose()
        {
            clock._due.TryRemove(this, out _);
            Inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            clock._due.TryRemove(this, out _);
            return Inner.DisposeAsync();
        }

        private void Note(TimeSpan wait)
        {
            if (wait > TimeSpan.Zero) clock._due[this] = clock.Passed + wait;
            else clock._due.TryRemove(this, out _);
        }
    }
}
