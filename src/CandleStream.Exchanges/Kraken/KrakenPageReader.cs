using CandleStream.Providers;

namespace CandleStream.Exchanges.Kraken;

/// <summary>
/// Decides what a REST answer proves. Pure. The exchange tells every interval, flat and without a trade where nothing happened: a row
/// proves its own time, and nothing but a row does. It keeps the newest 720; what is older is not to be had.
/// </summary>
internal static class KrakenPageReader
{
    /// <summary>How many candles the exchange keeps beside the running one. Source: Kraken documentation, get-ohlc-data.</summary>
    public const int Depth = 720;

    /// <summary>Reads an answer: its candles within <paramref name="range"/>, or all of them where that is null.</summary>
    /// <param name="rows">The candles in the order sent, flat ones among them; the last one runs.</param>
    /// <param name="unreadable">The times that rows may have had which could not be read.</param>
    /// <param name="range">The times that were asked for; null for the newest candles.</param>
    /// <param name="timeframe">Their length.</param>
    /// <param name="asOf">The time of the answer, where it told one.</param>
    /// <param name="dropped">Told how many rows are not used: those that are there twice or at no time of a candle.</param>
    /// <exception cref="CandleProviderException">The answer cannot be one to that question.</exception>
    public static HistoryPage Read(
        List<Candle> rows, TimeRangeSet unreadable, TimeRange? range, Timeframe timeframe, long? asOf, Action<int> dropped)
    {
        var byTime = new SortedDictionary<long, Candle>();
        foreach (var row in rows)
            if (timeframe.StartOf(row.Time) == row.Time) byTime[row.Time] = row;
        if (byTime.Count < rows.Count) dropped(rows.Count - byTime.Count);
        if (byTime.Count == 0) throw new CandleProviderException("the exchange answered over REST without a candle");
        for (var i = 1; i < rows.Count; i++)
            if (rows[i].Time < rows[i - 1].Time) throw new CandleProviderException("the exchange answered over REST in the wrong order");

        List<Candle> candles = [.. byTime.Values];
        var (first, running) = (candles[0], candles[^1]);
        // The running row proves a trade, but never that there was none.
        var told = new TimeRange(first.Time, running.Figures.Trades == 0 ? running.Time : timeframe.EndOf(running.Time));
        var isCutOff = candles.Count >= Depth;
        var complete = range is { } asked ? Answered(asked, told, isCutOff) : told;
        var missing = unreadable.Union(WithoutRow(candles, timeframe)).Union(TimeRangeSet.Of([new TimeRange(told.To, long.MaxValue)]));
        return new HistoryPage(
            complete, candles.FindAll(c => c.Figures.Trades != 0 && complete.Contains(c.Time)), asOf ?? running.Time)
        {
            Unreadable = missing.Intersect(complete),
            NothingBefore = isCutOff ? first.Time : long.MinValue,
        };
    }

    // The part of what was asked for that the answer is about. What is older than its depth belongs to it: that is not to be had.
    private static TimeRange Answered(TimeRange asked, TimeRange told, bool isCutOff)
    {
        var from = isCutOff ? asked.From : Math.Clamp(told.From, asked.From, asked.To);
        // An answer that ends before the times that were asked for says nothing of them; it must not be asked for at once again.
        return new TimeRange(from, told.To > asked.From ? Math.Max(from, Math.Min(told.To, asked.To)) : asked.To);
    }

    private static TimeRangeSet WithoutRow(List<Candle> candles, Timeframe timeframe)
    {
        List<TimeRange> missing = [];
        for (var i = 1; i < candles.Count; i++)
        {
            var end = timeframe.EndOf(candles[i - 1].Time);
            if (end < candles[i].Time) missing.Add(new TimeRange(end, candles[i].Time));
        }

        return TimeRangeSet.Of(missing);
    }
}
