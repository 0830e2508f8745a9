using CandleStream.Providers;

namespace CandleStream.Exchanges;

/// <summary>
/// Decides what a REST answer proves. Pure. An answer is complete only where nothing about it is odd: believing a wrong one would turn a
/// gap into "no trade happened".
/// </summary>
internal static class HistoryPageReader
{
    /// <summary>
    /// Reads the answer to "the first <paramref name="limit"/> candles of <paramref name="range"/>, oldest first". It is complete up to its
    /// last row: an answer may have been cut anywhere, so a short one is not the end. Only one without any row shows that there is nothing.
    /// </summary>
    /// <param name="rows">The candles, in the order sent.</param>
    /// <param name="unreadable">The times that rows may have had which could not be read.</param>
    /// <param name="range">The times that were asked for.</param>
    /// <param name="limit">How many candles were asked for.</param>
    /// <param name="timeframe">Their length.</param>
    /// <param name="asOf">The time of the answer, where it told one.</param>
    /// <param name="dropped">Told how many rows are not used.</param>
    /// <exception cref="CandleProviderException">The answer cannot be one to that question.</exception>
    public static HistoryPage Read(
        List<Candle> rows, TimeRangeSet unreadable, TimeRange range, int limit, Timeframe timeframe, long? asOf, Action<int> dropped)
    {
        var isSorted = IsAscending(rows);
        var candles = InOrder(rows.Where(c => range.Contains(c.Time)));
        var outside = rows.Count(c => !range.Contains(c.Time));
        if (candles.Count < rows.Count) dropped(rows.Count - candles.Count);
        if (outside > 0 && candles.Count == 0)
            throw new CandleProviderException("the exchange answered over REST with candles outside the range");
        if (rows.Count >= limit && !isSorted) throw new CandleProviderException("the exchange answered over REST in the wrong order");

        var complete = range;
        if (outside > 0 || !isSorted) complete = complete with { From = candles[0].Time };
        if (candles.Count > 0) complete = complete with { To = Math.Min(complete.To, timeframe.EndOf(candles[^1].Time)) };
        else if (unreadable.Ranges is [.., var last]) complete = complete with { To = Math.Min(complete.To, last.To) };
        return new HistoryPage(complete, candles, AsOf(asOf, candles)) { Unreadable = unreadable.Intersect(complete) };
    }

    /// <summary>
    /// Reads the answer to "the newest candles". What was cut off is its oldest end, so it is complete from its oldest row on, up to the
    /// candle that runs at the answer's time; but only its rows prove anything, see <see cref="HistoryPage.ProvedTo"/>.
    /// </summary>
    public static HistoryPage ReadNewest(List<Candle> rows, TimeRangeSet unreadable, Timeframe timeframe, long? asOf, Action<int> dropped)
    {
        var candles = InOrder(rows);
        if (candles.Count < rows.Count) dropped(rows.Count - candles.Count);
        var time = AsOf(asOf, candles);
        if (candles.Count == 0) return new HistoryPage(new TimeRange(time, time), candles, time);
        var to = Math.Max(timeframe.EndOf(candles[^1].Time), timeframe.EndOf(timeframe.StartOf(time)));
        var complete = new TimeRange(candles[0].Time, to);
        return new HistoryPage(
            complete, candles, time)
        { Unreadable = unreadable.Intersect(complete), ProvedTo = timeframe.EndOf(candles[^1].Time) };
    }

    /// <summary>The open times that unreadable rows may have had: their own, else those between the readable rows around them.</summary>
    public static TimeRangeSet TimesOf(IReadOnlyList<UnreadableRow> unreadable, List<Candle> rows, Timeframe timeframe) =>
        TimeRangeSet.Of(unreadable.Select(row =>
        {
            if (row.Time is { } time) return new TimeRange(timeframe.StartOf(time), timeframe.EndOf(timeframe.StartOf(time)));
            if (rows.Count == 0) return new TimeRange(0, long.MaxValue);
            var isAscending = rows[0].Time <= rows[^1].Time;
            long? before = row.At > 0 ? rows[row.At - 1].Time : null, after = row.At < rows.Count ? rows[row.At].Time : null;
            var (lower, upper) = isAscending ? (before, after) : (after, before);
            return new TimeRange(lower is { } from ? timeframe.EndOf(from) : 0, upper ?? long.MaxValue);
        }));

    // Without a Date the content itself is the only witness: it cannot be older than its newest candle.
    private static long AsOf(long? stated, List<Candle> candles) => stated ?? (candles.Count > 0 ? candles[^1].Time : 0);

    private static bool IsAscending(List<Candle> rows)
    {
        for (var i = 1; i < rows.Count; i++)
            if (rows[i].Time <= rows[i - 1].Time) return false;
        return true;
    }

    // Of two candles with one time the one sent last is kept.
    private static List<Candle> InOrder(IEnumerable<Candle> rows)
    {
        var byTime = new SortedDictionary<long, Candle>();
        foreach (var candle in rows) byTime[candle.Time] = candle;
        return [.. byTime.Values];
    }
}
