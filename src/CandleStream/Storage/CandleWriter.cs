using Microsoft.Extensions.Logging;

namespace CandleStream.Storage;

/// <summary>
/// Writes closed candles and what is known of their series to the store: in batches, within a second. While the store is down it holds a
/// bounded number; beyond that the range is marked, and fetched from the exchange again once the store is back. Nothing is lost without a
/// mark.
/// </summary>
public sealed partial class CandleWriter : IAsyncDisposable
{
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);

    private readonly ICandleStore _store;
    private readonly StorageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<CandleWriter> _logger;
    private readonly CandleWriterMetrics? _metrics;

    // Guarded by _gate: hubs add, the writing loop takes, readers look.
    private readonly Lock _gate = new();
    private Dictionary<SeriesKey, PendingSeries> _waiting = [];
    private Dictionary<SeriesKey, PendingSeries> _writing = [];
    private readonly List<(SeriesKey Series, TimeRange Range)> _lost = [];
    private readonly Dictionary<SeriesKey, long> _saves = [];
    private int _waitingCandles;
    private Signal _full = new();

    // One flush at a time: the loop's, or the last one of a stop.
    private readonly SemaphoreSlim _flushing = new(1, 1);

    public CandleWriter(
        ICandleStore store, StorageOptions options, TimeProvider time, ILogger<CandleWriter> logger, CandleWriterMetrics? metrics = null) =>
        (_store, _options, _time, _logger, _metrics) = (store, options, time, logger, metrics);

    /// <summary>Raised when the store is back after candles of a range were given up: they must be fetched again.</summary>
    public event Action<SeriesKey, TimeRange>? Lost;

    /// <summary>Why the last attempt to save failed; null while the store works.</summary>
    public string? Failure { get; private set; }

    /// <summary>Candles that wait to be saved.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate) return _waitingCandles;
        }
    }

    /// <summary>Candles given up so far because the buffer was full.</summary>
    public long GivenUp { get; private set; }

    /// <summary>
    /// Queues closed candles, and what is known of their series once they are saved: no batch holds the one without the other.
    /// </summary>
    public void Add(SeriesKey series, IReadOnlyList<Candle> closed, SeriesChange? change = null)
    {
        if (closed.Count == 0 && change is null) return;
        lock (_gate)
        {
            var pending = Pending(series);
            var before = pending.Count;
            foreach (var candle in closed) pending.Add(candle);
            if (change is not null) pending.Add(change);
            _waitingCandles += pending.Count - before;
            while (_waitingCandles > _options.BufferCandles) GiveUpMost();
            if (_waitingCandles >= _options.BatchRows) _full.Give();
        }
    }

    /// <summary>
    /// What of a series is not saved yet: the newest versions of its candles, oldest candle first, and the changes of its record, in their
    /// order.
    /// </summary>
    internal UnsavedSeries Unsaved(SeriesKey series)
    {
        lock (_gate)
        {
            var (writing, waiting) = (_writing.GetValueOrDefault(series), _waiting.GetValueOrDefault(series));
            List<Candle> candles = [.. writing?.Candles ?? []];
            return new UnsavedSeries(
                candles.Merge([.. waiting?.Candles ?? []]),
                [.. new[] { writing?.Change, waiting?.Change }.OfType<SeriesChange>()],
                [.. _lost.Where(l => l.Series == series).Select(l => l.Range)],
                _saves.GetValueOrDefault(series));
        }
    }

    /// <summary>
    /// Drops what waits and opened before <paramref name="time"/>, as the store deleted what is older; returns the highest rev among it,
    /// <see cref="Rev.None"/> where there was none.
    /// </summary>
    internal Rev Forget(SeriesKey series, long time)
    {
        lock (_gate)
        {
            if (!_waiting.TryGetValue(series, out var pending)) return Rev.None;
            var before = pending.Count;
            var highestRev = pending.Forget(time);
            _waitingCandles += pending.Count - before;
            return highestRev;
        }
    }

    /// <summary>Writes until stopped; then writes what is left, once.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var wait = _options.FlushInterval;
        while (!stop.IsCancellationRequested)
        {
            await WaitAsync(wait, stop);
            wait = await FlushAsync(CancellationToken.None) ? _options.FlushInterval : wait * 2 < LongestRetry ? wait * 2 : LongestRetry;
        }

        await FlushAsync(CancellationToken.None);
    }

    /// <summary>Saves everything that waits; false when the store did not take it, and it waits on.</summary>
    public async Task<bool> FlushAsync(CancellationToken cancel)
    {
        await _flushing.WaitAsync(cancel);
        try
        {
            return await SaveWaitingAsync(cancel);
        }
        finally
        {
            _flushing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await FlushAsync(CancellationToken.None);
        _flushing.Dispose();
    }

    private async Task<bool> SaveWaitingAsync(CancellationToken cancel)
    {
        StoreBatch batch;
        lock (_gate)
        {
            (_writing, _waiting) = (_waiting, []);
            _waitingCandles = 0;
            _full = new Signal();
            batch = new StoreBatch(
                [.. _writing.SelectMany(p => p.Value.Candles.Select(c => new StoredCandle(p.Key, c)))],
                [.. _writing.Values.Select(p => p.Change).OfType<SeriesChange>()]);
        }

        var startedAt = _time.GetTimestamp();
        try
        {
            if (!batch.IsEmpty) await _store.SaveAsync(batch, cancel);
        }
        catch (StoreUnavailableException failure)
        {
            _metrics?.Failed(_time.GetElapsedTime(startedAt));
            if (Failure != failure.Message) LogUnavailable(failure.Message);
            TakeBack(failure.Message);
            return false;
        }
        catch (Exception bug)
        {
            // Ours, or the driver's: the loop must outlive it, or nothing would be saved any more. What it says is for the log, and may
            // hold secrets.
            _metrics?.Failed(_time.GetElapsedTime(startedAt));
            LogMistake(bug);
            TakeBack($"saving failed because of a bug ({bug.GetType().Name}).");
            return false;
        }

        if (!batch.IsEmpty) _metrics?.Saved(batch.Candles.Count, _time.GetElapsedTime(startedAt));
        Saved();
        return true;
    }

    private void TakeBack(string reason)
    {
        lock (_gate)
        {
            Failure = reason;
            foreach (var (series, failed) in _writing)
            {
                var pending = Pending(series);
                var before = pending.Count;
                pending.AddOlder(failed);
                _waitingCandles += pending.Count - before;
            }

            _writing = [];
            while (_waitingCandles > _options.BufferCandles) GiveUpMost();
        }
    }

    private void Saved()
    {
        List<(SeriesKey Series, TimeRange Range)> lost;
        lock (_gate)
        {
            foreach (var series in _writing.Keys) _saves[series] = _saves.GetValueOrDefault(series) + 1;
            _writing = [];
            if (Failure is not null) LogBack();
            Failure = null;
            lost = [.. _lost];
            _lost.Clear();
        }

        foreach (var (series, range) in lost) Lost?.Invoke(series, range);
    }

    // Guarded by _gate.
    private void GiveUpMost()
    {
        var (series, most) = _waiting.MaxBy(p => p.Value.Count);
        _waitingCandles -= most.Count;
        GivenUp += most.Count;
        var range = most.GiveUp();
        _lost.Add((series, range));
        LogGivenUp(series, range.From, range.To);
    }

    // Guarded by _gate.
    private PendingSeries Pending(SeriesKey series)
    {
        if (!_waiting.TryGetValue(series, out var pending)) _waiting.Add(series, pending = new PendingSeries(series));
        return pending;
    }

    private async Task WaitAsync(TimeSpan wait, CancellationToken stop)
    {
        Signal full;
        lock (_gate) full = _full;
        try
        {
            // While the store is down a full buffer is no reason to hurry.
            if (Failure is null) await full.WaitAsync(wait, _time, stop);
            else await Task.Delay(wait, _time, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
    }

    [LoggerMessage(
        Level = LogLevel.Error, Message = "The store does not take candles: {Reason}. Streaming goes on; the candles wait in memory.")]
    private partial void LogUnavailable(string reason);

    [LoggerMessage(Level = LogLevel.Error,
        Message = "Candles could not be saved because of a bug. Streaming goes on; the candles wait in memory, and saving is tried again.")]
    private partial void LogMistake(Exception bug);

    [LoggerMessage(Level = LogLevel.Information, Message = "The store takes candles again")]
    private partial void LogBack();

    [LoggerMessage(Level = LogLevel.Error,
        Message = "{Series}: the buffer is full; the candles of [{From}, {To}) are dropped and will be fetched again")]
    private partial void LogGivenUp(SeriesKey series, long from, long to);
}

/// <summary>What of one series waits for the store.</summary>
/// <param name="Candles">The newest versions, oldest candle first.</param>
/// <param name="Changes">The changes of its record, in their order.</param>
/// <param name="Lost">Ranges given up that no series was told of yet: neither here nor in the store.</param>
/// <param name="Saves">How often something of the series was saved so far.</param>
internal sealed record UnsavedSeries(List<Candle> Candles, IReadOnlyList<SeriesChange> Changes, IReadOnlyList<TimeRange> Lost, long Saves);
