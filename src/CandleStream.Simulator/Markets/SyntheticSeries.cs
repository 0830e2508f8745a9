using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Markets;

/// <summary>
/// The candles of one invented pair, folded from its trades: every timeframe is an exact sum of the same minutes, and what is visible
/// at a moment is a pure function of that moment. Hours and days that can no longer change are remembered.
/// </summary>
internal sealed class SyntheticSeries(SyntheticPair pair)
{
    private readonly Dictionary<long, Sum?> _hours = [];
    private readonly Dictionary<long, Sum?> _days = [];

    // The present minute and those around it are asked for again with every trade.
    private readonly (long Minute, SyntheticTrade[]? Trades)[] _recent = new (long, SyntheticTrade[]?)[8];

    // Trades added by hand (a late revision on command), by minute.
    private readonly Dictionary<long, List<SyntheticTrade>> _added = [];

    /// <summary>
    /// The candle from <paramref name="start"/> to <paramref name="end"/> as the market sees it at <paramref name="asOf"/>; null without a
    /// trade.
    /// </summary>
    public MarketCandle? Candle(long start, long end, long asOf) => Fold(start, end, asOf)?.ToCandle(start);

    /// <summary>How many trades there are from <paramref name="start"/> to <paramref name="end"/>, as of a moment.</summary>
    public long Count(long start, long end, long asOf) => Fold(start, end, asOf)?.Count ?? 0;

    /// <summary>The trades of a minute, those added by hand last.</summary>
    public SyntheticTrade[] Trades(long minute)
    {
        ref var recent = ref _recent[minute / MarketTimeframe.Minute % _recent.Length];
        if (recent.Trades is null || recent.Minute != minute)
            recent = (minute, _added.TryGetValue(minute, out var added) ? [.. pair.Trades(minute), .. added] : pair.Trades(minute));
        return recent.Trades;
    }

    /// <summary>Adds a trade at the last price of a minute that has traded; null where it has not.</summary>
    public SyntheticTrade? AddLate(long minute, long visibleAt)
    {
        if (Fold(minute, minute + MarketTimeframe.Minute, visibleAt) is not { } sum)
            return null;
        if (!_added.TryGetValue(minute, out var added))
            _added[minute] = added = [];
        var trade = new SyntheticTrade(minute + MarketTimeframe.Minute - 1, visibleAt, sum.Close, SyntheticTrade.Unit / 8);
        added.Add(trade);
        Array.Clear(_recent);
        _hours.Remove(minute - (minute % MarketTimeframe.Hour));
        _days.Remove(minute - (minute % MarketTimeframe.Day));
        return trade;
    }

    /// <summary>
    /// When the next trade after <paramref name="after"/> becomes visible; <paramref name="until"/> where none does before.
    /// </summary>
    public long NextVisible(long after, long until)
    {
        for (var minute = FirstMinuteVisibleAfter(after); minute < until; minute += MarketTimeframe.Minute)
        {
            foreach (var trade in Trades(minute))
            {
                if (trade.VisibleAt > after)
                    until = Math.Min(until, trade.VisibleAt);
            }
        }
        return until;
    }

    /// <summary>The trades that become visible after <paramref name="after"/> and up to <paramref name="upTo"/>.</summary>
    public IEnumerable<SyntheticTrade> Visible(long after, long upTo)
    {
        for (var minute = FirstMinuteVisibleAfter(after); minute <= upTo; minute += MarketTimeframe.Minute)
        {
            foreach (var trade in Trades(minute))
            {
                if (trade.VisibleAt > after && trade.VisibleAt <= upTo)
                    yield return trade;
            }
        }
    }

    private static long FirstMinuteVisibleAfter(long after)
    {
        var time = after - SyntheticPair.LatestVisible - MarketTimeframe.Minute;
        return time - (time % MarketTimeframe.Minute);
    }

    private Sum? Fold(long start, long end, long asOf)
    {
        Sum? sum = null;
        var time = start;
        while (time < end && time <= asOf)
        {
            if (IsWhole(time, MarketTimeframe.Day, end, asOf))
                sum = Sum.Join(sum, Remembered(_days, time, MarketTimeframe.Day, asOf), out time, time + MarketTimeframe.Day);
            else if (IsWhole(time, MarketTimeframe.Hour, end, asOf))
                sum = Sum.Join(sum, Remembered(_hours, time, MarketTimeframe.Hour, asOf), out time, time + MarketTimeframe.Hour);
            else
                sum = Sum.Join(sum, FoldMinute(time, asOf), out time, time + MarketTimeframe.Minute);
        }
        return sum;
    }

    private static bool IsWhole(long time, long length, long end, long asOf) =>
        time % length == 0 && time + length <= end && time + length + SyntheticPair.LatestVisible <= asOf;

    private Sum? Remembered(Dictionary<long, Sum?> sums, long time, long length, long asOf)
    {
        if (sums.TryGetValue(time, out var sum))
            return sum;
        // In pieces below its own length, or it would ask itself.
        var piece = length == MarketTimeframe.Day ? MarketTimeframe.Hour : MarketTimeframe.Minute;
        for (var at = time; at < time + length; at += piece)
            sum = Sum.Join(sum, piece == MarketTimeframe.Minute ? FoldMinute(at, asOf) : Fold(at, at + piece, asOf), out _, 0);
        sums[time] = sum;
        return sum;
    }

    private Sum? FoldMinute(long minute, long asOf)
    {
        if (minute + MarketTimeframe.Minute + SyntheticPair.LatestVisible <= asOf && !_added.ContainsKey(minute))
            return pair.Minute(minute) is { } whole
                ? new Sum(whole.Open, whole.High, whole.Low, whole.Close, whole.Volume, whole.Count)
                : null;
        Sum? sum = null;
        foreach (var trade in Trades(minute))
        {
            if (trade.VisibleAt <= asOf)
                sum = Sum.Join(sum, new Sum(trade.Price, trade.Price, trade.Price, trade.Price, trade.Amount, 1), out _, 0);
        }
        return sum;
    }

    private readonly record struct Sum(long Open, long High, long Low, long Close, long Volume, long Count)
    {
        public static Sum? Join(Sum? first, Sum? second, out long time, long next)
        {
            time = next;
            if (first is not { } a || second is not { } b)
                return first ?? second;
            return new Sum(a.Open, Math.Max(a.High, b.High), Math.Min(a.Low, b.Low), b.Close, a.Volume + b.Volume, a.Count + b.Count);
        }

        public MarketCandle ToCandle(long time) =>
            new(time, ToDecimal(Open), ToDecimal(High), ToDecimal(Low), ToDecimal(Close), ToDecimal(Volume));

        private static decimal ToDecimal(long units) => new((int)units, (int)(units >> 32), 0, false, 8);
    }
}
