using System.Runtime.CompilerServices;
using CandleStream.Storage;

namespace CandleStream.Tests.Truth;

/// <summary>
/// A real store that fails as the storm says. <see cref="Kill"/> makes it the store of a dead process: nothing more reaches the database.
/// </summary>
internal sealed class StormyStore(ICandleStore store, StoreStorm storm, TimeProvider time) : ICandleStore
{
    private volatile bool _isKilled;

    public void Kill() => _isKilled = true;

    public Task OpenAsync(string source, bool exclusive, CancellationToken cancel) =>
        RunAsync(async () => { await store.OpenAsync(source, exclusive, cancel); return true; }, cancel, StoreFault.Down,
            StoreFault.Closed);

    public Task<Rev> HighestRevAsync(CancellationToken cancel) =>
        RunAsync(() => store.HighestRevAsync(cancel), cancel, StoreFault.Down, StoreFault.Closed);

    public async Task SaveAsync(StoreBatch batch, CancellationToken cancel)
    {
        await RunAsync(async () => { await store.SaveAsync(batch, cancel); return true; }, cancel, StoreFault.Down, StoreFault.Full);
        if (storm.Present == StoreFault.Uncertain) throw new StoreUnavailableException("The storm lost the answer.");
    }

    public IAsyncEnumerable<Candle> ReadAsync(SeriesKey series, TimeRange range, int limit, bool newestFirst, CancellationToken cancel) =>
        ReadAsync(store.ReadAsync(series, range, limit, newestFirst, cancel), cancel);

    public IAsyncEnumerable<Candle> ChangesSinceAsync(SeriesKey series, Rev rev, int limit, CancellationToken cancel) =>
        ReadAsync(store.ChangesSinceAsync(series, rev, limit, cancel), cancel);

    public Task<SeriesRecord?> FindSeriesAsync(SeriesKey series, CancellationToken cancel) =>
        RunAsync(() => store.FindSeriesAsync(series, cancel), cancel, StoreFault.Down);

    public Task<IReadOnlyList<SeriesKey>> ListSeriesAsync(CancellationToken cancel) =>
        RunAsync(() => store.ListSeriesAsync(cancel), cancel, StoreFault.Down);

    public Task<SymbolList?> FindSymbolsAsync(CancellationToken cancel) =>
        RunAsync(() => store.FindSymbolsAsync(cancel), cancel, StoreFault.Down);

    public Task SaveSymbolsAsync(SymbolList symbols, CancellationToken cancel) =>
        RunAsync(async () => { await store.SaveSymbolsAsync(symbols, cancel); return true; }, cancel, StoreFault.Down, StoreFault.Full);

    // Only asked at start, before the storm.
    public Task DeleteFromRevAsync(SeriesKey series, Rev rev, CancellationToken cancel) => store.DeleteFromRevAsync(series, rev, cancel);

    public Task<DeletedCandles> DeleteBeforeAsync(SeriesKey series, long before, CancellationToken cancel) =>
        RunAsync(() => store.DeleteBeforeAsync(series, before, cancel), cancel, StoreFault.Down);

    public async ValueTask DisposeAsync() => await storm.RunAsync(async () => { await store.DisposeAsync(); return true; });

    private async Task<T> RunAsync<T>(Func<Task<T>> call, CancellationToken cancel, params StoreFault[] refusing)
    {
        await WeatherAsync(refusing, cancel);
        return await storm.RunAsync(call);
    }

    private async IAsyncEnumerable<Candle> ReadAsync(IAsyncEnumerable<Candle> rows, [EnumeratorCancellation] CancellationToken cancel)
    {
        await WeatherAsync([StoreFault.Down], cancel);
        await using var row = rows.GetAsyncEnumerator(cancel);
        while (await RunAsync(() => row.MoveNextAsync().AsTask(), CancellationToken.None)) yield return row.Current;
    }

    private async Task WeatherAsync(StoreFault[] refusing, CancellationToken cancel)
    {
        if (refusing.Length == 0) return;
        if (storm.Present == StoreFault.Slow) await Task.Delay(storm.Delay, time, cancel);
        if (_isKilled) throw new StoreUnavailableException("The process is dead.");
        if (storm.Present is { } fault && refusing.Contains(fault)) throw new StoreUnavailableException($"The storm: {fault}.");
    }
}
