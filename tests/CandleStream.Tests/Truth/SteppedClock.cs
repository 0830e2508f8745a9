namespace CandleStream.Tests.Truth;

/// <summary>
/// The server's own clock: its wall time may be set forth and back, its monotonic time and its timers are those of the run.
/// </summary>
internal sealed class SteppedClock(TimeProvider run) : TimeProvider
{
    private long _offsetTicks;

    public override long TimestampFrequency => run.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => run.LocalTimeZone;

    public TimeSpan Offset => TimeSpan.FromTicks(Volatile.Read(ref _offsetTicks));

    public void Step(TimeSpan by) => Interlocked.Add(ref _offsetTicks, by.Ticks);

    public override DateTimeOffset GetUtcNow() => run.GetUtcNow() + Offset;

    public override long GetTimestamp() => run.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        run.CreateTimer(callback, state, dueTime, period);
}
