namespace CandleStream.Exchanges.Binance;

/// <summary>Where one subscription stands.</summary>
internal enum BinanceChannelState
{
    /// <summary>Waits for its turn to be sent, or was sent and is not answered yet.</summary>
    Asked,

    /// <summary>Answered; its history is being fetched.</summary>
    Acknowledged,

    /// <summary>Its history was handed on, and candles are.</summary>
    Live,

    /// <summary>Given up by either side.</summary>
    Ended,
}

/// <summary>
/// One subscription of one series on one connection. What comes between the acknowledgement and the history waits here.
/// </summary>
internal sealed class BinanceChannel(BinanceSubscriptions subscriptions, IChannelListener listener, string stream, Task retiring)
    : ExchangeChannel(listener)
{
    // Some seconds of one stream, of which the newest count.
    private const int MostWaiting = 64;

    // Guarded by _gate, under which the listener is called: the read loop and the end of the fetch meet here.
    private readonly Lock _gate = new();
    private readonly BinanceAudit _audit = new(listener.Series.Timeframe);
    private readonly Queue<(BinanceKline Kline, long? Time, long ReceivedAt)> _waiting = new();
    private bool _isLive;

    /// <summary>The exchange's name of it, <c>btcusdt@kline_1m</c>.</summary>
    public string Stream { get; } = stream;

    public override Task Retiring { get; } = retiring;

    /// <summary>Guarded by the lock of the subscriptions.</summary>
    public BinanceChannelState State { get; set; }

    /// <summary>The number of the request that asked for it; 0 before it was sent. Guarded by the lock of the subscriptions.</summary>
    public long RequestId { get; set; }

    /// <summary>When it must have been answered (timestamp). Guarded by the lock of the subscriptions.</summary>
    public long Deadline { get; set; }

    public override void Release() => subscriptions.Release(this);

    /// <summary>A candle came; before the history it waits.</summary>
    /// <returns>How many losses it shows: 0 or 1.</returns>
    public int Take(in BinanceKline kline, long? exchangeTime, long receivedAt)
    {
        LastFrameAt = receivedAt;
        lock (_gate)
        {
            if (_isLive) return Deliver(kline, exchangeTime, receivedAt);
            if (_waiting.Count == MostWaiting) _waiting.Dequeue();
            _waiting.Enqueue((kline, exchangeTime, receivedAt));
            return 0;
        }
    }

    /// <summary>A candle came that cannot be read.</summary>
    public void TakeUnreadable(long? openTime, long receivedAt)
    {
        LastFrameAt = receivedAt;
        var timeframe = Listener.Series.Timeframe;
        lock (_gate)
        {
            if (!_isLive) return;
            Listener.OnUnreadable(this, openTime is { } time && ExchangeNumbers.IsPossible(time)
                ? new TimeRange(timeframe.StartOf(time), timeframe.EndOf(timeframe.StartOf(time)))
                : null);
        }
    }

    /// <summary>The exchange's time, as heard on any stream of the socket.</summary>
    /// <returns>How many losses it shows: 0 or 1.</returns>
    public int PassTime(long exchangeTime)
    {
        lock (_gate)
        {
            if (!_isLive) return 0;
            var missing = _audit.PassTime(exchangeTime);
            if (missing is { } times) Listener.OnIncomplete(this, times);
            Listener.OnExchangeTime(this, exchangeTime);
            return missing is null ? 0 : 1;
        }
    }

    /// <summary>
    /// The history is here: the series is followed from now on, and what waited comes after it. Without history, as where REST shuts us
    /// out, what waited is all there is, and the rest is a gap.
    /// </summary>
    /// <param name="candles">Oldest first, the running one last.</param>
    /// <param name="exchangeTime">Of when the answer is; null where there was none.</param>
    /// <param name="running">The open time of the last interval that the answer tells, an empty one included; null where it tells
    /// none.</param>
    /// <returns>How many losses show by now.</returns>
    public int GoLive(IReadOnlyList<Candle> candles, long? exchangeTime, long? running)
    {
        lock (_gate)
        {
            var told = candles.ToDictionary(c => c.Time);
            if (exchangeTime is { } time) HeardUntil = time;
            else if (_waiting.TryPeek(out var first)) exchangeTime = first.Time;
            // Newest first, as snapshots come.
            Listener.OnSnapshot(this, [.. candles.Reverse()], exchangeTime);
            if (running is { } open) _audit.Begin(open);
            _isLive = true;
            var losses = 0;
            while (_waiting.TryDequeue(out var waiting))
            {
                var known = told.GetValueOrDefault(waiting.Kline.Candle.Time);
                var isOlder = known.Figures.Trades > waiting.Kline.Candle.Figures.Trades;
                losses += isOlder ? Audit(waiting.Kline) : Deliver(waiting.Kline, waiting.Time, waiting.ReceivedAt);
            }

            return losses;
        }
    }

    // Called under _gate.
    private int Deliver(in BinanceKline kline, long? exchangeTime, long receivedAt)
    {
        var candle = kline.Candle;
        var timeframe = Listener.Series.Timeframe;
        var end = timeframe.EndOf(candle.Time);
        // A time that cannot be is the series' to refuse: no numbers are read out of it.
        var isPossible = candle.Time >= Candle.FirstTime && timeframe.StartOf(candle.Time) == candle.Time
            && !(exchangeTime < candle.Time - ExchangeClock.SlackMs);
        if (isPossible)
        {
            if (!_audit.Take(kline, out var missing)) return 0;
            if (missing is { } times)
            {
                Listener.OnIncomplete(this, times);
                Hand();
                return 1;
            }
        }

        Hand();
        return 0;

        void Hand()
        {
            if (exchangeTime is { } heard) HeardUntil = heard;
            // A mark that comes before the end is none: the exchange's own clock counts.
            if (candle.Closed && exchangeTime < end) candle = candle with { Closed = false };
            if (candle.Figures.Trades > 0) Listener.OnCandle(this, candle, exchangeTime, receivedAt);
            else if (candle.Closed && isPossible) Listener.OnEmpty(this, new TimeRange(candle.Time, end), exchangeTime);
        }
    }

    // Called under _gate. What is older than the history is still a link of the chain.
    private int Audit(in BinanceKline kline)
    {
        _audit.Take(kline, out var missing);
        if (missing is { } times) Listener.OnIncomplete(this, times);
        return missing is null ? 0 : 1;
    }
}
