namespace CandleStream.Bitfinex;

/// <summary>
/// Judges the exchange's times of one socket. One far time would close the candles of all its series, and everything up to it would count as heard and be
/// remembered so. Therefore a time that leaps ahead of what has passed here is believed only where the next frame bears it out. A replay leaps as a
/// rule: there it costs the delay of one frame.
/// </summary>
internal sealed class ExchangeClock(TimeProvider time)
{
    // What the way of two frames may differ by, with much to spare; a minute too far closes no candle that has not ended.
    private const long SlackMs = 60_000;

    // Frames of one socket are stamped one after another; a little less than the one before is no contradiction.
    private const long StepBackMs = 1000;

    private long? _last;
    private long _lastAt;

    /// <summary>True where a time, read at a timestamp, is no further ahead of the one before than time has passed. The first one has none before it.</summary>
    public bool Believes(long exchangeTime, long receivedAt) =>
        _last is { } last && exchangeTime <= last + (long)time.GetElapsedTime(_lastAt, receivedAt).TotalMilliseconds + SlackMs;

    /// <summary>A time that is believed.</summary>
    public void Set(long exchangeTime, long receivedAt) => (_last, _lastAt) = (exchangeTime, receivedAt);

    /// <summary>The time of a pong: something for the first frame to be compared with, and no more.</summary>
    public void Suggest(long exchangeTime, long receivedAt)
    {
        if (_last is null) Set(exchangeTime, receivedAt);
    }

    /// <summary>True where the next frame's time does not fall back behind a leap.</summary>
    public static bool BearsOut(long? next, long leap) => next >= leap - StepBackMs;
}
