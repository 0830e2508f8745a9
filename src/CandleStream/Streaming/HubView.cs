namespace CandleStream.Streaming;

/// <summary>What one reader sees of a hub at one moment.</summary>
internal sealed record HubView(
    IReadOnlyList<Candle> Newest,
    IReadOnlyList<Candle> Changed,
    long? OldestTime,
    long HoldsChangesAfter,
    long CompleteFrom,
    TimeRangeSet Known,
    long? ExchangeTime,
    bool Merged,
    SeriesStatus Status);
