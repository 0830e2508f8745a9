using CandleStream.Server.Commands;
using CandleStream.Storage;
using CandleStream.Tests.Storage;
using static CandleStream.Tests.Storage.SomeCandles;

namespace CandleStream.Tests.Commands;

/// <summary>Copying a store beside a server that goes on recording into it.</summary>
public sealed class StoreCopyTests : StoreTest
{
    [Fact]
    public async Task What_is_recorded_while_a_series_is_copied_is_never_claimed_without_its_candles()
    {
        var source = await Database.OpenAsync();
        await source.SaveAsync(new StoreBatch([new(Btc, At(1, 1)), new(Btc, At(2, 2))],
            [new SeriesChange(Btc, TimeRangeSet.Of(Range(Minute, 3 * Minute)), TimeRangeSet.Empty, new Rev(1))]), Cancel);
        await using var target = TestDatabase.Sqlite();
        var copy = await target.OpenAsync();

        // The server goes on after the rows were read: a new candle, and a revision of an old one.
        var recording = new RecordingStore(source, () => source.SaveAsync(
            new StoreBatch([new(Btc, At(1, 50, 7m)), new(Btc, At(3, 51))],
                [new SeriesChange(Btc, TimeRangeSet.Of(Range(3 * Minute, 5 * Minute)), TimeRangeSet.Empty, new Rev(1))]), Cancel));
        await new StoreCopy(recording, copy, 100).CopyAsync(Btc, Cancel);

        Assert.Equal(await source.AllAsync(Btc), await copy.AllAsync(Btc));
        Assert.Equal(TimeRangeSet.Of(Range(Minute, 3 * Minute)), (await copy.FindSeriesAsync(Btc, Cancel))!.Verified);
    }

    [Fact]
    public async Task What_is_deleted_while_a_series_is_copied_is_not_claimed()
    {
        var source = await Database.OpenAsync();
        await source.SaveAsync(new StoreBatch([new(Btc, At(1, 1)), new(Btc, At(2, 2))],
            [new SeriesChange(Btc, TimeRangeSet.Of(Range(Minute, 3 * Minute)), TimeRangeSet.Empty, new Rev(1))]), Cancel);
        await using var target = TestDatabase.Sqlite();
        var copy = await target.OpenAsync();

        await new StoreCopy(new RecordingStore(source, () => source.DeleteBeforeAsync(Btc, 2 * Minute, Cancel)), copy, 100).CopyAsync(
            Btc, Cancel);

        Assert.Equal(TimeRangeSet.Of(Range(2 * Minute, 3 * Minute)), (await copy.FindSeriesAsync(Btc, Cancel))!.Verified);
    }

    [Fact]
    public async Task A_copy_counts_what_was_new_changed_and_kept()
    {
        var source = await Database.OpenAsync();
        await source.SaveAsync(Batch(Btc, At(1, 1), At(2, 20, 7m), At(3, 3, 8m)), Cancel);
        await using var target = TestDatabase.Sqlite();
        var copy = await target.OpenAsync();
        await copy.SaveAsync(Batch(Btc, At(2, 2), At(3, 30)), Cancel);

        var work = new StoreCopy(source, copy, 100);
        await work.CopyAsync(Btc, Cancel);

        Assert.Equal("1 new, 1 changed, 1 kept, 0 refused", work.Tally.ToString());
        Assert.Equal([(1L, 1L), (2, 20), (3, 30)], (await copy.AllAsync(Btc)).Select(c => (c.Time / Minute, c.Rev.Value)));
    }

    protected override Task<TestDatabase> CreateDatabaseAsync() => Task.FromResult(TestDatabase.Sqlite());

    /// <summary>A store in which something happens as soon as a series' rows were read.</summary>
    private sealed class RecordingStore(ICandleStore store, Func<Task> meanwhile) : ICandleStore
    {
        public Task OpenAsync(string source, bool exclusive, CancellationToken cancel) => store.OpenAsync(source, exclusive, cancel);

        public Task<Rev> HighestRevAsync(CancellationToken cancel) => store.HighestRevAsync(cancel);

        public Task SaveAsync(StoreBatch batch, CancellationToken cancel) => store.SaveAsync(batch, cancel);

        public async IAsyncEnumerable<Candle> ReadAsync(
            SeriesKey series, TimeRange range, int limit, bool newestFirst, [System.Runtime.CompilerServices.EnumeratorCancellation]
                CancellationToken cancel)
        {
            await foreach (var candle in store.ReadAsync(series, range, limit, newestFirst, cancel)) yield return candle;
            await meanwhile();
        }

        public IAsyncEnumerable<Candle> ChangesSinceAsync(SeriesKey series, Rev rev, int limit, CancellationToken cancel) =>
            store.ChangesSinceAsync(series, rev, limit, cancel);

        public Task<SeriesRecord?> FindSeriesAsync(SeriesKey series, CancellationToken cancel) => store.FindSeriesAsync(series, cancel);

        public Task<IReadOnlyList<SeriesKey>> ListSeriesAsync(CancellationToken cancel) => store.ListSeriesAsync(cancel);

        public Task<SymbolList?> FindSymbolsAsync(CancellationToken cancel) => store.FindSymbolsAsync(cancel);

        public Task SaveSymbolsAsync(SymbolList symbols, CancellationToken cancel) => store.SaveSymbolsAsync(symbols, cancel);

        public Task DeleteFromRevAsync(SeriesKey series, Rev rev, CancellationToken cancel) =>
            store.DeleteFromRevAsync(series, rev, cancel);

        public Task<DeletedCandles> DeleteBeforeAsync(SeriesKey series, long time, CancellationToken cancel) =>
            store.DeleteBeforeAsync(series, time, cancel);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
