
namespace CandleStream.Server.Streams.Sending;

/// <summary>
/// Keeps a busy sender from waking up for every single update: after a burst of <see cref="Burst"/> rounds the next one starts an interval
/// after the one before. Then one wake-up takes several updates, and several events for one connection leave in one write. Below one round
/// an interval nobody ever waits. Pure: time comes in.
/// </summary>
/// <param name="interval">In timestamps; 0: nobody ever waits.</param>
internal sealed class Pacer(long interval)
{
    public const int Burst = 8;

    // When no round would have to be waited for any more.
    private long _freeAt;

    /// <summary>Takes a turn at <paramref name="now"/>; how many timestamps to wait before it.</summary>
    public long TakeTurn(long now)
    {
        _freeAt = Math.Max(_freeAt, now) + interval;
        return Math.Max(0, _freeAt - now - (Burst * interval));
    }
}
