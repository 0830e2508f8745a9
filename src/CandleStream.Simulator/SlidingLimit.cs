namespace CandleStream.Simulator;

/// <summary>
/// So many in any window of time, a minute unless it is said; the one too many is refused, and so is everything in the 60 s after it
/// (Bitfinex docs, requirements-and-limitations). 0: no limit.
/// </summary>
internal sealed class SlidingLimit(int perWindow, TimeProvider time, TimeSpan? window = null)
{
    private static readonly TimeSpan Block = TimeSpan.FromSeconds(60);

    private readonly TimeSpan _window = window ?? TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly Queue<long> _taken = new();
    private long? _blockedAt;

    public bool TryTake()
    {
        if (perWindow <= 0)
            return true;
        lock (_gate)
        {
            // Timestamps: a wall clock that is set must neither lift a block nor lengthen it.
            var now = time.GetTimestamp();
            if (_blockedAt is { } blocked && time.GetElapsedTime(blocked, now) < Block)
                return false;
            while (_taken.TryPeek(out var oldest) && time.GetElapsedTime(oldest, now) >= _window)
                _taken.Dequeue();
            if (_taken.Count >= perWindow)
            {
                _blockedAt = now;
                return false;
            }
            _taken.Enqueue(now);
            return true;
        }
    }
}
