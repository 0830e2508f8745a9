namespace CandleStream.Storage.Shared;

/// <summary>
/// Turns changes of verified ranges into rows to delete and rows to insert, looking only at the stored ranges they touch.
/// </summary>
internal readonly record struct CoverageEdit(IReadOnlyList<TimeRange> Deleted, IReadOnlyList<TimeRange> Inserted)
{
    /// <summary>
    /// The smallest range that spans every changed time, ends included: stored ranges that touch it must be given to <see cref="Of"/>.
    /// Empty where nothing changes.
    /// </summary>
    public static TimeRange WindowOf(IEnumerable<SeriesChange> changes)
    {
        long from = long.MaxValue, to = long.MinValue;
        foreach (var change in changes)
        {
            foreach (var set in (ReadOnlySpan<TimeRangeSet>)[change.Verified, change.Unverified])
            {
                if (set.IsEmpty) continue;
                from = Math.Min(from, set.Ranges[0].From);
                to = Math.Max(to, set.Ranges[^1].To);
            }
        }

        return from > to ? default : new TimeRange(from, to);
    }

    /// <summary>
    /// The promise and the time told that the changes of one series, one after the other, make; <see cref="Rev.None"/> and nothing told
    /// where they change neither.
    /// </summary>
    public static (Rev CompleteFrom, long ToldFrom) PromiseOf(IReadOnlyList<SeriesChange> changes)
    {
        var (completeFrom, toldFrom) = (Rev.None, SeriesRecord.NothingTold);
        foreach (var change in changes)
        {
            toldFrom = completeFrom > Rev.None && change.CompleteFrom > completeFrom
                ? change.ToldFrom
                : Math.Min(toldFrom, change.ToldFrom);
            completeFrom = Rev.Max(completeFrom, change.CompleteFrom ?? Rev.None);
        }

        return (completeFrom, toldFrom);
    }

    /// <summary>The rows to change so that <paramref name="stored"/> becomes what the changes, one after the other, make of it.</summary>
    public static CoverageEdit Of(IReadOnlyList<TimeRange> stored, IEnumerable<SeriesChange> changes)
    {
        var after = TimeRangeSet.Of(stored);
        foreach (var change in changes) after = after.Union(change.Verified).Subtract(change.Unverified);
        return new CoverageEdit([.. stored.Except(after.Ranges)], [.. after.Ranges.Except(stored)]);
    }
}
