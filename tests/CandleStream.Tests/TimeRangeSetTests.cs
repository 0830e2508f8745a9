using CsCheck;

namespace CandleStream.Tests;

public sealed class TimeRangeSetTests
{
    // Small numbers, so that ranges touch, overlap and swallow each other often; empty and reversed ones among them.
    private const long Last = 40;

    private static readonly Gen<TimeRange> SomeRange =
        Gen.Select(Gen.Long[0, Last], Gen.Long[-2, 12], (from, length) => new TimeRange(from, Math.Min(Last, from + length)));
    private static readonly Gen<TimeRangeSet> SomeSet = SomeRange.Array[0, 12].Select(r => TimeRangeSet.Of(r));

    private static int Count => TestSize.Of(normal: 2_000, full: 200_000);

    [Fact]
    public void A_set_of_ranges_holds_exactly_their_times() => SomeRange.Array[0, 12].Sample(
        ranges => Same(TimeRangeSet.Of(ranges), t => ranges.Any(r => r.Contains(t))), iter: Count);

    [Fact]
    public void Adding_a_range_adds_its_times() => Gen.Select(SomeSet, SomeRange).Sample(
        (set, range) => Same(set.Add(range), t => set.Contains(t) || range.Contains(t)), iter: Count);

    [Fact]
    public void A_union_holds_the_times_of_both() => Gen.Select(SomeSet, SomeSet).Sample(
        (a, b) => Same(a.Union(b), t => a.Contains(t) || b.Contains(t)) && a.Union(b).Equals(b.Union(a)), iter: Count);

    [Fact]
    public void Subtracting_leaves_the_times_outside() => Gen.Select(SomeSet, SomeRange).Sample(
        (set, range) => Same(set.Subtract(range), t => set.Contains(t) && !range.Contains(t)), iter: Count);

    [Fact]
    public void Subtracting_a_set_leaves_the_times_outside_of_it() => Gen.Select(SomeSet, SomeSet).Sample(
        (a, b) => Same(a.Subtract(b), t => a.Contains(t) && !b.Contains(t)), iter: Count);

    [Fact]
    public void What_is_missing_in_a_range_are_its_times_outside_the_set() => Gen.Select(SomeSet, SomeRange).Sample(
        (set, range) => Same(set.MissingIn(range), t => range.Contains(t) && !set.Contains(t)), iter: Count);

    [Fact]
    public void An_intersection_holds_the_times_in_both() => Gen.Select(SomeSet, SomeRange).Sample(
        (set, range) => Same(set.Intersect(range), t => set.Contains(t) && range.Contains(t)), iter: Count);

    [Fact]
    public void A_range_is_contained_when_each_of_its_times_is() => Gen.Select(SomeSet, SomeRange).Sample(
        (set, range) => set.ContainsAll(range) == Times(range).All(t => set.Ranges.Any(r => r.Contains(t))), iter: Count);

    [Fact]
    public void Sets_of_the_same_times_are_equal_however_they_were_made() => SomeRange.Array[0, 12].Sample(
        ranges =>
        {
            var added = ranges.Reverse().Aggregate(TimeRangeSet.Empty, (set, range) => set.Add(range));
            return added.Equals(TimeRangeSet.Of(ranges)) && added.GetHashCode() == TimeRangeSet.Of(ranges).GetHashCode();
        },
        iter: Count);

    [Fact]
    public void The_ends_of_time_are_ordinary_bounds()
    {
        var all = new TimeRange(long.MinValue, long.MaxValue);
        var some = TimeRangeSet.Of(new TimeRange(10, 20), new TimeRange(30, 40));
        Assert.Equal(some, some.Intersect(all));
        Assert.Equal(TimeRangeSet.Empty, some.Subtract(all));
        Assert.Equal(TimeRangeSet.Of(all), some.Add(all));
        Assert.Equal(TimeRangeSet.Of(new TimeRange(long.MinValue, 10), new TimeRange(20, 30), new TimeRange(40, long.MaxValue)),
            some.MissingIn(all));
        Assert.Equal(TimeRangeSet.Of(new TimeRange(30, 40)), some.Subtract(new TimeRange(long.MinValue, 25)));
        Assert.False(some.Contains(long.MaxValue));
        Assert.False(TimeRangeSet.Of(all).Contains(long.MaxValue));
    }

    private static IEnumerable<long> Times(TimeRange range)
    {
        for (var time = range.From; time < range.To; time++) yield return time;
    }

    // Sorted, disjoint, not touching, and with exactly the times expected.
    private static bool Same(TimeRangeSet set, Func<long, bool> expected) =>
        set.Ranges.All(r => !r.IsEmpty)
        && set.Ranges.Zip(set.Ranges.Skip(1), (a, b) => a.To < b.From).All(apart => apart)
        && Times(new TimeRange(-5, Last + 5)).All(t => set.Ranges.Any(r => r.Contains(t)) == expected(t) && set.Contains(t) == expected(t));
}
