namespace CandleStream.Exchanges.Kraken;

/// <summary>Where one subscription stands.</summary>
internal enum KrakenChannelState
{
    /// <summary>Waits for its turn to be sent, or was sent and is not answered yet.</summary>
    Asked,

    /// <summary>Answered; its snapshot has not come yet.</summary>
    Acknowledged,

    /// <summary>Its snapshot came, and candles do.</summary>
    Live,

    /// <summary>Given up by either side.</summary>
    Ended,
}

/// <summary>One subscription of one series on one connection.</summary>
internal sealed class KrakenChannel(KrakenSubscriptions subscriptions, IChannelListener listener) : ExchangeChannel(listener)
{
    // Owned by the read loop: the newest state told.
    private long _time;
    private long _trades;

    /// <summary>The exchange's name of the symbol, <c>BTC/USD</c>.</summary>
    public string Symbol { get; } = listener.Series.Pair;

    /// <summary>The length of its candles in minutes.</summary>
    public int Interval { get; } = KrakenNames.IntervalOf(listener.Series.Timeframe);

    /// <summary>Guarded by the lock of the subscriptions.</summary>
    public KrakenChannelState State { get; set; }

    /// <summary>The number of the request that asked for it; 0 before it was sent. Guarded by the lock of the subscriptions.</summary>
    public long RequestId { get; set; }

    /// <summary>When it must have been answered (timestamp). Guarded by the lock of the subscriptions.</summary>
    public long Deadline { get; set; }

    public override void Release() => subscriptions.Release(this);

    /// <summary>True where a candle is news: of one candle the trades only become more, and a state with fewer was overtaken.</summary>
    public bool IsNews(in Candle candle)
    {
        var trades = candle.Figures.Trades ?? 0;
        if (candle.Time == _time && trades < _trades) return false;
        if (candle.Time >= _time) (_time, _trades) = (candle.Time, trades);
        return true;
    }
}
