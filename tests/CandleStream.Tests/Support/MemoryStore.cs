using System.Runtime.CompilerServices;
using CandleStream.Storage;

namespace CandleStream.Tests.Support;

/// <summary>A store in memory whose failures the test commands; the real databases have their own suite.</summary>
internal sealed class MemoryStore : ICandleStore
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<(string Series, long Time), Candle> _candles = [];
    private readonly Dictionary<SeriesKey, SeriesRecord> _series = [];
    private SymbolList? _symbols;

    /// <summary>While set, every call fails with this reason.</summary>
    public string? Down { get; set; }

    /// <summary>While set, every save fails with this reason, and reading goes on.</summary>
    public string? Full { get; set; }

    /// <summary>Runs when a batch is given to be saved, before it is.</summary>
    public Func<Task>? Saving { get; set; }

    /// <summary>Runs when rows were read, before they are handed out.</summary>
    public Func<Task>? HandingOut { get; set; }

    /// <summary>While not completed, a series is not answered.</summary>
    public TaskCompletionSource? Pause { get; set; }

    /// <summary>Runs, as slowly as it likes, before a series is answered, on the thread that asks: the way SQLite reads.</summary>
    public Action? Reading { get; set; }

    /// <summary>While set, every save throws it.</summary>
    public Exception? Bug { get; set; }

    public int Saves { get; private set; }

    public IReadOnlyList<Candle> Rows(SeriesKey series)
    {
        var name = series.ToString();
        lock (_gate) return [.. _candles.Where(p => p.Key.Series == name).Select(p => p.Value)];
    }

    public Task OpenAsync(string source, bool exclusive, CancellationToken cancel) => Task.CompletedTask;

    public Task<Rev> HighestRevAsync(CancellationToken cancel)
    {
        lock (_gate) return Task.FromResult(_candles.Values.Select(c => c.Rev).DefaultIfEmpty().Max());
    }

    public async Task SaveAsync(StoreBatch batch, CancellationToken cancel)
    {
        if (Saving is { } saving) await saving();
        await SaveNowAsync(batch);
    }

    private Task SaveNowAsync(StoreBatch batch)
    {
        lock (_gate)
        {
            if ((Down ?? Full) is { } reason) return Task.FromException(new StoreUnavailableException(reason));
            if (Bug is { } bug) return Task.FromException(bug);
            Saves++;
            foreach (var (series, candle) in batch.Candles)
            {
                var key = (series.ToString(), candle.Time);
                if (!_candles.TryGetValue(key, out var held) || candle.Rev > held.Rev) _candles[key] = candle;
            }

            foreach (var change in batch.Changes)
            {
                _series[change.Series] = (_series.GetValueOrDefault(change.Series) ?? SeriesRecord.Nothing).With(change);
            }

            return Task.CompletedTask;
        }
    }

    public IAsyncEnumerable<Candle> ReadAsync(SeriesKey series, TimeRange range, int limit, bool newestFirst, CancellationToken cancel)
    {
        var rows = Rows(series).Where(c => range.Contains(c.Time));
        return Answer([.. (newestFirst ? rows.Reverse() : rows).Take(limit)], cancel);
    }

    public IAsyncEnumerable<Candle> ChangesSinceAsync(SeriesKey series, Rev rev, int limit, CancellationToken cancel) =>
        Answer([.. Rows(series).Where(c => c.Rev > rev).OrderBy(c => c.Rev).Take(limit)], cancel);

    public async Task<SeriesRecord?> FindSeriesAsync(SeriesKey series, CancellationToken cancel)
    {
        Reading?.Invoke();
        if (Pause is { } pause) await pause.Task.WaitAsync(cancel);
        lock (_gate) return Down is { } reason ? throw new StoreUnavailableException(reason) : _series.GetValueOrDefault(series);
    }

    public Task<IReadOnlyList<SeriesKey>> ListSeriesAsync(CancellationToken cancel)
    {
        lock (_gate) return Task.FromResult<IReadOnlyList<SeriesKey>>([.. _series.Keys.OrderBy(k => k.ToString(), StringComparer.Ordinal)]);
    }

    public Task<SymbolList?> FindSymbolsAsync(CancellationToken cancel) => Task.FromResult(_symbols);

    public Task SaveSymbolsAsync(SymbolList symbols, CancellationToken cancel)
    {
        _symbols = symbols;
        return Task.CompletedTask;
    }

    public Task DeleteFromRevAsync(SeriesKey series, Rev rev, CancellationToken cancel)
    {
        lock (_gate)
            foreach (var key in _candles.Where(p => p.Key.Series == series.ToString() && p.Value.Rev >= rev).Select(p => p.Key).ToArray())
                _candles.Remove(key);
        lock (_gate)
            if (_series.GetValueOrDefault(series) is { } held && held.CompleteFrom >= rev)
                _series[series] = held with { CompleteFrom = Rev.None };
        return Task.CompletedTask;
    }

    public Task<DeletedCandles> DeleteBeforeAsync(SeriesKey series, long time, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (Down is { } reason) return Task.FromException<DeletedCandles>(new StoreUnavailableException(reason));
            var old = Rows(series).Where(c => c.Time < time).ToList();
            foreach (var candle in old) _candles.Remove((series.ToString(), candle.Time));
            var highest = old.Select(c => c.Rev).DefaultIfEmpty().Max();
            if (_series.GetValueOrDefault(series) is { } held)
            {
                var gone = TimeRangeSet.Of(new TimeRange(long.MinValue, time));
                _series[series] = held.With(new SeriesChange(
                    series, TimeRangeSet.Empty, gone, held.CompleteFrom > Rev.None && highest > Rev.None ? highest : null, held.ToldFrom));
            }

            return Task.FromResult(new DeletedCandles(old.Count, highest));
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async IAsyncEnumerable<Candle> Answer(List<Candle> rows, [EnumeratorCancellation] CancellationToken cancel)
    {
        if (Down is { } reason) throw new StoreUnavailableException(reason);
        if (HandingOut is { } handingOut) await handingOut();
        foreach (var row in rows)
        {
            cancel.ThrowIfCancellationRequested();
            yield return row;
        }

        await Task.CompletedTask;
    }
}
