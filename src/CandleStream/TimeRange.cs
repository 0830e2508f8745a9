using System.Collections.Immutable;

namespace CandleStream;

/// <summary>A half-open range of time, <c>[From, To)</c>, in Unix milliseconds.</summary>
public readonly record struct TimeRange(long From, long To)
{
    public bool IsEmpty => To <= From;

    public bool Contains(long time) => time >= From && time < To;

    public TimeRange Intersect(TimeRange other) => new(Math.Max(From, other.From), Math.Min(To, other.To));
}

/// <summary>An immutable set of times as sorted, disjoint, non-touching ranges: what is verified, what is missing.</summary>
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

    public TimeRangeSet Add(TimeRange range) => range.IsEmpty || ContainsAll(range) ? this : Of(Ranges.Append(range));

    public TimeRangeSet Union(TimeRangeSet other) => other.IsEmpty ? this : IsEmpty ? other : Of(Ranges.Concat(other.Ranges));

    /// <summary>What of this set lies outside <paramref name="range"/>.</summary>
    public TimeRangeSet Subtract(TimeRange range)
    {
        if (range.IsEmpty || IsEmpty) return this;
        return Of(Ranges.SelectMany(r => new[] { new TimeRange(r.From, Math.Min(r.To, range.From)), new TimeRange(Math.Max(r.From, range.To), r.To) }));
    }

    /// <summary>What of <paramref name="range"/> is not in this set: the holes.</summary>
    public TimeRangeSet MissingIn(TimeRange range)
    {
        var missing = new List<TimeRange>();
        var from = range.From;
        foreach (var r in Ranges)
        {
            if (r.To <= from) continue;
            if (r.From >= range.To) break;
            missing.Add(new TimeRange(from, r.From));
            from = r.To;
        }

        missing.Add(new TimeRange(from, range.To));
        return Of(missing);
    }

    public TimeRangeSet Intersect(TimeRange range) => Of(Ranges.Select(r => r.Intersect(range)));

    public bool Contains(long time) => Ranges.Any(r => r.Contains(time));

    public bool ContainsAll(TimeRange range) => range.IsEmpty || Ranges.Any(r => r.From <= range.From && r.To >= range.To);

    public bool Equals(TimeRangeSet? other) => other is not null && Ranges.AsSpan().SequenceEqual(other.Ranges.AsSpan());

    public override bool Equals(object? obj) => Equals(obj as TimeRangeSet);

    public override int GetHashCode() => Ranges.Aggregate(0, HashCode.Combine);

    public override string ToString() => string.Join(' ', Ranges.Select(r => $"[{r.From},{r.To})"));
}
