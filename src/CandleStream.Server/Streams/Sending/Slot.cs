using CandleStream.Server.Streams.Events;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Streams.Sending;

/// <summary>One connection's interest in one series. Owned by the sender thread once registered.</summary>
internal sealed class Slot(Connection connection, ISeries source, SeriesStatus toldStatus)
{
    // The newest forming candle, while it waits for its turn under max_rate.
    private EncodedUpdate? _held;

    public Connection Connection { get; } = connection;

    public ISeries Source { get; } = source;

    /// <summary>The status this client was told last.</summary>
    public SeriesStatus ToldStatus { get; set; } = toldStatus;

    /// <summary>What became of the join; set by the request before the connection goes live.</summary>
    public JoinMode Mode { get; set; }

    /// <summary>The series in the sender's care; null before the registration.</summary>
    public SeriesReaders? Series { get; set; }

    /// <summary>Where it stands in <see cref="SeriesReaders"/>.</summary>
    public int Index { get; set; } = -1;

    /// <summary>Rev of the forming candle this client got last, as a candle or a delta; none where the next must be a whole one.</summary>
    public Rev LastFormingRev { get; set; }

    /// <summary>Marks of <see cref="WaitingEvents.Conflate"/>, cleared by it.</summary>
    public bool HasNewestForming { get; set; }

    public long NewestClosedTime { get; set; } = long.MinValue;

    public void ForgetMarks() => (HasNewestForming, NewestClosedTime) = (false, long.MinValue);

    /// <summary>Keeps a forming candle for the next turn under <c>max_rate</c>; an older version is never sent.</summary>
    public void HoldBack(EncodedUpdate update)
    {
        if (_held is not null) Series!.Counters.CountConflated();
        _held = update;
    }

    /// <summary>
    /// A newer candle is about to go: what is held is no news any more, or (where the newer one revises an earlier time) has to go before
    /// it.
    /// </summary>
    public void PassHeld(EncodedUpdate newer)
    {
        if (_held is null) return;
        if (_held.Update.Candle.Time <= newer.Update.Candle.Time) Series!.Counters.CountConflated();
        else Connection.Waiting.Add(this, _held);
        _held = null;
    }

    /// <summary>The turn has come.</summary>
    public void ReleaseHeld()
    {
        if (_held is not null) Connection.Waiting.Add(this, _held);
        _held = null;
    }

    /// <summary>The bytes of an update for this client: a delta where it holds the base, else the whole candle.</summary>
    public Frame FrameOf(EncodedUpdate update)
    {
        if (update.IsClosed)
        {
            LastFormingRev = Rev.None;
            return update.Candle;
        }

        var isDelta = Connection.WantsDeltas && update.BaseRev != Rev.None && update.BaseRev == LastFormingRev;
        LastFormingRev = update.Rev;
        return isDelta ? update.Delta : update.Candle;
    }
}
