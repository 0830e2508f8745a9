using System.Collections.Immutable;

namespace CandleStream;

/// <summary>A half-open range of time, <c>[From, To)</c>, in Unix milliseconds.</summary>
public readonly record struct TimeRange(long From, long To)
{
    public bool IsEmpty => To <= From;

    public bool Contains(long time) => time >= From && time < To;

    public TimeRange Intersect(TimeRange other) => new(Math.Max(From, other.From), Math.Min(To, other.To));
}

/// <summary>
/// An immutable set of times as sorted, disjoint, non-touching ranges: what is verified, what is missing. Questions cost a binary search; a
/// change copies the ranges.
/// </summary>
public sealed class TimeRangeSet : IEquatable<TimeRangeSet>
{
    public static TimeRangeSet Empty { get; } = new([]);

    private TimeRangeSet(ImmutableArray<TimeRange> ranges) => Ranges = ranges;

    /// <summary>The ranges, ascending; no two touch.</summary>
    public ImmutableArray<TimeRange> Ranges { get; }

    public bool IsEmpty => Ranges.IsEmpty;

    public static TimeRangeSet Of(IEnumerable<TimeRange> ranges)
    {
        var merged = ImmutableArray.CreateBuilder<TimeRange>();
        foreach (var range in ranges.Where(r => !r.IsEmpty).OrderBy(r => r.From))
        {
            if (merged.Count > 0 && range.From <= merged[^1].To)
                merged[^1] = new TimeRange(merged[^1].From, Math.Max(merged[^1].To, range.To));
            else
                merged.Add(range);
        }

        return merged.Count == 0 ? Empty : new TimeRangeSet(merged.ToImmutable());
    }

    public static TimeRangeSet Of(params ReadOnlySpan<TimeRange> ranges) => Of(ranges.ToArray().AsEnumerable());

    /// <summary>This set and <paramref name="range"/>.</summary>
    public TimeRangeSet Add(TimeRange range)
    {
        if (range.IsEmpty || ContainsAll(range)) return this;
        var first = FirstEndingAtOrAfter(range.From);
        var end = FirstStartingAfter(range.To, first);
        var merged = first == end ? range : new TimeRange(Math.Min(range.From, Ranges[first].From), Math.Max(range.To, Ranges[end - 1].To));
        return Replace(first, end, [merged]);
    }

    /// <summary>What is in this set, in <paramref name="other"/>, or in both.</summary>
    public TimeRangeSet Union(TimeRangeSet other)
    {
        if (IsEmpty) return other;
        return other.Ranges.Length switch
        {
            0 => this,
            1 => Add(other.Ranges[0]),
            _ => Of(Ranges.Concat(other.Ranges)),
        };
    }

    /// <summary>What of this set lies outside <paramref name="range"/>.</summary>
    public TimeRangeSet Subtract(TimeRange range)
    {
        var (first, end) = Overlapping(range);
        if (first == end) return this;
        var left = new TimeRange(Ranges[first].From, range.From);
        var right = new TimeRange(range.To, Ranges[end - 1].To);
        return Replace(first, end, left.IsEmpty ? right.IsEmpty ? [] : [right] : right.IsEmpty ? [left] : [left, right]);
    }

    /// <summary>What of this set is not in <paramref name="other"/>.</summary>
    public TimeRangeSet Subtract(TimeRangeSet other)
    {
        if (IsEmpty || other.IsEmpty) return this;
        var left = ImmutableArray.CreateBuilder<TimeRange>();
        foreach (var range in Ranges) left.AddRange(other.MissingIn(range).Ranges);
        return left.Count == 0 ? Empty : new TimeRangeSet(left.ToImmutable());
    }

    /// <summary>What of <paramref name="range"/> is not in this set: the holes.</summary>
    public TimeRangeSet MissingIn(TimeRange range)
    {
        if (range.IsEmpty) return Empty;
        var (first, end) = Overlapping(range);
        var missing = ImmutableArray.CreateBuilder<TimeRange>(end - first + 1);
        var from = range.From;
        for (var i = first; i < end; from = Ranges[i++].To)
            if (Ranges[i].From > from) missing.Add(new TimeRange(from, Ranges[i].From));
        if (from < range.To) missing.Add(new TimeRange(from, range.To));
        return missing.Count == 0 ? Empty : new TimeRangeSet(missing.ToImmutable());
    }

    /// <summary>What of this set lies in <paramref name="range"/>.</summary>
    public TimeRangeSet Intersect(TimeRange range)
    {
        var (first, end) = Overlapping(range);
        if (first == end) return Empty;
        var inside = ImmutableArray.CreateBuilder<TimeRange>(end - first);
        for (var i = first; i < end; i++) inside.Add(Ranges[i].Intersect(range));
        return new TimeRangeSet(inside.MoveToImmutable());
    }

    public bool Contains(long time) => time < long.MaxValue && ContainsAll(new TimeRange(time, time + 1));

    public bool ContainsAll(TimeRange range)
    {
        if (range.IsEmpty) return true;
        var first = FirstEndingAtOrAfter(range.To);
        return first < Ranges.Length && Ranges[first].From <= range.From;
    }

    public bool Equals(TimeRangeSet? other) => other is not null && Ranges.AsSpan().SequenceEqual(other.Ranges.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as TimeRangeSet);

    public override int GetHashCode() => Ranges.Aggregate(0, HashCode.Combine);

    public override string ToString() => string.Join(' ', Ranges.Select(r => $"[{r.From},{r.To})"));

    // The ranges [first, end) share at least one time with the given one.
    private (int First, int End) Overlapping(TimeRange range)
    {
        if (range.IsEmpty) return (0, 0);
        var first = FirstEndingAtOrAfter(range.From);
        if (first < Ranges.Length && Ranges[first].To == range.From) first++;
        var end = FirstStartingAfter(range.To, first);
        if (end > first && Ranges[end - 1].From == range.To) end--;
        return (first, end);
    }

    private int FirstEndingAtOrAfter(long time) => BinarySearch(0, r => r.To >= time);

    private int FirstStartingAfter(long time, int from) => BinarySearch(from, r => r.From > time);

    // The first index for which the test holds; it holds for every later one.
    private int BinarySearch(int from, Func<TimeRange, bool> test)
    {
        var (low, high) = (from, Ranges.Length);
        while (low < high)
        {
            var middle = (low + high) >>> 1;
            if (test(Ranges[middle])) high = middle;
            else low = middle + 1;
        }

        return low;
    }

    private TimeRangeSet Replace(int first, int end, ReadOnlySpan<TimeRange> ranges)
    {
        var all = ImmutableArray.CreateBuilder<TimeRange>(Ranges.Length - (end - first) + ranges.Length);
        all.AddRange(Ranges.AsSpan()[..first]);
        all.AddRange(ranges);
        all.AddRange(Ranges.AsSpan()[end..]);
        return all.Count == 0 ? Empty : new TimeRangeSet(all.MoveToImmutable());
    }
}
