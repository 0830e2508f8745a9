using CandleStream.Streaming;

namespace CandleStream.Storage;

/// <summary>The store as open series see it: rows, with what the writer still holds laid over them, so that a candle is never invisible between the two.</summary>
public sealed class CandleArchive(ICandleStore store, CandleWriter writer) : ISeriesArchive
{
    // Room made beforehand for the rows of an answer, so that a long one is not copied as it grows.
    private const int MaxExpected = 10_000;

    public async Task<ArchivedSeries?> LoadAsync(SeriesKey series, int newest, CancellationToken cancel)
    {
        try
        {
            var record = await store.FindSeriesAsync(series, cancel);
            var candles = await ReadAsync(series, new TimeRange(0, long.MaxValue), newest, newestEnd: true, cancel);
            return candles is null ? null : new ArchivedSeries(candles, record);
        }
        catch (StoreUnavailableException)
        {
            return null;
        }
    }

    public async Task<List<Candle>?> ChangesSinceAsync(SeriesKey series, long rev, int limit, CancellationToken cancel)
    {
        // The unsaved ones are read first: a batch that is saved in between is then seen twice, never missed.
        var unsaved = writer.Unsaved(series);
        if (await CollectAsync(store.ChangesSinceAsync(series, rev, limit, cancel), expected: 0, cancel) is not { } rows) return null;
        rows.Sort(CandleLists.ByTime);
        return rows.Merge([.. unsaved.Where(c => c.Rev > rev)]);
    }

    public async Task<List<Candle>?> ReadAsync(SeriesKey series, TimeRange range, int limit, bool newestEnd, CancellationToken cancel)
    {
        var unsaved = writer.Unsaved(series);
        if (await CollectAsync(store.ReadAsync(series, range, limit, newestEnd, cancel), expected: Math.Min(limit, MaxExpected), cancel) is not { } rows) return null;
        if (newestEnd) rows.Reverse();
        return rows.Merge([.. unsaved.Where(c => range.Contains(c.Time))]).Limit(limit, newestEnd);
    }

    public async Task<bool> SaveHistoryAsync(SeriesKey series, IReadOnlyList<Candle> candles, TimeRangeSet verified, CancellationToken cancel)
    {
        try
        {
            await store.SaveAsync(new StoreBatch([.. candles.Select(c => new StoredCandle(series, c))], [new SeriesChange(series, verified, TimeRangeSet.Empty)]), cancel);
            return true;
        }
        catch (StoreUnavailableException)
        {
            return false;
        }
    }

    public void Save(SeriesKey series, IReadOnlyList<Candle> closed) => writer.Add(series, closed);

    public void Save(SeriesChange change) => writer.Add(change);

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
}
