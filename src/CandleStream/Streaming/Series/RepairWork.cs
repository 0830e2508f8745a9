using CandleStream.Providers;

namespace CandleStream.Streaming.Series;

/// <summary>A range of one series to be fetched.</summary>
/// <param name="Missing">What is unknown, or to be checked.</param>
/// <param name="Asked">What to ask for: with the candles around it, where they are known.</param>
/// <param name="Purpose">What for.</param>
/// <param name="IsCheck">True where nothing is missing: what snapshots brought is checked.</param>
internal readonly record struct RepairWork(TimeRange Missing, TimeRange Asked, FetchPurpose Purpose, bool IsCheck = false);
