namespace CandleStream.Server.Sse;

/// <summary>
/// Keeps a busy sender from waking up for every single update: up to <see cref="RoundsPerSecond"/> rounds a second start at once, after a burst of
/// <see cref="Burst"/> the next waits for its turn. Then one wake-up takes several updates, and several events for one connection leave in one write;
/// nobody waits longer than <c>1000 / RoundsPerSecond</c> ms for it, and below that rate nobody waits at all. Pure: time comes in.
/// </summary>
internal sealed class SsePacer(long timestampsPerSecond)
{
    /// <summary>4 ms apart: measured, four events a write cost a third of one each.</summary>
    public const int RoundsPerSecond = 250;

    public const int Burst = 8;

    private readonly long _interval = timestampsPerSecond / RoundsPerSecond;

    // When the bucket of turns would be full again.
    private long _fullAt;

    /// <summary>Takes a turn at <paramref name="now"/>; how many timestamps to wait before it.</summary>
    public long TakeTurn(long now)
    {
        _fullAt = Math.Max(_fullAt, now) + _interval;
        return Math.Max(0, _fullAt - now - (Burst * _interval));
    }
}
