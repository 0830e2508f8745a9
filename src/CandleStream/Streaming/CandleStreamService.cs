using System.Diagnostics.CodeAnalysis;
using CandleStream.Providers;
using CandleStream.Storage;
using CandleStream.Streaming.Series;
using Microsoft.Extensions.Logging;

namespace CandleStream.Streaming;

/// <summary>
/// Finds or opens the hub of a series, and closes it when nobody needed it for the linger time. However many subscribers a series has, the exchange sees one.
/// </summary>
public sealed partial class CandleStreamService : IAsyncDisposable
{
    private const ConfigureAwaitOptions YieldHere = ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.ContinueOnCapturedContext;

    private static readonly TimeSpan StoreRetry = TimeSpan.FromSeconds(5);

    private readonly ICandleProvider _provider;
    private readonly CandleArchive _archive;
    private readonly ICandleSink[] _sinksOfAll;
    private readonly StreamingOptions _options;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly SeriesJoiner _joiner;
    private readonly StreamingMetrics? _metrics;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly Dictionary<SeriesKey, OpenSeries> _open = [];
    private readonly Dictionary<SeriesKey, Task> _closing = [];
    private bool _stopped;

    /// <param name="provider">Where candles come from.</param>
    /// <param name="archive">The one door to the store.</param>
    /// <param name="sinksOfAll">Sinks attached to every series from its first update on.</param>
    /// <param name="revs">The process's counter.</param>
    /// <param name="options">Limits and waits.</param>
    /// <param name="time">Our clock: serves waits and ages, never closes a candle.</param>
    /// <param name="loggers">Makes the loggers.</param>
    /// <param name="metrics">Measures the hubs; null where nobody looks.</param>
    public CandleStreamService(ICandleProvider provider, CandleArchive archive, IEnumerable<ICandleSink> sinksOfAll, RevCounter revs, StreamingOptions options, TimeProvider time, ILoggerFactory loggers, StreamingMetrics? metrics = null)
    {
        _metrics = metrics;
        (_provider, _archive, _options, _time, _loggers) = (provider, archive, options, time, loggers);
        _sinksOfAll = [.. sinksOfAll];
        _logger = loggers.CreateLogger<CandleStreamService>();
        Revs = revs;
        _joiner = new SeriesJoiner(new SeriesReader(archive), revs, options, time);
    }

    /// <summary>The process's counter of candle versions.</summary>
    public RevCounter Revs { get; }

    /// <summary>The open series: watched, lingering and recorded ones.</summary>
    public IReadOnlyCollection<SeriesHub> Hubs
    {
        get
        {
            lock (_gate) return [.. _open.Values.Select(o => o.Hub)];
        }
    }

    /// <summary>The highest exchange time any open series knows, Unix ms; null before the first.</summary>
    internal long? ExchangeTime => Hubs.Max(h => h.Look(default).ExchangeTime);

    /// <summary>The latest that exchange time can be by what any open series was told; it closes nothing.</summary>
    internal long? Present => Hubs.Max(h => h.Present);

    internal SeriesJoiner Joiner => _joiner;

    /// <summary>Completed when every series that closes now has closed.</summary>
    internal Task Closing
    {
        get
        {
            lock (_gate) return Task.WhenAll(_closing.Values);
        }
    }

    /// <summary>Finds or opens a series and holds it open until the lease is disposed, and for the linger time after that.</summary>
    /// <exception cref="SeriesLimitException">Too many series are open.</exception>
    /// <exception cref="ObjectDisposedException">The service stops.</exception>
    public SeriesLease Open(SeriesKey series, SeriesUse use = SeriesUse.Watch)
    {
        lock (_gate)
        {
            var open = FindOrOpen(series);
            open.Holders++;
            if (use == SeriesUse.Watch) open.Hub.Subscribers++;
            open.Linger.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return new SeriesLease(open.Hub, () => Release(open, use));
        }
    }

    /// <summary>A poller asked for the present: the series stays followed for the linger time, without counting as a subscriber.</summary>
    /// <exception cref="SeriesLimitException">Too many series are open.</exception>
    /// <exception cref="ObjectDisposedException">The service stops.</exception>
    public SeriesHub Touch(SeriesKey series)
    {
        lock (_gate)
        {
            var open = FindOrOpen(series);
            if (open.Holders == 0) Linger(open);
            return open.Hub;
        }
    }

    /// <summary>The hub of a series that is open already.</summary>
    public bool TryFind(SeriesKey series, [NotNullWhen(true)] out SeriesHub? hub)
    {
        lock (_gate) hub = _open.GetValueOrDefault(series)?.Hub;
        return hub is not null;
    }

    /// <summary>What a joining client is sent before <c>synced</c>. Waits 2 s at most for the first data and, on resume, 3 s at most for a hole to be closed.</summary>
    public Task<SeriesJoin> JoinAsync(SeriesHub hub, JoinRequest request, CancellationToken cancel) => _joiner.JoinAsync(hub, request, cancel);

    /// <summary>Candles of a range did not reach the store: an open series fetches them again. A closed one does when it is opened, by what the store remembers.</summary>
    public void Lose(SeriesKey series, TimeRange range)
    {
        if (TryFind(series, out var hub)) hub.Lose(range);
    }

    /// <summary>Deletes the candles of a series that opened before <paramref name="time"/> (Unix ms), as its retention says; returns how many.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot be reached now. Some may be deleted already.</exception>
    public async Task<long> ForgetAsync(SeriesKey series, long time, CancellationToken cancel)
    {
        // Before: an open series must not vouch for what is being deleted, nor if the store fails halfway. Afterwards: the changes among them are held no longer.
        if (TryFind(series, out var open)) open.Forget(time, highestRev: 0);
        var deleted = await _archive.ForgetAsync(series, time, cancel);
        if (TryFind(series, out open)) open.Forget(time, deleted.HighestRev);
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

    private OpenSeries FindOrOpen(SeriesKey series)
    {
        ObjectDisposedException.ThrowIf(_stopped, this);
        if (_open.TryGetValue(series, out var found)) return found;
        if (_open.Count >= _options.MaxOpenSeries) throw new SeriesLimitException(_options.MaxOpenSeries);
        var hub = new SeriesHub(series, _options, _archive, Revs, _time, _loggers.CreateLogger<SeriesHub>(), _metrics);
        foreach (var sink in _sinksOfAll) hub.Attach(sink);
        var open = new OpenSeries(hub);
        open.Linger = _time.CreateTimer(_ => CloseIfUnused(open), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _open.Add(series, open);
        open.Run = RunAsync(open, _closing.GetValueOrDefault(series) ?? Task.CompletedTask);
        LogOpened(series);
        return open;
    }

    private void Release(OpenSeries open, SeriesUse use)
    {
        lock (_gate)
        {
            open.Holders--;
            if (use == SeriesUse.Watch) open.Hub.Subscribers--;
            if (open.Holders == 0 && !_stopped) Linger(open);
        }
    }

    // Guarded by _gate.
    private void Linger(OpenSeries open)
    {
        open.UnusedSince = _time.GetTimestamp();
        open.Linger.Change(_options.Linger, Timeout.InfiniteTimeSpan);
    }

    // The timer may have fired just before the series was used again: its own time says whether it is over.
    private void CloseIfUnused(OpenSeries open)
    {
        lock (_gate)
        {
            if (open.Holders > 0 || _open.GetValueOrDefault(open.Hub.Series) != open) return;
            var left = _options.Linger - _time.GetElapsedTime(open.UnusedSince);
            if (left <= TimeSpan.Zero) Close(open);
            // A timer counts whole milliseconds.
            else open.Linger.Change(left + TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        }
    }

    // Guarded by _gate. A series that is opened again meanwhile waits for this to end: two subscriptions to one key would meet at the exchange.
    private void Close(OpenSeries open)
    {
        var series = open.Hub.Series;
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
    private async Task CloseAsync(OpenSeries open)
    {
        await GuardAsync(open.Hub.Series, async () =>
        {
            // Off the lock of all series: what waits for the token may go on right here.
            await Task.CompletedTask.ConfigureAwait(YieldHere);
            open.Stop.Cancel();
            await open.Run;
            if (open.Hub.Followed is { } followed) await followed.DisposeAsync();
        }, CancellationToken.None);
        await GuardAsync(open.Hub.Series, () =>
        {
            open.Hub.SaveRecord();
            // Closed before it was loaded: who still waits for that is answered from the store.
            open.Hub.Loaded.Give();
            open.Stop.Dispose();
            return Task.CompletedTask;
        }, CancellationToken.None);
    }

    private async Task RunAsync(OpenSeries open, Task before)
    {
        var hub = open.Hub;
        var repair = new GapRepair(hub, _provider, _time, _loggers.CreateLogger<GapRepair>());
        var stop = open.Stop.Token;
        await GuardAsync(hub.Series, async () =>
        {
            // The caller holds the lock of all series, and some stores read on the thread that asks.
            await before.ConfigureAwait(YieldHere);
            var loading = LoadAsync(hub.Series, stop);
            var stored = await InTimeAsync(hub.Series, loading, stop);
            hub.Load(stored);
            hub.RepairWanted = repair.Wake;
            hub.Followed = _provider.Follow(hub.Series, hub);
            var late = stored is null ? GuardAsync(hub.Series, () => LoadLateAsync(hub, loading, stop), stop) : Task.CompletedTask;
            await Task.WhenAll(late, GuardAsync(hub.Series, () => repair.RunAsync(stop), stop));
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
    private async Task LoadLateAsync(SeriesHub hub, Task<ArchivedSeries?> loading, CancellationToken stop)
    {
        while (true)
        {
            if (await loading is { } late)
            {
                hub.LoadLate(late);
                return;
            }

            await Task.Delay(StoreRetry, _time, stop);
            loading = LoadAsync(hub.Series, stop);
        }
    }

    // A mistake while reading is said, and then like a store that does not answer: the series is followed all the same.
    private async Task<ArchivedSeries?> LoadAsync(SeriesKey series, CancellationToken stop)
    {
        ArchivedSeries? archived = null;
        await GuardAsync(series, async () => archived = await _archive.LoadAsync(series, _options.CandlesInMemory, stop), stop);
        return archived;
    }

    // Clients do not wait for a slow store; what it holds is added when it comes. Null when it did not answer in time, or cannot be reached.
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

    [LoggerMessage(Level = LogLevel.Error, Message = "{Series}: its repair, the reading of its store or its closing failed because of a bug")]
    private partial void LogFailed(SeriesKey series, Exception bug);

    private sealed class OpenSeries(SeriesHub hub)
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

/// <summary>Why a series is open.</summary>
public enum SeriesUse
{
    /// <summary>A client reads it.</summary>
    Watch,

    /// <summary>It is recorded without a client; its REST calls come last.</summary>
    Record,
}

/// <summary>Holds a series open; disposing it twice does nothing more.</summary>
public sealed class SeriesLease : IDisposable
{
    private Action? _release;

    internal SeriesLease(SeriesHub hub, Action release) => (Hub, _release) = (hub, release);

    public SeriesHub Hub { get; }

    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}

/// <summary>As many series are open as the server allows.</summary>
public sealed class SeriesLimitException(int limit) : Exception($"{limit} series are open: this server follows no more at once.")
{
    /// <summary>The limit, <see cref="StreamingOptions.MaxOpenSeries"/>.</summary>
    public int Limit { get; } = limit;
}
