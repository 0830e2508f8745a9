namespace CandleStream.Exchanges;

/// <summary>
/// Judges the exchange's times of one socket. One far time would close the candles of all its series, and everything up to it would count
/// as heard and be remembered so; one from the past would hide what was missed since. Therefore a time that leaps away from what has passed
/// here, either way, is believed only where the next frame bears it out. A replay leaps as a rule: there it costs the delay of one frame.
/// </summary>
internal sealed class ExchangeClock(TimeProvider time)
{
    /// <summary>
    /// What the way of two frames may differ by, with much to spare; a minute too far closes no candle that has not ended.
    /// </summary>
    public const long SlackMs = 60_000;

    // Frames of one socket are stamped one after another; a little less than the one before is no contradiction.
    private const long StepBackMs = 1000;

    private long? _last;
    private long _lastAt;

    /// <summary>
    /// True where a time, read at a timestamp, is no further ahead of the one before than time has passed, and not from before it. The
    /// first one has none before it.
    /// </summary>
    public bool Believes(long exchangeTime, long receivedAt) =>
        _last is { } last
        && exchangeTime <= last + (long)time.GetElapsedTime(_lastAt, receivedAt).TotalMilliseconds + SlackMs
        && exchangeTime >= last - SlackMs;

    /// <summary>True where a candle opens later than the exchange's time can be, or where no time is known.</summary>
    public bool IsAhead(long openTime, long receivedAt) =>
        !(openTime <= _last + (long)time.GetElapsedTime(_lastAt, receivedAt).TotalMilliseconds);

    /// <summary>A time that is believed.</summary>
    public void Set(long exchangeTime, long receivedAt) => (_last, _lastAt) = (exchangeTime, receivedAt);

    /// <summary>The time of a pong: something for the first frame to be compared with, and no more.</summary>
    public void Suggest(long exchangeTime, long receivedAt)
    {
        if (_last is null) Set(exchangeTime, receivedAt);
    }

    /// <summary>The last time that was told, and the time that passed from there to a timestamp; null before the first.</summary>
    public long? At(long timestamp) => _last + (long)time.GetElapsedTime(_lastAt, timestamp).TotalMilliseconds;

    /// <summary>
    /// True where the next frame's time <paramref name="next"/> stands by a leap: it does not fall back behind one ahead, nor jump forward
    /// from one back.
    /// </summary>
    public bool BearsOut(long? next, long leap) =>
        next >= leap - StepBackMs && !(leap < _last && next > leap + SlackMs);
}
