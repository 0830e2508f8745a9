using System.Runtime.CompilerServices;
using CandleStream.Storage;

namespace CandleStream.Tests.Lives;

/// <summary>What of the store works; outlives the servers.</summary>
internal sealed class StoreWeather
{
    public bool IsDown { get; set; }

    public bool IsFull { get; set; }

    public int AnswerMs { get; set; }
}

/// <summary>The store as one server sees it: it may be down, full or slow, and after a kill it takes and answers nothing.</summary>
internal sealed class LivesStore(ICandleStore inner, StoreWeather weather, TimeProvider time) : ICandleStore
{
    public bool IsCut { get; set; }

    public Task OpenAsync(string source, bool exclusive, CancellationToken cancel) => Task.CompletedTask;

    public async Task<Rev> HighestRevAsync(CancellationToken cancel)
    {
        await AnswerAsync(isWrite: false, cancel);
        return PumpedContext.Outside(() => inner.HighestRevAsync(cancel));
    }

    public async Task SaveAsync(StoreBatch batch, CancellationToken cancel)
    {
        await AnswerAsync(isWrite: true, cancel);
        PumpedContext.Outside(async () =>
        {
            await inner.SaveAsync(batch, cancel);
            return true;
        });
    }

    public IAsyncEnumerable<Candle> ReadAsync(SeriesKey series, TimeRange range, int limit, bool newestFirst, CancellationToken cancel) =>
        RowsAsync(() => inner.ReadAsync(series, range, limit, newestFirst, cancel), cancel);

    public IAsyncEnumerable<Candle> ChangesSinceAsync(SeriesKey series, Rev rev, int limit, CancellationToken cancel) =>
        RowsAsync(() => inner.ChangesSinceAsync(series, rev, limit, cancel), cancel);

    public async Task<SeriesRecord?> FindSeriesAsync(SeriesKey series, CancellationToken cancel)
    {
        await AnswerAsync(isWrite: false, cancel);
        return PumpedContext.Outside(() => inner.FindSeriesAsync(series, cancel));
    }

    public Task<IReadOnlyList<SeriesKey>> ListSeriesAsync(CancellationToken cancel) => inner.ListSeriesAsync(cancel);

    public Task<SymbolList?> FindSymbolsAsync(CancellationToken cancel) => inner.FindSymbolsAsync(cancel);

    public Task SaveSymbolsAsync(SymbolList symbols, CancellationToken cancel) => inner.SaveSymbolsAsync(symbols, cancel);

    public Task DeleteFromRevAsync(SeriesKey series, Rev rev, CancellationToken cancel) => inner.DeleteFromRevAsync(series, rev, cancel);

    public async Task<DeletedCandles> DeleteBeforeAsync(SeriesKey series, long time, CancellationToken cancel)
    {
        await AnswerAsync(isWrite: true, cancel);
        return PumpedContext.Outside(() => inner.DeleteBeforeAsync(series, time, cancel));
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async IAsyncEnumerable<Candle> RowsAsync(Func<IAsyncEnumerable<Candle>> read, [EnumeratorCancellation] CancellationToken cancel)
    {
        await AnswerAsync(isWrite: false, cancel);
        foreach (var row in PumpedContext.Outside(async () => await read().ToListAsync(cancel))) yield return row;
    }

    private async Task AnswerAsync(bool isWrite, CancellationToken cancel)
    {
        if (weather.AnswerMs > 0) await Task.Delay(TimeSpan.FromMilliseconds(weather.AnswerMs), time, cancel);
        if (IsCut) await new TaskCompletionSource().Task;
        if (weather.IsDown || (isWrite && weather.IsFull)) throw new StoreUnavailableException(weather.IsDown ? "down" : "full");
    }
}
