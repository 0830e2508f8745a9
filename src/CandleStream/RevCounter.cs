
namespace CandleStream;

/// <summary>
/// The one counter of a process that numbers versions of candles: <c>max(last + 1, UTC at start + monotonic elapsed)</c>, see
/// <see cref="Rev"/>. It rises strictly, whatever the wall clock does, and tells the age of a version to within the clock's error.
/// Thread-safe.
/// </summary>
public sealed class RevCounter
{
    /// <summary>
    /// Where revs end: 2^52 µs is the year 2112. A browser holds numbers exactly up to 2^53, so a counter that stays below this has another
    /// 142 years of numbers before it reaches that. A stored rev of this or more was not numbered by any real clock.
    /// </summary>
    public static readonly Rev Limit = new(LimitUs);

    private const long LimitUs = 1L << 52;

    /// <summary>
    /// How far the numbers of forming candles, which no store keeps, may lie above the highest stored one: a candle a minute is stored, and
    /// a store may be away for some minutes.
    /// </summary>
    private const long UnsavedUs = 15 * 60_000_000L;

    /// <summary>
    /// A clock that is further behind the store than this was set back. Less is usual: fetched history is numbered by the exchange's time.
    /// </summary>
    private const long SetBackUs = 60_000_000;

    private readonly TimeProvider _time;
    private readonly long _startUs;
    private readonly long _startTimestamp;
    private long _last;
    private long _first;

    public RevCounter(TimeProvider time)
    {
        _time = time;
        _startTimestamp = time.GetTimestamp();
        // A clock that is set beyond the limit must not number candles that browsers cannot tell apart.
        _startUs = Math.Min(time.GetUtcNow().ToUnixTimeMilliseconds() * 1000, LimitUs);
        _last = _startUs;
    }

    /// <summary>
    /// The first number that this process gave, or told as where it stands: a client that has a number from there on got it from this
    /// process.
    /// </summary>
    public Rev First
    {
        get
        {
            if (Volatile.Read(ref _first) == 0) _ = Current;
            return new Rev(Volatile.Read(ref _first));
        }
    }

    /// <summary>The last number given, or where the counter stands now by the clock: everything numbered later is greater.</summary>
    public Rev Current
    {
        get
        {
            // Raising the counter to "now" makes the answer a true boundary: a later Next() cannot fall at or below it.
            RaiseTo(NowUs());
            return Told(Volatile.Read(ref _last));
        }
    }

    /// <summary>The next number, greater than every one before.</summary>
    public Rev Next()
    {
        var now = NowUs();
        while (true)
        {
            var last = Volatile.Read(ref _last);
            var next = Math.Max(last + 1, now);
            if (Interlocked.CompareExchange(ref _last, next, last) == last) return Told(next);
        }
    }

    /// <summary>Makes sure that every later number is greater than <paramref name="floor"/>.</summary>
    /// <param name="floor">One at or above <see cref="Limit"/> is ignored: one wrong number would spoil every later one.</param>
    public void Raise(Rev floor)
    {
        if (floor < Limit) RaiseTo(floor.Value);
    }

    /// <summary>
    /// Goes on above the numbers of the lives before; called by a server at its start. Where the stored one lies more than a minute ahead
    /// of our clock, the clock was set back since, and clients may hold numbers above it that were never stored: room is left for them.
    /// </summary>
    /// <param name="stored">The store's highest rev.</param>
    public void StartAbove(Rev stored)
    {
        if (stored >= Limit) return;
        RaiseTo(stored.Value > NowUs() + SetBackUs ? Math.Min(stored.Value + UnsavedUs, LimitUs - 1) : stored.Value);
    }

    private void RaiseTo(long floor)
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
    private Rev Told(long number)
    {
        if (Volatile.Read(ref _first) == 0) Interlocked.CompareExchange(ref _first, number, 0);
        return new Rev(number);
    }

    private long NowUs() => _startUs + (long)_time.GetElapsedTime(_startTimestamp).TotalMicroseconds;
}
