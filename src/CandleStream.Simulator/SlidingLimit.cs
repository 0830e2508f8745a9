namespace CandleStream.Simulator;

/// <summary>So many per minute; the one too many is refused, and so is everything in the 60 s after it (Bitfinex docs, requirements-and-limitations).</summary>
internal sealed class SlidingLimit(int perMinute, TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Block = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private readonly Queue<DateTimeOffset> _taken = new();
    private DateTimeOffset _blockedUntil = DateTimeOffset.MinValue;

    public bool TryTake()
    {
        if (perMinute <= 0)
            return true;
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (now < _blockedUntil)
                return false;
            while (_taken.TryPeek(out var oldest) && oldest <= now - Window)
                _taken.Dequeue();
            if (_taken.Count >= perMinute)
            {
                _blockedUntil = now + Block;
                return false;
            }
            _taken.Enqueue(now);
            return true;
        }
    }
}
