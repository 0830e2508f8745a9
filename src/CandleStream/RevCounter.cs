namespace CandleStream;

/// <summary>
/// The one counter of a process that numbers versions of candles: <c>max(last + 1, UTC at start + monotonic elapsed)</c>, in microseconds since the Unix epoch.
/// It rises strictly, whatever the wall clock does, and tells the age of a version to within the clock's error. Thread-safe.
/// </summary>
public sealed class RevCounter
{
    private readonly TimeProvider _time;
    private readonly long _startUs;
    private readonly long _startTimestamp;
    private long _last;
    private long _first;

    public RevCounter(TimeProvider time)
    {
        _time = time;
        _startTimestamp = time.GetTimestamp();
        _startUs = time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;
        _last = _startUs;
    }

    /// <summary>
    /// The first number that this process gave, or told as where it stands: a client that has a number from there on got it from this process.
    /// </summary>
    public long First
    {
        get
        {
            if (Volatile.Read(ref _first) == 0) _ = Current;
            return Volatile.Read(ref _first);
        }
    }

    /// <summary>The last number given, or where the counter stands now by the clock: everything numbered later is greater.</summary>
    public long Current
    {
        get
        {
            // Raising the counter to "now" makes the answer a true boundary: a later Next() cannot fall at or below it.
            Raise(NowUs());
            return Told(Volatile.Read(ref _last));
        }
    }

    /// <summary>The next number, greater than every one before.</summary>
    public long Next()
    {
        var now = NowUs();
        while (true)
        {
            var last = Volatile.Read(ref _last);
            var next = Math.Max(last + 1, now);
            if (Interlocked.CompareExchange(ref _last, next, last) == last) return Told(next);
        }
    }

    /// <summary>Makes sure that every later number is greater than <paramref name="floor"/>; called with the store's highest rev at start.</summary>
    public void Raise(long floor)
    {
        var last = Volatile.Read(ref _last);
        while (last < floor)
        {
            var seen = Interlocked.CompareExchange(ref _last, floor, last);
            if (seen == last) return;
            last = seen;
        }
    }

    // Of several threads that are first at once, one decides; the others were given numbers of the same moment, which a resume repeats.
    private long Told(long number)
    {
        if (Volatile.Read(ref _first) == 0) Interlocked.CompareExchange(ref _first, number, 0);
        return number;
    }

    private long NowUs() => _startUs + (long)_time.GetElapsedTime(_startTimestamp).TotalMicroseconds;
}
