namespace CandleStream.Streaming.Series;

/// <summary>
/// The latest that exchange time can be by all that a series was told of it (frames, pongs, the Date of REST answers) and the time that
/// passed here since. It serves to refuse what lies ahead of it and closes nothing. Its hub guards it.
/// </summary>
internal sealed class PresentTime(TimeProvider time)
{
    /// <summary>
    /// How far the exchange's time may run ahead of ours between two answers, with much to spare; a Date further ahead is believed when the
    /// next one bears it out.
    /// </summary>
    public const long SlackMs = 600_000;

    // A candle ahead of the present is borne out by one of the next few pushes or not at all: the exchange sends the previous candle in
    // between.
    private const int PushesToBearOut = 4;

    private long? _told;
    private long _toldAt;

    // True while only pongs and answers told the present, not frames.
    private bool _isAnswered;
    private long? _leap;
    private long? _back;
    private long _backAt;
    private long? _ahead;
    private int _pushesLeft;

    /// <summary>Null before any time was told.</summary>
    public long? Latest => _told is { } told ? told + (long)time.GetElapsedTime(_toldAt).TotalMilliseconds : null;

    /// <summary>A frame told the exchange's time. An older one changes nothing.</summary>
    public void Told(long exchangeTime)
    {
        if (!(exchangeTime <= Latest)) Set(exchangeTime);
        else if (exchangeTime >= Latest - SlackMs) _isAnswered = false;
    }

    /// <summary>The exchange's time as a frame tells it, also where it goes back.</summary>
    public void Set(long exchangeTime) => Set(exchangeTime, isAnswered: false);

    /// <summary>
    /// The time of a pong or a REST answer as far as it is believed. One that leaps ahead of the present counts as the present until the
    /// next answer bears it out. One far behind changes nothing, as a cache may tell it, until the next answer bears it out, which has gone
    /// on with the time passed here: then the present goes back to it. That cannot happen to a present that frames told.
    /// </summary>
    /// <returns>The time to go by, and whether the present went back to it.</returns>
    public (long Time, bool IsBack) Judge(long asOf)
    {
        if (GoesBack(asOf))
        {
            Set(asOf, isAnswered: true);
            return (asOf, true);
        }

        if (Latest is { } latest && asOf > latest + SlackMs)
        {
            var isBorneOut = asOf >= _leap;
            _leap = asOf;
            if (!isBorneOut) return (latest, false);
        }
        else
        {
            _leap = null;
        }

        if (!(asOf <= Latest)) Set(asOf, isAnswered: true);
        return (asOf, false);
    }

    /// <summary>
    /// True where a candle pushed without a time may be of the present. One that opens ahead of it is believed when another push bears it
    /// out, for the time told may be too old.
    /// </summary>
    public bool Admits(long openTime)
    {
        if (_pushesLeft > 0 && --_pushesLeft == 0) _ahead = null;
        if (!(openTime > Latest + SeriesCandles.FutureToleranceMs)) return true;
        if (openTime >= _ahead)
        {
            Set(openTime);
            return true;
        }

        (_ahead, _pushesLeft) = (openTime, PushesToBearOut);
        return false;
    }

    private bool GoesBack(long asOf)
    {
        if (!_isAnswered || !(asOf < Latest - SlackMs))
        {
            _back = null;
            return false;
        }

        var gone = asOf - _back - (long)time.GetElapsedTime(_backAt).TotalMilliseconds;
        var isBorneOut = asOf > _back && gone is >= -SeriesCandles.FutureToleranceMs and <= SeriesCandles.FutureToleranceMs;
        (_back, _backAt) = (asOf, time.GetTimestamp());
        return isBorneOut;
    }

    private void Set(long exchangeTime, bool isAnswered) =>
        (_told, _toldAt, _isAnswered, _back) = (exchangeTime, time.GetTimestamp(), isAnswered, null);
}
