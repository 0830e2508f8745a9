using CandleStream.Streaming;

namespace CandleStream.Server.Sse;

/// <summary>One connection's interest in one series. Owned by the sender thread once registered.</summary>
internal sealed class SseSubscription(SseConnection connection, SeriesHub hub, SeriesStatus toldStatus)
{
    public SseConnection Connection { get; } = connection;

    public SeriesHub Hub { get; } = hub;

    /// <summary>The status this client was told last.</summary>
    public SeriesStatus ToldStatus { get; set; } = toldStatus;

    /// <summary>What became of the join; set by the request before the connection goes live.</summary>
    public JoinMode Mode { get; set; }

    /// <summary>The series in the sender's care; null before the registration.</summary>
    public SseSeries? Series { get; set; }

    /// <summary>Where it stands in <see cref="SseSeries"/>.</summary>
    public int Index { get; set; } = -1;

    /// <summary>Rev of the forming candle this client got last, as a candle or a delta; 0 where the next must be a whole candle.</summary>
    public long LastFormingRev { get; set; }

    /// <summary>Marks of <see cref="WaitingEvents.Conflate"/>, cleared by it.</summary>
    public bool HasNewestForming { get; set; }

    public long NewestClosedTime { get; set; } = long.MinValue;

    public void ForgetMarks() => (HasNewestForming, NewestClosedTime) = (false, long.MinValue);

    /// <summary>The bytes of an update for this client: a delta where it holds the base, else the whole candle.</summary>
    public SseFrame FrameOf(SseUpdate update)
    {
        if (update.IsClosed)
        {
            LastFormingRev = 0;
            return update.Candle;
        }

        var isDelta = Connection.WantsDeltas && update.BaseRev != 0 && update.BaseRev == LastFormingRev;
        LastFormingRev = update.Rev;
        return isDelta ? update.Delta : update.Candle;
    }
}
