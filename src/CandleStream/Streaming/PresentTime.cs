namespace CandleStream.Streaming;

/// <summary>
/// The latest that exchange time can be by all that a series was told of it (frames, pongs, the Date of REST answers) and the time that passed here since.
/// It serves to refuse what lies ahead of it and closes nothing. Its hub guards it.
/// </summary>
internal sealed class PresentTime(TimeProvider time)
{
    /// <summary>How far the exchange's time may run ahead of ours between two answers, with much to spare; a Date further ahead is believed when the next one bears it out.</summary>
    public const long SlackMs = 600_000;

    // A candle ahead of the present is borne out by one of the next few pushes or not at all: the exchange sends the previous candle in between.
    private const int PushesToBearOut = 4;

    private long? _told;
    private long _toldAt;
    private long? _leap;
    private long? _ahead;
    private int _pushesLeft;

    /// <summary>Null before any time was told.</summary>
    public long? Latest => _told is { } told ? told + (long)time.GetElapsedTime(_toldAt).TotalMilliseconds : null;

    /// <summary>The exchange told its time. An older one, as a cache tells it, changes nothing.</summary>
    public void Told(long exchangeTime)
    {
        if (!(exchangeTime <= Latest)) Set(exchangeTime);
    }

    /// <summary>The exchange's time, also where it goes back.</summary>
    public void Set(long exchangeTime) => (_told, _toldAt) = (exchangeTime, time.GetTimestamp());

    /// <summary>The time of a REST answer as far as it is believed: one that leaps ahead of the present counts as the present until the next answer bears it out.</summary>
    public long Believed(long asOf)
    {
        if (Latest is { } latest && asOf > latest + SlackMs)
        {
            var isBorneOut = asOf >= _leap;
            _leap = asOf;
            if (!isBorneOut) return latest;
        }
        else
        {
            _leap = null;
        }

        Told(asOf);
        return asOf;
    }

    /// <summary>
    /// True where a candle pushed without a time may be of the present. One that opens ahead of it is believed when another push bears it out,
    /// for the time told may be too old.
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
}
