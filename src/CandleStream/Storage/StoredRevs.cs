namespace CandleStream.Storage;

/// <summary>
/// The revs a store holds, before the counter starts above them. One rev out of reach would put every later one out of reach too:
/// JavaScript, whose safe integers end at 2^53, would drop nearly every update. Such a rev was written by a mistake, so its candle is
/// deleted and asked for again.
/// </summary>
public static class StoredRevs
{
    // A line for each; a store that is full of them needs no more to be understood.
    private const int Named = 100;

    /// <summary>Deletes what cannot be, and answers the highest of the rest.</summary>
    /// <param name="store">An open store.</param>
    /// <param name="say">Takes one line for each deleted candle.</param>
    /// <param name="cancel">Ends the work; it may be begun again.</param>
    public static async Task<Rev> ReadAsync(ICandleStore store, Action<string> say, CancellationToken cancel)
    {
        var highest = await store.HighestRevAsync(cancel);
        if (highest < RevCounter.Limit) return highest;
        foreach (var series in await store.ListSeriesAsync(cancel)) await DeleteAsync(store, series, say, cancel);
        return await store.HighestRevAsync(cancel);
    }

    private static async Task DeleteAsync(ICandleStore store, SeriesKey series, Action<string> say, CancellationToken cancel)
    {
        var found = await store.ChangesSinceAsync(series, new Rev(RevCounter.Limit.Value - 1), int.MaxValue, cancel).ToListAsync(cancel);
        if (found.Count == 0) return;
        // First, as in every deletion: what is known must never run ahead of the candles.
        var unverified = TimeRangeSet.Of(found.Select(c => new TimeRange(c.Time, Math.Max(c.Time + 1, series.Timeframe.EndOf(c.Time)))));
        await store.SaveAsync(new StoreBatch([], [new SeriesChange(series, TimeRangeSet.Empty, unverified)]), cancel);
        await store.DeleteFromRevAsync(series, RevCounter.Limit, cancel);
        foreach (var candle in found.Take(Named)) say(
            $"{series}: the stored candle of {candle.Time} has the impossible rev {candle.Rev}; it was deleted and will be fetched again.");
        if (found.Count > Named) say($"{series}: {found.Count - Named} more candles with such revs were deleted.");
    }
}
