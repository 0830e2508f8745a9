using CandleStream.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.Testing;

/// <summary>A store that holds nothing; what is to be saved waits in its writer for ever.</summary>
internal sealed class EmptyStore : ICandleStore
{
    /// <summary>The door to such a store.</summary>
    public static CandleArchive Archive()
    {
        var store = new EmptyStore();
        return new CandleArchive(
            store, new CandleWriter(store, new StorageOptions(), TimeProvider.System, NullLogger<CandleWriter>.Instance));
    }

    public Task OpenAsync(string source, bool exclusive, CancellationToken cancel) => Task.CompletedTask;

    public Task<Rev> HighestRevAsync(CancellationToken cancel) => Task.FromResult(Rev.None);

    public Task SaveAsync(StoreBatch batch, CancellationToken cancel) => Task.CompletedTask;

    public IAsyncEnumerable<Candle> ReadAsync(SeriesKey series, TimeRange range, int limit, bool newestFirst, CancellationToken cancel) =>
        AsyncEnumerable.Empty<Candle>();

    public IAsyncEnumerable<Candle> ChangesSinceAsync(SeriesKey series, Rev rev, int limit, CancellationToken cancel) =>
        AsyncEnumerable.Empty<Candle>();

    public Task<SeriesRecord?> FindSeriesAsync(SeriesKey series, CancellationToken cancel) => Task.FromResult<SeriesRecord?>(null);

    public Task<IReadOnlyList<SeriesKey>> ListSeriesAsync(CancellationToken cancel) => Task.FromResult<IReadOnlyList<SeriesKey>>([]);

    public Task<SymbolList?> FindSymbolsAsync(CancellationToken cancel) => Task.FromResult<SymbolList?>(null);

    public Task SaveSymbolsAsync(SymbolList symbols, CancellationToken cancel) => Task.CompletedTask;

    public Task DeleteFromRevAsync(SeriesKey series, Rev rev, CancellationToken cancel) => Task.CompletedTask;

    public Task<DeletedCandles> DeleteBeforeAsync(SeriesKey series, long time, CancellationToken cancel) =>
        Task.FromResult(default(DeletedCandles));

    public ValueTask DisposeAsync() => default;
}
