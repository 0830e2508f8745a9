namespace CandleStream;

/// <summary>What a store knows of a series, beside its candles.</summary>
/// <param name="Verified">Times for which the stored candles are known to be complete, a missing one meaning that nothing was traded.</param>
/// <param name="CompleteFrom">Every change with a rev after this one is held (µs); see the protocol's resume; 0 where no promise was ever made.</param>
public sealed record SeriesRecord(TimeRangeSet Verified, long CompleteFrom);

/// <summary>A change of a <see cref="SeriesRecord"/>: ranges to add and to take away (in that order), and a new value where not null.</summary>
public sealed record SeriesChange(SeriesKey Series, TimeRangeSet Verified, TimeRangeSet Unverified, long? CompleteFrom = null);
