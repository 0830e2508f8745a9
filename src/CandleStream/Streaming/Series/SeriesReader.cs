using CandleStream.Storage;

namespace CandleStream.Streaming.Series;

/// <summary>
/// The one place that knows the seam between an open series' memory and the archive below it. Memory is looked at first: what leaves it
/// afterwards is in the archive.
/// </summary>
internal sealed class SeriesReader(CandleArchive archive)
{
    /// <summary>Candles of a range of an open or (without a hub) closed series.</summary>
    public async Task<SeriesPart> ReadAsync(
        SeriesKey series, SeriesHub? hub, TimeRange range, int limit, bool newestEnd, CancellationToken cancel)
    {
        var memory = hub?.Look(range);
        var stored =
            await archive.ReadAsync(series, range with { To = Math.Min(range.To, hub?.Horizon ?? range.To) }, limit, newestEnd, cancel);
        var readable = new TimeRange(stored is not null ? long.MinValue : memory?.OldestTime ?? long.MaxValue, long.MaxValue);
        return new SeriesPart((stored ?? []).Merge(memory?.Candles ?? []).Limit(limit, newestEnd), TimeRangeSet.Of(readable));
    }

    /// <summary>
    /// Everything that changed after <paramref name="rev"/>; null when that is not held completely. More than <paramref name="limit"/>
    /// candles may be cut off.
    /// </summary>
    /// <param name="hub">The open series.</param>
    /// <param name="rev">Changes with a higher rev are read.</param>
    /// <param name="neededFrom">From this rev on they must be held completely.</param>
    /// <param name="limit">Most candles to read from the store.</param>
    /// <param name="cancel">Ends the reading.</param>
    public async Task<SeriesChanges?> ChangesSinceAsync(SeriesHub hub, Rev rev, Rev neededFrom, int limit, CancellationToken cancel)
    {
        var view = hub.View(0, rev);
        if (neededFrom < view.CompleteFrom) return null;
        if (rev >= view.HoldsChangesAfter) return new SeriesChanges(view.Changed, view.Status);
        var stored = await archive.ChangesSinceAsync(hub.Key, rev, limit, cancel);
        var horizon = hub.Horizon;
        stored?.RemoveAll(c => c.Time >= horizon);
        return stored is null ? null : new SeriesChanges(stored.Merge(view.Changed), view.Status);
    }

    /// <summary>
    /// The newest candles of an open series, back to the first hole that its status does not name: behind it lies history, and a chart
    /// would draw over the hole.
    /// </summary>
    public async Task<NewestCandles> NewestAsync(SeriesHub hub, int count, CancellationToken cancel)
    {
        while (true)
        {
            var view = hub.View(count, Rev.Never);
            if (count == 0 || view.OldestTime is not { } oldest) return new NewestCandles(view.Newest, view.Status);
            var wanted = count - view.Newest.Count;
            var older = wanted <= 0 ? [] : await archive.ReadAsync(hub.Key, new TimeRange(0, oldest), wanted, newestEnd: true, cancel);
            // While the store is away the snapshot ends where memory does, as it would at a hole; a question for the history before it is
            // told what is missing.
            var from = ReachOf(view);
            List<Candle> candles = [.. (older ?? []).Concat(view.Newest).Where(c => c.Time >= from)];
            // What is fetched after this is a repair. What was fetched before it as history is there to be read.
            if (candles.Count == 0 || !hub.Tell(candles[0].Time)) return new NewestCandles(candles, view.Status);
        }
    }

    private static long ReachOf(HubView view)
    {
        var newest = view.Newest[^1].Time;
        var named = view.Known.Union(TimeRangeSet.Of(view.Status.Gaps)).Add(new TimeRange(newest, newest + 1)).Ranges;
        return named.First(r => r.Contains(newest)).From;
    }
}
