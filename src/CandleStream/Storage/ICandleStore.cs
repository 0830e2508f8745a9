namespace CandleStream.Storage;

/// <summary>
/// Keeps closed candles, what of each series is verified, and the list of symbols. Safe for concurrent calls.
/// Every method may throw <see cref="StoreUnavailableException"/>; the caller tries again later.
/// </summary>
public interface ICandleStore : IAsyncDisposable
{
    /// <summary>
    /// Creates or migrates the schema, takes the store's lock (one server per store; <paramref name="exclusive"/> false for commands, which
    /// may share it) and checks that its candles come from <paramref name="source"/>, or records it in a new store.
    /// </summary>
    /// <exception cref="StoreRefusedException">Another source, another server holds it, a newer schema, another product's database, or a
    /// file that cannot be written.</exception>
    Task OpenAsync(string source, bool exclusive, CancellationToken cancel);

    /// <summary>The highest rev of any candle; 0 when empty.</summary>
    Task<Rev> HighestRevAsync(CancellationToken cancel);

    /// <summary>
    /// Saves a batch in one transaction. A candle replaces the stored one of the same time only if its rev is higher; a record changes as
    /// <see cref="SeriesRecord.With"/> says. Saving the same batch twice changes nothing.
    /// </summary>
    Task SaveAsync(StoreBatch batch, CancellationToken cancel);

    /// <summary>
    /// Closed candles with open times in <paramref name="range"/>, at most <paramref name="limit"/>, from the oldest or from the newest
    /// end.
    /// </summary>
    IAsyncEnumerable<Candle> ReadAsync(SeriesKey series, TimeRange range, int limit, bool newestFirst, CancellationToken cancel);

    /// <summary>Candles whose rev is greater than <paramref name="rev"/>, in rising rev, at most <paramref name="limit"/>.</summary>
    IAsyncEnumerable<Candle> ChangesSinceAsync(SeriesKey series, Rev rev, int limit, CancellationToken cancel);

    /// <summary>What is known of a series; null when it was never saved.</summary>
    Task<SeriesRecord?> FindSeriesAsync(SeriesKey series, CancellationToken cancel);

    /// <summary>All series with candles or coverage, by name.</summary>
    Task<IReadOnlyList<SeriesKey>> ListSeriesAsync(CancellationToken cancel);

    /// <summary>The symbols saved last, with the time they were fetched; null when none ever were.</summary>
    Task<SymbolList?> FindSymbolsAsync(CancellationToken cancel);

    Task SaveSymbolsAsync(SymbolList symbols, CancellationToken cancel);

    /// <summary>
    /// Deletes the candles whose rev is <paramref name="rev"/> or higher, and a <c>complete_from</c> like that. What is known of their
    /// times is the caller's to take back beforehand.
    /// </summary>
    Task DeleteFromRevAsync(SeriesKey series, Rev rev, CancellationToken cancel);

    /// <summary>
    /// Deletes candles that opened before <paramref name="time"/> (Unix ms) and their coverage. Their changes are no longer held: where a
    /// promise was made,
    /// <see cref="SeriesRecord.CompleteFrom"/> rises to the highest of their revs, while what was told stays.
    /// </summary>
    Task<DeletedCandles> DeleteBeforeAsync(SeriesKey series, long time, CancellationToken cancel);
}

/// <summary>Rows to save together: candles, and what is now known of their series.</summary>
public sealed record StoreBatch(IReadOnlyList<StoredCandle> Candles, IReadOnlyList<SeriesChange> Changes)
{
    public bool IsEmpty => Candles.Count == 0 && Changes.Count == 0;
}

/// <summary>A closed candle and the series it belongs to.</summary>
public readonly record struct StoredCandle(SeriesKey Series, Candle Candle);

/// <summary>What a deletion took away: how many candles, and the highest of their revs (0 where there were none).</summary>
public readonly record struct DeletedCandles(long Count, Rev HighestRev);

/// <summary>The symbols the exchange lists.</summary>
public sealed record SymbolList(IReadOnlyList<string> Symbols, DateTimeOffset FetchedAt);

/// <summary>
/// The store cannot be used by this server, and trying again would not help. The message is one line for the operator, without secrets.
/// </summary>
public sealed class StoreRefusedException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The store cannot be reached or is full right now. The message holds no secrets.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
