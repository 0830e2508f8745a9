using System.Collections.Immutable;
using Microsoft.Extensions.Logging;

namespace CandleStream.Streaming;

/// <summary>
/// One open series: takes what the provider learns, decides what changed, numbers it, and hands it to a few sinks (stream senders, the writer).
/// Numbering, memory and hand-over happen under one lock, so whoever reads the memory after registering with a sink misses nothing.
/// </summary>
public sealed class SeriesHub : ICandleFeed
{
    private readonly ISeriesArchive _archive;
    private readonly TimeProvider _time;
    private readonly StreamingMetrics? _metrics;
    private readonly RevCounter _revs;
    private readonly TaskCompletionSource _firstData = NewSignal();

    // Guarded by _gate: the provider, the repair loop, sinks and joining clients meet here.
    private readonly Lock _gate = new();
    private readonly SeriesCandles _candles;
    private readonly SeriesCoverage _coverage;
    private readonly RefusedCandles _refused;
    private readonly List<Candle> _changes = [];
    private ImmutableArray<ICandleSink> _sinks = [];
    private TaskCompletionSource _repaired = NewSignal();
    private FeedState _feed = new(SeriesState.Connecting);
    private bool _merged;
    private long _openedRev;
    private long _storedCompleteFrom;

    // Replaced whole under _gate; any thread may read them.
    private volatile CandleUpdate? _latest;
    private volatile SeriesStatus _status;

    // Ticks of UTC; 0 = never. Written under _gate.
    private long _lastTradeTicks;

    internal SeriesHub(SeriesKey series, StreamingOptions options, ISeriesArchive archive, RevCounter revs, TimeProvider time, ILogger logger, StreamingMetrics? metrics = null)
    {
        Series = series;
        (_archive, _revs, _time, _metrics) = (archive, revs, time, metrics);
        _refused = new RefusedCandles(series, time, logger, metrics);
        var graceMs = (long)options.CloseGrace.TotalMilliseconds;
        _candles = new SeriesCandles(series.Timeframe, options.CandlesInMemory, graceMs, revs.Next);
        _coverage = new SeriesCoverage(series.Timeframe, graceMs);
        _status = new SeriesStatus(series, _feed, []);
    }

    public SeriesKey Series { get; }

    /// <summary>The newest candle, forming or closed.</summary>
    public CandleUpdate? Latest => _latest;

    /// <summary>The state of the feed and the gaps, as last told to the sinks.</summary>
    public SeriesStatus Status => _status;

    /// <summary>How many subscribers hold the series open; kept by <see cref="CandleStreamService"/>.</summary>
    public int Subscribers { get; internal set; }

    /// <summary>When the last frame on the series' channel arrived (our clock).</summary>
    public DateTimeOffset? LastMessageAt => Followed?.LastMessageAt;

    /// <summary>When the last frame that changed a value arrived (our clock).</summary>
    public DateTimeOffset? LastTradeAt => Volatile.Read(ref _lastTradeTicks) is not 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Exchange time minus our clock, ms.</summary>
    public long? ExchangeClockOffsetMs => Followed?.ExchangeClockOffsetMs;

    /// <summary>Candles refused because no real candle looks like that.</summary>
    public long ImplausibleCandles => _refused.Count;

    /// <summary>The subscription at the provider; null until the store was read.</summary>
    internal IFollowedSeries? Followed { get; set; }

    /// <summary>Completed when the exchange's candles were merged for the first time.</summary>
    internal Task FirstData => _firstData.Task;

    /// <summary>Completed while no gap is open. Wait for it with a limit: what cannot be repaired stays a gap.</summary>
    internal Task Repaired
    {
        get
        {
            lock (_gate) return _repaired.Task;
        }
    }

    /// <summary>Called under the lock when there is something to repair or to check.</summary>
    internal Action? RepairWanted { get; set; }

    /// <summary>Every update from now on reaches <paramref name="sink"/>; it is told the status at once.</summary>
    public void Attach(ICandleSink sink)
    {
        lock (_gate)
        {
            _sinks = _sinks.Add(sink);
            sink.OnStatus(_status);
        }
    }

    /// <summary>No update reaches <paramref name="sink"/> once this has returned.</summary>
    public void Detach(ICandleSink sink)
    {
        lock (_gate) _sinks = _sinks.Remove(sink);
    }

    void ICandleFeed.OnState(FeedState state)
    {
        lock (_gate)
        {
            if (state == _feed) return;
            _feed = state;
            PublishStatus();
        }
    }

    void ICandleFeed.OnSnapshot(IReadOnlyList<Candle> candles, long? exchangeTime)
    {
        lock (_gate)
        {
            Doubt(exchangeTime);
            foreach (var candle in candles)
            {
                if (Admit(candle, exchangeTime)) _candles.Push(candle, _changes);
            }

            // Afterwards: what time closes now was last heard before the interruption, and the snapshot may know better.
            if (exchangeTime is { } now) PassTime(now);

            // Without exchange time the newest candle is the best lower bound of it; it serves coverage only and closes nothing.
            if ((exchangeTime ?? _candles.Newest?.Time) is { } began) _coverage.Begin(candles.Count > 0 ? candles[0].Time : null, began);
            FinishMerge();
        }
    }

    void ICandleFeed.OnCandle(in Candle candle, long? exchangeTime, long receivedAt)
    {
        lock (_gate)
        {
            if (exchangeTime is { } now && IsNextSecond(now)) PassTimeAndPublish(now, now);
            if (!Admit(candle)) return;
            _candles.Push(candle, _changes);
            if (exchangeTime is null) _coverage.PassTime(candle.Time, candle.Time);
            if (_changes.Count > 0) Volatile.Write(ref _lastTradeTicks, _time.GetUtcNow().Ticks);
            PublishChanges(receivedAt);
        }
    }

    void ICandleFeed.OnExchangeTime(long exchangeTime, long heardUntil)
    {
        lock (_gate) PassTimeAndPublish(exchangeTime, heardUntil);
    }

    void ICandleFeed.OnInterrupted()
    {
        lock (_gate)
        {
            _coverage.Interrupt();
            Doubt(_candles.ExchangeTime);
            PublishCoverage();
        }
    }

    void ICandleFeed.OnUnreadable(TimeRange? times)
    {
        lock (_gate)
        {
            if (times is { } range) _coverage.Lost(range);
            else BeginAnew();
            PublishCoverage();
        }
    }

    void ICandleFeed.OnPolled(HistoryPage page) => Merge(page, isPoll: true);

    /// <summary>Merges a REST answer about the times that are watched: of a repair, of a check, of a history query that came first.</summary>
    internal void Merge(HistoryPage page) => Merge(page, isPoll: false);

    private void Merge(HistoryPage page, bool isPoll)
    {
        lock (_gate)
        {
            foreach (var candle in page.Candles)
            {
                if (Admit(candle, page.AsOf)) _candles.Fetch(candle, page.AsOf, _changes);
            }

            // While the socket is live, only the socket advances time: trades may still be in flight. Before the first merge, REST may.
            if (isPoll || !_merged || _feed.State == SeriesState.Polling) PassTime(page.AsOf);
            _coverage.Fetched(page.Range, page.AsOf);
            // Also what did not change is saved again: a repair may be about candles that the store lost.
            _archive.Save(Series, [.. _candles.In(page.Range).Where(c => c.Closed)]);
            FinishMerge();
        }
    }

    /// <summary>Starts with what the store holds, before the provider is asked.</summary>
    internal void Load(ArchivedSeries? archived)
    {
        lock (_gate)
        {
            _openedRev = _revs.Current;
            _storedCompleteFrom = archived?.Record?.CompleteFrom is > 0 and var stored ? stored : _openedRev;
            _candles.Load(archived?.Newest ?? [], _openedRev);
            LoadCoverage(archived);
            if (_candles.Newest is { } newest) _latest = new CandleUpdate(Series, newest);
        }
    }

    /// <summary>
    /// The store answered after the provider was asked. Its candles are put below those that came meanwhile, and holes between the two become gaps.
    /// Connected clients are sent them at once. They keep their old revs, so a client that was here before and returns is reset.
    /// </summary>
    internal void LoadLate(ArchivedSeries archived)
    {
        lock (_gate)
        {
            List<CandleUpdate> added = [.. _candles.LoadLate(archived.Newest).Select(c => new CandleUpdate(Series, c))];
            LoadCoverage(archived);
            _openedRev = _storedCompleteFrom = _revs.Current;
            SetLatest();
            if (added.Count > 0)
            {
                foreach (var sink in _sinks) sink.OnFirstMerge(Series, added);
            }

            PublishCoverage();
        }
    }

    /// <summary>
    /// Candles fetched at or after this time are repairs: clients must be told (<see cref="Merge(HistoryPage)"/>). Earlier ones are history.
    /// Null if nothing was stored or received yet.
    /// </summary>
    internal long? RepairsFrom(long exchangeTime)
    {
        lock (_gate) return _coverage.WatchedFrom(exchangeTime);
    }

    /// <summary>History that was fetched on request now counts as known.</summary>
    internal void AddHistory(IReadOnlyList<Candle> candles, TimeRangeSet verified)
    {
        lock (_gate)
        {
            foreach (var candle in candles) _candles.AddHistory(candle);
            _coverage.AddHistory(verified);
            PublishCoverage();
        }
    }

    /// <summary>The store lost candles of this range: they become a gap and are fetched again.</summary>
    internal void Lose(TimeRange range)
    {
        lock (_gate)
        {
            _coverage.Lost(range);
            PublishCoverage();
        }
    }

    /// <summary>The store deleted what is older than <paramref name="time"/>, as its retention says.</summary>
    internal void Forget(long time)
    {
        lock (_gate)
        {
            _candles.ForgetBefore(time);
            _coverage.Forget(time);
            PublishCoverage();
        }
    }

    /// <summary>The next range to fetch, and what for; null when there is nothing.</summary>
    internal (TimeRange Range, FetchPurpose Purpose)? NextRepair()
    {
        lock (_gate) return FindRepair();
    }

    /// <summary>A consistent look at the series for one reader.</summary>
    internal HubView View(int newest, long changedAfter)
    {
        lock (_gate)
        {
            return new HubView(_candles.Latest(newest), _candles.ChangedSince(changedAfter), _candles.Oldest?.Time, _candles.HoldsChangesAfter,
                CompleteFrom, _coverage.Known, _candles.ExchangeTime, _merged, _status);
        }
    }

    /// <summary>The held candles in a range, the oldest of all held, what is known, and exchange time, for a history query.</summary>
    internal (IReadOnlyList<Candle> Candles, long? OldestTime, TimeRangeSet Known, long? ExchangeTime) Look(TimeRange range)
    {
        lock (_gate) return (_candles.In(range), _candles.Oldest?.Time, _coverage.Known, _candles.ExchangeTime);
    }

    /// <summary>Tells the store what is known of this series; called when it closes.</summary>
    internal void SaveRecord()
    {
        lock (_gate)
        {
            if (!_merged) return;
            var (verified, unverified) = _coverage.TakeUnsaved();
            _archive.Save(new SeriesChange(Series, verified, unverified, CompleteFrom));
        }
    }

    // While any gap is open, changes made in it may be missing: only what changed since the series was opened is complete, its repair being sent to whoever listens.
    private long CompleteFrom => !_merged || !_coverage.Gaps.IsEmpty ? _openedRev : _storedCompleteFrom;

    private (TimeRange Range, FetchPurpose Purpose)? FindRepair()
    {
        if (!_merged) return null;
        if (_coverage.Gaps.Ranges is [.., var newest])
            return (newest with { From = Series.Timeframe.Before(newest.From) }, Subscribers > 0 ? FetchPurpose.Repair : FetchPurpose.Record);
        return _coverage.DueCheck() is { } due ? (due, FetchPurpose.Record) : null;
    }

    private void LoadCoverage(ArchivedSeries? archived)
    {
        var held = archived?.Newest ?? [];
        _coverage.Load(archived?.Record?.Verified ?? TimeRangeSet.Empty, held is [.., var newest] ? newest.Time : null, held.Count > 0 ? held[Math.Max(0, held.Count - 2)].Time : null);
    }

    // The exchange revises the candle before the running one. While nobody listened, that was one of the last two heard, or a later one.
    private void Doubt(long? exchangeTime)
    {
        if (_candles.Latest(2) is [var first, ..]) _coverage.Doubt(first.Time, exchangeTime ?? 0);
    }

    // Any candle since the last verified one may have been in what could not be read: following begins with the next candle.
    private void BeginAnew()
    {
        _coverage.Interrupt();
        Doubt(_candles.ExchangeTime);
        if ((_candles.ExchangeTime ?? _candles.Newest?.Time) is { } now) _coverage.Begin(null, now);
    }

    private bool IsNextSecond(long exchangeTime) => _candles.ExchangeTime is not { } known || known / 1000 < exchangeTime / 1000;

    private void PassTime(long exchangeTime) => _candles.PassTime(exchangeTime, _changes);

    private void PassTimeAndPublish(long exchangeTime, long heardUntil)
    {
        PassTime(exchangeTime);
        PublishChanges(0);
        _coverage.PassTime(exchangeTime, heardUntil);
        PublishCoverage();
    }

    private bool Admit(in Candle candle, long? asOf = null)
    {
        if (_candles.IsPlausible(candle, asOf)) return true;
        _refused.Add(candle);
        return false;
    }

    private void FinishMerge()
    {
        if (_merged) PublishChanges(0);
        else PublishFirstMerge();
        PublishCoverage();
    }

    private void PublishFirstMerge()
    {
        _merged = true;
        if (!_coverage.ContinuesStored) _storedCompleteFrom = _openedRev;
        List<CandleUpdate> updates = [.. _changes.GroupBy(c => c.Time).Select(g => new CandleUpdate(Series, g.Last())).OrderBy(u => u.Candle.Time)];
        _changes.Clear();
        SetLatest();
        if (updates.Count > 0)
        {
            foreach (var sink in _sinks) sink.OnFirstMerge(Series, updates);
        }

        _archive.Save(new SeriesChange(Series, TimeRangeSet.Empty, TimeRangeSet.Empty, CompleteFrom));
        _firstData.TrySetResult();
    }

    private void PublishChanges(long receivedAt)
    {
        if (_changes.Count == 0) return;
        foreach (var candle in _changes)
        {
            var update = new CandleUpdate(Series, candle, receivedAt);
            if (_latest is null || candle.Time >= _latest.Candle.Time) _latest = update;
            foreach (var sink in _sinks) sink.OnUpdate(update);
        }

        _changes.Clear();
        if (receivedAt != 0) _metrics?.Published(_time.GetElapsedTime(receivedAt));
    }

    private void PublishCoverage()
    {
        var (verified, unverified) = _coverage.TakeUnsaved();
        if (!verified.IsEmpty || !unverified.IsEmpty) _archive.Save(new SeriesChange(Series, verified, unverified, CompleteFrom));
        if (!_coverage.Gaps.Ranges.AsSpan().SequenceEqual(_status.Gaps.AsSpan())) PublishStatus();
        if (_merged && _coverage.Gaps.IsEmpty) _repaired.TrySetResult();
        else if (_repaired.Task.IsCompleted) _repaired = NewSignal();
        if (FindRepair() is not null) RepairWanted?.Invoke();
    }

    private void PublishStatus()
    {
        _status = new SeriesStatus(Series, _feed, _coverage.Gaps.Ranges);
        foreach (var sink in _sinks) sink.OnStatus(_status);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void SetLatest()
    {
        if (_candles.Newest is { } newest && newest.Rev > (_latest?.Rev ?? 0)) _latest = new CandleUpdate(Series, newest);
    }
}
