namespace CandleStream.Storage;

/// <summary>
/// The one door to the store for open and closed series: rows, with what the writer still holds laid over them, so that nothing is
/// invisible between the two. Never throws for an unreachable store.
/// </summary>
/// <remarks>
/// What is known of a series across its lives is here and nowhere else: its candles, its verified times,
/// <see cref="SeriesRecord.CompleteFrom"/> and
/// <see cref="SeriesRecord.ToldFrom"/>, stored or waiting. It holds at every moment:
/// a verified time's closed candles are stored or waiting;
/// every change with a rev after <c>CompleteFrom</c> of a time from <c>ToldFrom</c> on is stored or waiting with that rev, or its time is
/// not verified; a candle that becomes known at or after <c>ToldFrom</c> gets a new rev, however it was fetched, so that a client with an
/// older id is sent it.
/// </remarks>
public sealed class CandleArchive(ICandleStore store, CandleWriter writer)
{
    // Room made beforehand for the rows of an answer, so that a long one is not copied as it grows.
    private const int MaxExpected = 10_000;

    /// <summary>The newest candles, oldest first, and the record of a series; null while the store cannot be reached.</summary>
    public async Task<ArchivedSeries?> LoadAsync(SeriesKey series, int newest, CancellationToken cancel)
    {
        if (await FindRecordAsync(series, cancel) is not { } found) return null;
        // Candles after the record: what it vouches for is in them.
        var candles = await ReadAsync(series, new TimeRange(0, long.MaxValue), newest, newestEnd: true, cancel);
        return candles is null ? null : new ArchivedSeries(candles, found.Record);
    }

    /// <summary>What is known of a series, nothing where it was never saved; null while the store cannot be reached.</summary>
    public async Task<SeriesRecord?> RecordAsync(SeriesKey series, CancellationToken cancel) =>
        await FindRecordAsync(series, cancel) is { } found ? found.Record ?? SeriesRecord.Nothing : null;

    /// <summary>
    /// Candles with a rev above <paramref name="rev"/>, at most <paramref name="limit"/>, oldest candle first, in a list of the caller's
    /// own; null while they cannot be told.
    /// </summary>
    public async Task<List<Candle>?> ChangesSinceAsync(SeriesKey series, Rev rev, int limit, CancellationToken cancel)
    {
        // The unsaved ones are read first: a batch that is saved in between is then seen twice, never missed.
        var unsaved = writer.Unsaved(series);
        // What was given up is held nowhere, with whatever rev it had.
        if (unsaved.Lost.Count > 0) return null;
        if (await CollectAsync(store.ChangesSinceAsync(series, rev, limit, cancel), expected: 0, cancel) is not { } rows) return null;
        rows.Sort(CandleLists.ByTime);
        return rows.Merge([.. unsaved.Candles.Where(c => c.Rev > rev)]);
    }

    /// <summary>
    /// Candles in <paramref name="range"/>, oldest first, at most <paramref name="limit"/> from the oldest or newest end, in a list of the
    /// caller's own; null while they cannot be told.
    /// </summary>
    public async Task<List<Candle>?> ReadAsync(SeriesKey series, TimeRange range, int limit, bool newestEnd, CancellationToken cancel)
    {
        var unsaved = writer.Unsaved(series);
        if (unsaved.Lost.Any(l => !l.Intersect(range).IsEmpty)) return null;
        if (await CollectAsync(store.ReadAsync(series, range, limit, newestEnd, cancel), expected: Math.Min(limit, MaxExpected),
            cancel) is not { } rows) return null;
        if (newestEnd) rows.Reverse();
        return rows.Merge([.. unsaved.Candles.Where(c => range.Contains(c.Time))]).Limit(limit, newestEnd);
    }

    /// <summary>
    /// Queues closed candles to be saved within a second, and what is known of their series with them: the record is never ahead of the
    /// candles it vouches for.
    /// </summary>
    public void Save(SeriesKey series, IReadOnlyList<Candle> closed, SeriesChange? change = null) => writer.Add(series, closed, change);

    /// <summary>
    /// Saves what was fetched because somebody asked for it, see <see cref="Numbered"/>; the candles as they are saved, or null when the
    /// store cannot take them now.
    /// </summary>
    /// <param name="series">The series.</param>
    /// <param name="candles">What was fetched, within <paramref name="verified"/>.</param>
    /// <param name="verified">The times that are complete with it.</param>
    /// <param name="toldFrom">From where on clients were told of it, where it is open; null: the store says from where on they may have
    /// been.</param>
    /// <param name="revs">The counter.</param>
    /// <param name="cancel">Ends the work.</param>
    public async Task<IReadOnlyList<Candle>?> SaveHistoryAsync(
        SeriesKey series, IReadOnlyList<Candle> candles, TimeRange verified, long? toldFrom, RevCounter revs, CancellationToken cancel)
    {
        try
        {
            if (await LoadAsync(series, 1, cancel) is not { } archived
                || await ReadAsync(series, verified, int.MaxValue, newestEnd: false, cancel) is not { } held) return null;
            var told = toldFrom ?? archived.MayBeToldFrom;
            var numbered = Numbered(candles, held, told, revs);
            var change = new SeriesChange(series, TimeRangeSet.Of(verified), TimeRangeSet.Empty, ToldFrom: told);
            await store.SaveAsync(new StoreBatch([.. numbered.Select(c => new StoredCandle(series, c))], [change]), cancel);
            return numbered;
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
    }

    /// <summary>Deletes what opened before <paramref name="time"/>, as its retention says, also what still waits.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be reached now.</exception>
    public async Task<DeletedCandles> ForgetAsync(SeriesKey series, long time, CancellationToken cancel)
    {
        var deleted = await store.DeleteBeforeAsync(series, time, cancel);
        // Afterwards: what the store refused to delete is still known, and what waits for it must not be missing. What is written in
        // between goes the next time.
        var dropped = writer.Forget(series, time);
        return deleted with { HighestRev = Rev.Max(deleted.HighestRev, dropped) };
    }

    /// <summary>
    /// From where on clients may have been told of a series, as its store says. It goes into the store with what is saved by it: that moves
    /// what is newest there.
    /// </summary>
    public static async Task<long> MayBeToldFromAsync(ICandleStore store, SeriesKey series, CancellationToken cancel)
    {
        if (await store.FindSeriesAsync(series, cancel) is not { } record) return SeriesRecord.NothingTold;
        long? newest = null;
        await foreach (var candle in store.ReadAsync(series, new TimeRange(0, long.MaxValue), 1, newestFirst: true, cancel))
            newest = candle.Time;
        return record.MayBeToldFrom(newest);
    }

    /// <summary>
    /// Fetched candles with the revs they are stored with. One that is held with equal values keeps its rev; one with other values is a
    /// revision. One that is not held is history, with its end as its rev; but from <paramref name="toldFrom"/> on it is a repair: clients
    /// were told of its time without it.
    /// </summary>
    public static IReadOnlyList<Candle> Numbered(IReadOnlyList<Candle> fetched, IReadOnlyList<Candle> held, long toldFrom, RevCounter revs)
    {
        var byTime = held.ToDictionary(c => c.Time);
        // No number may lie ahead of the counter, as a candle's end does where our clock is slow.
        var current = revs.Current;
        return [.. fetched.Select(c => c with { Rev = RevOf(c) })];

        Rev RevOf(in Candle candle)
        {
            if (byTime.TryGetValue(candle.Time, out var old)) return old.HasSameValues(candle) ? old.Rev : revs.Next();
            return candle.Time >= toldFrom ? revs.Next() : Rev.Min(candle.Rev, current);
        }
    }

    // Read again where the writer saved something of the series meanwhile: older changes would be laid over newer ones. Null while the
    // store cannot be reached.
    private async Task<FoundRecord?> FindRecordAsync(SeriesKey series, CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                var unsaved = writer.Unsaved(series);
                var record = await store.FindSeriesAsync(series, cancel);
                if (writer.Unsaved(series).Saves != unsaved.Saves) continue;
                return new FoundRecord(unsaved.Changes.Aggregate(record, (known, change) => (known ?? SeriesRecord.Nothing).With(change)));
            }
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
    }

    private static async Task<List<Candle>?> CollectAsync(IAsyncEnumerable<Candle> rows, int expected, CancellationToken cancel)
    {
        try
        {
            var candles = new List<Candle>(expected);
            await foreach (var row in rows.WithCancellation(cancel)) candles.Add(row);
            return candles;
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
    }

    private sealed record FoundRecord(SeriesRecord? Record);
}

/// <summary>A series as it is stored or waits to be.</summary>
public sealed record ArchivedSeries(IReadOnlyList<Candle> Newest, SeriesRecord? Record)
{
    /// <inheritdoc cref="SeriesRecord.MayBeToldFrom"/>
    public long MayBeToldFrom => (Record ?? SeriesRecord.Nothing).MayBeToldFrom(Newest is [.., var newest] ? newest.Time : null);
}
