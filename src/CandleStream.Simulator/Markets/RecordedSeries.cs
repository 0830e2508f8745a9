using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Markets;

/// <summary>The candles of one key as trades made them so far.</summary>
internal sealed class RecordedSeries(CandleKey key)
{
    private readonly List<MarketCandle> _candles = [];

    // Of the candle at the same place.
    private readonly List<MarketFigures> _figures = [];

    public CandleKey Key => key;

    /// <summary>Trades come in rising time: they change the last candle or begin a new one.</summary>
    public MarketCandle Add(long tradeTime, in RecordedTrade trade)
    {
        var time = key.Timeframe.Floor(tradeTime);
        if (_candles.Count > 0 && _candles[^1].Time == time)
        {
            _candles[^1] = _candles[^1].Add(trade.Price, trade.Amount);
        }
        else
        {
            _candles.Add(MarketCandle.FromTrade(time, trade.Price, trade.Amount));
            _figures.Add(MarketFigures.None);
        }
        _figures[^1] = _figures[^1].Add(trade.Id, trade.Price, trade.Amount, trade.IsTakerBuy);
        return _candles[^1];
    }

    /// <summary>
    /// Adds a trade to the candle that holds <paramref name="tradeTime"/>, not as its last: the close stays. Null: there is no such candle.
    /// </summary>
    public MarketCandle? Revise(long tradeTime, decimal price, decimal amount)
    {
        var index = IndexFrom(key.Timeframe.Floor(tradeTime));
        if (index == _candles.Count || _candles[index].Time != key.Timeframe.Floor(tradeTime))
            return null;
        var close = _candles[index].Close;
        var figures = _figures[index];
        _figures[index] = figures with { Trades = figures.Trades + 1, QuoteVolume = figures.QuoteVolume + (price * amount) };
        return _candles[index] = _candles[index].Add(price, amount) with { Close = close };
    }

    /// <summary>What is known of the trades of the candle that opens at a time.</summary>
    public MarketFigures FiguresAt(long time)
    {
        var index = IndexFrom(time);
        return index < _candles.Count && _candles[index].Time == time ? _figures[index] : MarketFigures.None;
    }

    public IReadOnlyList<MarketCandle> Read(long start, long end, int limit, bool oldest)
    {
        var first = IndexFrom(start);
        var last = end == long.MaxValue ? _candles.Count : IndexFrom(end + 1);
        var count = Math.Min(limit, Math.Max(0, last - first));
        return _candles.GetRange(oldest ? first : Math.Max(first, last - count), count);
    }

    private int IndexFrom(long time)
    {
        var (low, high) = (0, _candles.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (_candles[middle].Time < time)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
