using CandleStream.Providers;
using CandleStream.Storage;
using CandleStream.Streaming.Series;
using Microsoft.Extensions.Logging;

namespace CandleStream.Streaming;

/// <summary>
/// Where series live that are numbered here: finds or opens the hub of a series, and closes it when nobody needed it for the linger time.
/// However many subscribers a series has, the exchange sees one.
/// </summary>
public sealed partial class CandleStreamService : ISeriesHome, IAsyncDisposable
{
    private const ConfigureAwaitOptions YieldHere = ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.ContinueOnCapturedContext;

    private static readonly TimeSpan StoreRetry = TimeSpan.FromSeconds(5);

    private readonly ICandleProvider _provider;
    private readonly CandleArchive _archive;
    private readonly HistoryFill _fill;
    private readonly ICandleSink[] _sinksOfAll;
    private readonly StreamingOptions _options;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly StreamingMetrics? _metrics;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly Dictionary<SeriesKey, OpenHub> _open = [];
    private readonly Dictionary<SeriesKey, Task> _closing = [];
    private bool _stopped;

    /// <param name="provider">Where candles come from.</param>
    /// <param name="archive">The one door to the store.</param>
    /// <param name="fill">Fetches history that is not held; the caller disposes it after the service.</param>
    /// <param name="sinksOfAll">Sinks attached to every series from its first update on.</param>
    /// <param name="revs">The process's counter.</param>
    /// <param name="options">Limits and waits.</param>
    /// <param name="time">Our clock: serves waits and ages, never closes a candle.</param>
    /// <param name="loggers">Makes the loggers.</param>
    /// <param name="metrics">Measures the hubs; null where nobody looks.</param>
    public CandleStreamService(
        ICandleProvider provider, CandleArchive archive, HistoryFill fill, IEnumerable<ICandleSink> sinksOfAll, RevCounter revs,
        StreamingOptions options,
        TimeProvider time, ILoggerFactory loggers, StreamingMetrics? metrics = null)
    {
        (_provider, _archive, _fill, _options, _time, _loggers, _metrics) = (provider, archive, fill, options, time, loggers, metrics);
        _sinksOfAll = [.. sinksOfAll];
        _logger = loggers.CreateLogger<CandleStreamService>();
        Revs = revs;
    }

    public RevCounter Revs { get; }

    public IReadOnlyCollection<ISeries> OpenSeries => Hubs;

    public long? ExchangeTimeOf(Exchange exchange) => HubsOf(exchange).Max(h => h.Look(default).ExchangeTime);

    public bool Serves(Exchange exchange) => _provider.Serves(exchange);

    public long? OldestOf(SeriesKey key) => _fill.OldestOf(key);

    internal IReadOnlyCollection<SeriesHub> Hubs
    {
        get
        {
            lock (_gate) return [.. _open.Values.Select(o => o.Hub)];
        }
    }

    /// <summary>Completed when every series that closes now has closed.</summary>
    internal Task Closing
    {
        get
        {
            lock (_gate) return Task.WhenAll(_closing.Values);
        }
    }

    public SeriesHandle Open(SeriesKey key, SeriesUse use = SeriesUse.Watch)
    {
        lock (_gate)
        {
            var open = FindOrOpen(key);
            open.Holders++;
            if (use == SeriesUse.Watch) open.Hub.CountSubscriber(1);
            open.Linger.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return new SeriesHandle(open.Hub, () => Release(open, use));
        }
    }

    public ISeries Touch(SeriesKey key)
    {
        lock (_gate)
        {
            var open = FindOrOpen(key);
            if (open.Holders == 0) Linger(open);
            return open.Hub;
        }
    }

    public ISeries? Peek(SeriesKey key) => Find(key);

    public ISeriesPast Past(SeriesKey key) => Find(key) as ISeriesPast ?? new StoredSeries(key, _archive, FetchAsync);

    /// <summary>
    /// Candles of a range did not reach the store: an open series fetches them again. A closed one does when it is opened, by what the
    /// store remembers.
    /// </summary>
    public void Lose(SeriesKey series, TimeRange range)
    {
        Find(series)?.Lead.Lose(range);
    }

    /// <summary>
    /// Deletes the candles of a series that opened before <paramref name="time"/> (Unix ms), as its retention says; returns how many.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store cannot be reached now. Some may be deleted already.</exception>
    public async Task<long> ForgetAsync(SeriesKey series, long time, CancellationToken cancel)
    {
        // Before: an open series must not vouch for what is being deleted, nor if the store fails halfway. Afterwards: the changes among
        // them are held no longer.
        Find(series)?.Lead.Forget(time, Rev.None);
        var deleted = await _archive.ForgetAsync(series, time, cancel);
        Find(series)?.Lead.Forget(time, deleted.HighestRev);
        return deleted.Count;
    }

    /// <summary>Ends every subscription at the exchange and saves what is known of each series.</summary>
    public async Task StopAsync()
    {
        List<Task> closing;
        lock (_gate)
        {
            _stopped = true;
            foreach (var open in _open.Values.ToList()) Close(open);
            closing = [.. _closing.Values];
        }

        await Task.WhenAll(closing);
    }

    /// <inheritdoc cref="StopAsync"/>
    public async ValueTask DisposeAsync() => await StopAsync();

    private SeriesHub? Find(SeriesKey series)
    {
        lock (_gate) return _open.GetValueOrDefault(series)?.Hub;
    }

    private Task<bool> FetchAsync(SeriesKey series, TimeRangeSet missing, TimeSpan wait, CancellationToken cancel) =>
        _fill.FetchAsync(series, missing, () => Find(series)?.Lead, PresentOf(series.Exchange), wait, cancel);

    private IEnumerable<SeriesHub> HubsOf(Exchange exchange) => Hubs.Where(h => h.Key.Exchange == exchange);

    // The latest that an exchange's time can be by what any open series of it was told; it closes nothing.
    private long? PresentOf(Exchange exchange) => HubsOf(exchange).Max(h => h.Lead.Present);

    private OpenHub FindOrOpen(SeriesKey series)
    {
        ObjectDisposedException.ThrowIf(_stopped, this);
        if (_open.TryGetValue(series, out var found)) return found;
        var exchange = series.Exchange;
        if (!_provider.Serves(exchange)) throw new ExchangeOffException(exchange);
        if (_open.Keys.Count(k => k.Exchange == exchange) >= _options.MaxOpenSeries) throw new SeriesLimitException(_options.MaxOpenSeries);
        var hub = new SeriesHub(series, _options, _archive, FetchAsync, Revs, _time, _loggers.CreateLogger<SeriesHub>(), _metrics);
        foreach (var sink in _sinksOfAll) hub.Attach(sink);
        var open = new OpenHub(hub);
        open.Linger = _time.CreateTimer(_ => CloseIfUnused(open), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _open.Add(series, open);
        open.Run = RunAsync(open, _closing.GetValueOrDefault(series) ?? Task.CompletedTask);
        LogOpened(series);
        return open;
    }

    private void Release(OpenHub open, SeriesUse use)
    {
        lock (_gate)
        {
            open.Holders--;
            if (use == SeriesUse.Watch) open.Hub.CountSubscriber(-1);
            if (open.Holders == 0 && !_stopped) Linger(open);
        }
    }

    // Guarded by _gate.
    private void Linger(OpenHub open)
    {
        open.UnusedSince = _time.GetTimestamp();
        open.Linger.Change(_options.Linger, Timeout.InfiniteTimeSpan);
    }

    // The timer may have fired just before the series was used again: its own time says whether it is over.
    private void CloseIfUnused(OpenHub open)
    {
        lock (_gate)
        {
            if (open.Holders > 0 || _open.GetValueOrDefault(open.Hub.Key) != open) return;
            var left = _options.Linger - _time.GetElapsedTime(open.UnusedSince);
            if (left <= TimeSpan.Zero) Close(open);
            // A timer counts whole milliseconds.
            else open.Linger.Change(left + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        }
    }

    // Guarded by _gate. A series that is opened again meanwhile waits for this to end: two subscriptions to one key would meet at the
    // exchange.
    private void Close(OpenHub open)
    {
        var series = open.Hub.Key;
        _open.Remove(series);
        open.Linger.Dispose();
        var closed = CloseAsync(open);
        _closing[series] = closed;
        closed.ContinueWith(
            _ =>
            {
                lock (_gate)
                {
                    if (_closing.GetValueOrDefault(series) == closed) _closing.Remove(series);
                }
            },
            CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        LogClosed(series);
    }

    // Never fails: the next opening of the series waits for it, and so does the end of the server.
    private async Task CloseAsync(OpenHub open)
    {
        await GuardAsync(open.Hub.Key, async () =>
        {
            // Off the lock of all series: what waits for the token may go on right here.
            await Task.CompletedTask.ConfigureAwait(YieldHere);
            open.Stop.Cancel();
            await open.Run;
            await open.Hub.Lead.UnfollowAsync();
        }, CancellationToken.None);
        await GuardAsync(open.Hub.Key, () =>
        {
            open.Hub.Lead.Close();
            open.Stop.Dispose();
            return Task.CompletedTask;
        }, CancellationToken.None);
    }

    private async Task RunAsync(OpenHub open, Task before)
    {
        var lead = open.Hub.Lead;
        var repair = new GapRepair(lead, _provider, _time, _loggers.CreateLogger<GapRepair>());
        var stop = open.Stop.Token;
        await GuardAsync(lead.Series, async () =>
        {
            // The caller holds the lock of all series, and some stores read on the thread that asks.
            await before.ConfigureAwait(YieldHere);
            var loading = LoadAsync(lead.Series, stop);
            var stored = await InTimeAsync(lead.Series, loading, stop);
            lead.Load(stored);
            lead.Follow(_provider, repair.Wake);
            var late = stored is null ? GuardAsync(lead.Series, () => LoadLateAsync(lead, loading, stop), stop) : Task.CompletedTask;
            await Task.WhenAll(late, GuardAsync(lead.Series, () => repair.RunAsync(stop), stop));
        }, stop);
    }

    private async Task GuardAsync(SeriesKey series, Func<Task> work, CancellationToken stop)
    {
        try
        {
            await work();
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The series closes: the expected end.
        }
        catch (Exception bug)
        {
            // The series stays live, but without what ended here: that must not go unnoticed until it closes.
            LogFailed(series, bug);
        }
    }

    // Until the store answers: one that is down says so at once, and is asked again.
    private async Task LoadLateAsync(SeriesLead lead, Task<ArchivedSeries?> loading, CancellationToken stop)
    {
        while (true)
        {
            if (await loading is { } late)
            {
                lead.LoadLate(late);
                return;
            }

            await Task.Delay(StoreRetry, _time, stop);
            loading = LoadAsync(lead.Series, stop);
        }
    }

    // A mistake while reading is said, and then like a store that does not answer: the series is followed all the same.
    private async Task<ArchivedSeries?> LoadAsync(SeriesKey series, CancellationToken stop)
    {
        ArchivedSeries? archived = null;
        await GuardAsync(series, async () => archived = await _archive.LoadAsync(series, _options.CandlesInMemory, stop), stop);
        return archived;
    }

    // Clients do not wait for a slow store; what it holds is added when it comes. Null when it did not answer in time, or cannot be
    // reached.
    private async Task<ArchivedSeries?> InTimeAsync(SeriesKey series, Task<ArchivedSeries?> loading, CancellationToken stop)
    {
        try
        {
            return await loading.WaitAsync(_options.FirstDataWait, _time, stop);
        }
        catch (TimeoutException)
        {
            LogStoreSlow(series);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Series} opened")]
    private partial void LogOpened(SeriesKey series);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Series} closed")]
    private partial void LogClosed(SeriesKey series);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Series}: the store did not answer in time; its candles are added later")]
    private partial void LogStoreSlow(SeriesKey series);

    [LoggerMessage(
        Level = LogLevel.Error, Message = "{Series}: its repair, the reading of its store or its closing failed because of a bug")]
    private partial void LogFailed(SeriesKey series, Exception bug);

    private sealed class OpenHub(SeriesHub hub)
    {
        public SeriesHub Hub { get; } = hub;

        public CancellationTokenSource Stop { get; } = new();

        public ITimer Linger { get; set; } = null!;

        public Task Run { get; set; } = Task.CompletedTask;

        public int Holders { get; set; }

        // A timestamp; of use while nobody holds it.
        public long UnusedSince { get; set; }
    }
}
