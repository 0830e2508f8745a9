using System.Collections.Immutable;
using CandleStream.Providers;

namespace CandleStream.Streaming.Series;

/// <summary>What clients of a series are told: its feed's state and the ranges known to be missing.</summary>
public sealed record SeriesStatus(SeriesKey Series, FeedState Feed, ImmutableArray<TimeRange> Gaps)
{
    /// <summary>True only while live.</summary>
    public bool Connected => Feed.State == SeriesState.Live;
}
