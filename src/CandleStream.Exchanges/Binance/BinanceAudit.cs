namespace CandleStream.Exchanges.Binance;

/// <summary>
/// Finds what is missing in the candles of one stream. The exchange tells every interval, also an empty one, and marks it when it is over;
/// trades are numbered without a hole. So a candle whose mark did not come, or a trade whose number was left out, shows a loss. Pure.
/// </summary>
internal sealed class BinanceAudit(Timeframe timeframe)
{
    // What comes later than this after its end was lost on the way. Less than a series waits before it closes a candle by time alone.
    private const long MarkDueMs = 4000;

    private long? _running;
    private bool _isOver;
    private long _lastTrade = -1;

    /// <summary>The interval that ran when the stream began, as history told it: from there on nothing may be missing.</summary>
    public void Begin(long openTime) => (_running, _isOver, _lastTrade) = (openTime, false, -1);

    /// <summary>Takes the next candle of the stream.</summary>
    /// <param name="kline">The candle.</param>
    /// <param name="missing">The open times of candles that are not whole, or may not be; null where nothing is missing.</param>
    /// <returns>False where the candle is older than what was told already: it is not news.</returns>
    public bool Take(in BinanceKline kline, out TimeRange? missing)
    {
        var (time, hasTrades) = (kline.Candle.Time, kline.LastTrade >= 0);
        missing = null;
        if (time < _running) return true;
        if (time == _running && ((_isOver && !kline.Candle.Closed) || (hasTrades && kline.LastTrade < _lastTrade))) return false;
        if (time > _running) missing = MissingBefore(kline, hasTrades);
        (_running, _isOver) = (time, kline.Candle.Closed);
        if (hasTrades) _lastTrade = kline.LastTrade;
        return true;
    }

    /// <summary>
    /// The exchange's time has come this far on some stream of the socket. The open times of candles whose mark should have come by then;
    /// null where none is missing.
    /// </summary>
    public TimeRange? PassTime(long exchangeTime)
    {
        if (_running is not { } running) return null;
        var first = _isOver ? timeframe.EndOf(running) : running;
        if (exchangeTime < timeframe.EndOf(first) + MarkDueMs) return null;
        // The interval that runs now is waited for.
        var next = timeframe.StartOf(exchangeTime - MarkDueMs);
        (_running, _isOver, _lastTrade) = (next, false, -1);
        return new TimeRange(first, next);
    }

    private TimeRange? MissingBefore(in BinanceKline kline, bool hasTrades)
    {
        var running = _running!.Value;
        var fits = hasTrades && _lastTrade >= 0 && kline.FirstTrade == _lastTrade + 1;
        if (fits) return null;
        var isNext = _isOver && timeframe.EndOf(running) >= kline.Candle.Time;
        // All were told to be over, and the numbers say nothing else.
        if (isNext && (!hasTrades || _lastTrade < 0)) return null;
        return new TimeRange(_isOver && !isNext ? timeframe.EndOf(running) : running, kline.Candle.Time);
    }
}
