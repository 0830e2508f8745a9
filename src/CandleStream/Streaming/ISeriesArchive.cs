namespace CandleStream.Streaming;

/// <summary>What open series need of the store: everything saved so far, including what still waits to be written. Never throws for an unreachable store.</summary>
public interface ISeriesArchive
{
    /// <summary>The newest candles, oldest first, and the record of a series; null while the store cannot be reached.</summary>
    Task<ArchivedSeries?> LoadAsync(SeriesKey series, int newest, CancellationToken cancel);

    /// <summary>Candles with a rev above <paramref name="rev"/>, at most <paramref name="limit"/>, oldest candle first, in a list of the caller's own; null while the store cannot be reached.</summary>
    Task<List<Candle>?> ChangesSinceAsync(SeriesKey series, long rev, int limit, CancellationToken cancel);

    /// <summary>Candles in <paramref name="range"/>, oldest first, at most <paramref name="limit"/> from the oldest or newest end, in a list of the caller's own; null while the store cannot be reached.</summary>
    Task<List<Candle>?> ReadAsync(SeriesKey series, TimeRange range, int limit, bool newestEnd, CancellationToken cancel);

    /// <summary>Saves history that was fetched because somebody asked for it; false when the store cannot take it now.</summary>
    Task<bool> SaveHistoryAsync(SeriesKey series, IReadOnlyList<Candle> candles, TimeRangeSet verified, CancellationToken cancel);

    /// <summary>Queues closed candles to be saved within a second.</summary>
    void Save(SeriesKey series, IReadOnlyList<Candle> closed);

    /// <summary>Queues a change of what is known of a series, saved in one transaction with the candles queued before it.</summary>
    void Save(SeriesChange change);
}

/// <summary>A series as the store holds it.</summary>
public sealed record ArchivedSeries(IReadOnlyList<Candle> Newest, SeriesRecord? Record);
