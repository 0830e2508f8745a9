using System.Collections.Immutable;
using CandleStream.Providers;
using CandleStream.Storage;
using Microsoft.Extensions.Logging;

namespace CandleStream.Streaming.Series;

/// <summary>
/// One open series: takes what the provider learns, decides what changed, numbers it, hands it to a few sinks (stream senders) and to the archive.
/// Numbering, memory and hand-over happen under one lock, so a reader that registers a sink first and reads the memory then misses nothing.
/// </summary>
public sealed class SeriesHub : IFeedListener
{
    private readonly CandleArchive _archive;
    private readonly TimeProvider _time;
    private readonly StreamingMetrics? _metrics;
    private readonly RevCounter _revs;
    private readonly long _openedAt;
    private readonly Signal _loaded = new();
    private readonly Signal _firstData = new();

    // Guarded by _gate: the provider, the repair loop, sinks and joining clients meet here.
    private readonly Lock _gate = new();
    private readonly SeriesCandles _candles;
    private readonly SeriesCoverage _coverage;
    private readonly RefusedCandles _refused;
    private readonly PresentTime _present;
    private readonly List<Candle> _changes = [];

    // Times of rows that were refused since they were last told to the coverage.
    private readonly List<TimeRange> _spoiled = [];
    private ImmutableArray<ICandleSink> _sinks = [];
    private Signal _repaired = new();
    private FeedState _feed = new(SeriesState.Connecting);
    private bool _merged;

    // When the newest candle of the channel was first heard (timestamp), and up to when the channel can have been heard then: its own candle, or the snapshot's time.
    private long _heardAt;
    private long _heardFrom;

    private bool _knowsStore;

    // The snapshot was empty and no time was known yet: following begins with the first that is told.
    private bool _beginsLater;

    // Closed candles that were published and are not handed to the archive yet: it gets them together with what is then known.
    private readonly List<Candle> _unsaved = [];

    // From _openedFrom on every change is held, or will be published when its gap is repaired; from _completeFrom on where no gap is open. Nothing is promised before Load.
    private long _openedRev;
    private long _openedFrom = long.MaxValue;
    private long _completeFrom = long.MaxValue;

    // The highest rev of what the store deleted, also before it was loaded.
    private long _deletedUpTo;

    // The oldest time told by earlier lives, as far as their clients can resume, and by this one; see SeriesRecord.
    private long _toldBefore = SeriesRecord.NothingTold;
    private long _told = SeriesRecord.NothingTold;
    private (long CompleteFrom, long ToldFrom) _saved;

    // Replaced whole under _gate; any thread may read them.
    private volatile CandleUpdate? _latest;
    private volatile SeriesStatus _status;

    // Ticks of UTC; 0 = never. Written under _gate.
    private long _lastTradeTicks;

    internal SeriesHub(SeriesKey series, StreamingOptions options, CandleArchive archive, RevCounter revs, TimeProvider time, ILogger logger, StreamingMetrics? metrics = null)
    {
        Series = series;
        (_archive, _revs, _time, _metrics) = (archive, revs, time, metrics);
        _openedAt = time.GetTimestamp();
        _refused = new RefusedCandles(series, time, logger, metrics);
        _present = new PresentTime(time);
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

    /// <summary>Given when what the store holds was loaded, or did not come in time.</summary>
    internal Signal Loaded => _loaded;

    /// <summary>True once what the store holds is part of what the hub knows.</summary>
    internal bool KnowsStore
    {
        get
        {
            lock (_gate) return _knowsStore;
        }
    }

    /// <summary>Where the counter stood when what the store held was loaded (µs).</summary>
    internal long OpenedRev
    {
        get
        {
            lock (_gate) return _openedRev;
        }
    }

    /// <summary>Given when the exchange's candles were merged for the first time.</summary>
    internal Signal FirstData => _firstData;

    /// <summary>Given while no gap is open. Wait for it with a limit: what cannot be repaired stays a gap.</summary>
    internal Signal Repaired
    {
        get
        {
            lock (_gate) return _repaired;
        }
    }

    /// <summary>What is known for certain; a snapshot is not.</summary>
    internal TimeRangeSet Verified
    {
        get
        {
            lock (_gate) return _coverage.Verified;
        }
    }

    /// <summary>How long the series is open.</summary>
    internal TimeSpan Age => _time.GetElapsedTime(_openedAt);

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

    void IFeedListener.OnState(FeedState state)
    {
        lock (_gate)
        {
            if (state == _feed) return;
            _feed = state;
            PublishStatus();
        }
    }

    void IFeedListener.OnTimeTold(long exchangeTime)
    {
        lock (_gate) _present.Judge(exchangeTime);
    }

    void IFeedListener.OnSnapshot(IReadOnlyList<Candle> candles, long? exchangeTime)
    {
        lock (_gate)
        {
            Doubt(exchangeTime);
            if (exchangeTime is { } heard) HearTime(heard);
            candles = _coverage.Wanted(candles);
            long? oldest = null;
            foreach (var candle in candles)
            {
                if (!Admit(candle, exchangeTime)) continue;
                oldest ??= candle.Time;
                Push(candle, exchangeTime);
            }

            // Afterwards: what time closes now was last heard before the interruption, and the snapshot may know better.
            if (exchangeTime is { } now) PassTime(now);

            // Without exchange time the newest candle is the best lower bound of it; it serves coverage only and closes nothing.
            var began = exchangeTime ?? _candles.Newest?.Time;
            _beginsLater = began is null;
            if (began is { } time)
            {
                HearFrom(time);
                _coverage.Begin(oldest, time, exchangeTime is null ? _present.Latest : null);
            }

            Spoil();
            FinishMerge();
        }
    }

    void IFeedListener.OnCandle(in Candle candle, long? exchangeTime, long receivedAt)
    {
        lock (_gate)
        {
            if (exchangeTime is { } now)
            {
                HearTime(now);
                if (IsNextSecond(now)) PassTimeAndPublish(now, now);
            }

            if (!Admit(candle, exchangeTime))
            {
                Spoil();
                PublishCoverage();
                return;
            }

            BeginLater(exchangeTime ?? candle.Time);
            Push(candle, exchangeTime);
            if (exchangeTime is null) _coverage.PassTime(candle.Time, candle.Time);
            if (_changes.Count > 0) Volatile.Write(ref _lastTradeTicks, _time.GetUtcNow().Ticks);
            PublishChanges(receivedAt);
            // Where no time is told, only a candle shows that time has passed: what is a gap by now is named at once.
            if (exchangeTime is null) PublishCoverage();
            else Save();
        }
    }

    void IFeedListener.OnExchangeTime(long exchangeTime, long heardUntil)
    {
        lock (_gate)
        {
            HearTime(exchangeTime);
            BeginLater(exchangeTime);
            PassTimeAndPublish(exchangeTime, heardUntil);
        }
    }

    void IFeedListener.OnInterrupted()
    {
        lock (_gate)
        {
            _beginsLater = false;
            _coverage.Interrupt();
            Doubt(_candles.ExchangeTime);
            PublishCoverage();
        }
    }

    void IFeedListener.OnUnreadable(TimeRange? times)
    {
        lock (_gate)
        {
            if (times is { } range) _coverage.Spoil(range);
            else BeginAnew();
            PublishCoverage();
        }
    }

    void IFeedListener.OnPolled(HistoryPage page) => Merge(page, isPoll: true, []);

    /// <summary>Merges a REST answer about the times that are watched: of a repair, of a check, of a history query that came first.</summary>
    /// <param name="page">The answer.</param>
    /// <param name="noNews">Its candles that are stored with equal values and were sent: nobody is told, but what the answer verifies is saved with it.</param>
    internal void Merge(HistoryPage page, IReadOnlyList<Candle>? noNews = null) => Merge(page, isPoll: false, noNews ?? []);

    private void Merge(HistoryPage page, bool isPoll, IReadOnlyList<Candle> noNews)
    {
        lock (_gate)
        {
            if (noNews.Count > 0)
            {
                var times = noNews.Select(c => c.Time).ToHashSet();
                page = page with { Candles = [.. page.Candles.Where(c => !times.Contains(c.Time))] };
                // The store may be deleting them right now.
                _unsaved.AddRange(noNews);
            }

            if (isPoll) page = _coverage.Wanted(page);
            var (asOf, isBack) = _present.Judge(page.AsOf);
            if (isBack) GoBack(asOf);
            // While the socket is live, only the socket advances time: trades may still be in flight. Before the first merge, REST may. Nor may REST close a
            // candle that it does not show: the last trades may be in what is still missing. What it verifies, it must close.
            var tellsTime = isPoll || !_merged || _feed.State == SeriesState.Polling || (_feed.State != SeriesState.Live && ShowsNewest(page));
            if (tellsTime && _candles.ExchangeTime is null) SetTime(asOf);
            foreach (var candle in page.Candles)
            {
                if (Admit(candle, asOf)) _candles.Fetch(candle, asOf, _changes, tellsTime ? asOf : null);
            }

            if (tellsTime) PassTime(asOf);

            // A row that was refused says nothing: what is known of its time, or is not, stays as it was.
            _coverage.Fetched(page.Range, asOf, page.Unreadable.Union(TimeRangeSet.Of(_spoiled)), page.ProvedTo);
            _spoiled.Clear();
            // Also what did not change is saved again: a repair may be about candles that the store lost.
            _unsaved.AddRange(_candles.In(page.Range).Where(c => c.Closed));
            FinishMerge();
        }
    }

    /// <summary>Starts with what the store holds, before the provider is asked.</summary>
    internal void Load(ArchivedSeries? archived)
    {
        lock (_gate)
        {
            _knowsStore = archived is not null;
            _openedRev = _revs.Current;
            var record = archived?.Record ?? SeriesRecord.Nothing;
            // A series that nobody ever followed changed only by what came since this process began, and all of that is held.
            var isNew = archived is { Newest.Count: 0 } && record.Verified.IsEmpty && record.CompleteFrom == 0;
            _openedFrom = isNew ? _revs.First : _openedRev;
            _completeFrom = Math.Max(_deletedUpTo, archived is null ? _openedRev : record.CompleteFrom > 0 ? record.CompleteFrom : _revs.First);
            _toldBefore = archived?.MayBeToldFrom ?? SeriesRecord.NothingTold;
            // A promise without a word on what was told: all that is verified may have been.
            if (record is { CompleteFrom: > 0, ToldFrom: SeriesRecord.NothingTold, Verified.IsEmpty: false }) _toldBefore = Math.Min(_toldBefore, record.Verified.Ranges[0].From);
            _saved = (record.CompleteFrom, record.ToldFrom);
            _candles.Load(_coverage.Wanted(archived?.Newest ?? []), _openedRev);
            LoadCoverage(archived);
            if (_candles.Newest is { } newest) _latest = new CandleUpdate(Series, newest);
            PublishCoverage();
            _loaded.Give();
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
            List<CandleUpdate> added = [.. _candles.LoadLate(_coverage.Wanted(archived.Newest)).Select(c => new CandleUpdate(Series, c))];
            // They are about to be told, and a hole above them is a gap. So is what was told of times older than they are: what the store holds there, nobody is sent.
            if (archived is { Newest: [var oldest, ..], Record: { } record } && _told < oldest.Time)
                archived = archived with { Record = record with { Verified = record.Verified.Subtract(new TimeRange(_told, oldest.Time)) } };
            if (added.Count > 0) Told(added[0].Candle.Time);
            LoadCoverage(archived);
            _knowsStore = true;
            _openedRev = _openedFrom = _completeFrom = _revs.Current;
            SetLatest();
            if (added.Count > 0)
            {
                foreach (var sink in _sinks) sink.OnFirstMerge(Series, added);
            }

            PublishCoverage();
        }
    }

    /// <summary>
    /// Candles fetched at or after this time are repairs: clients must be told (<see cref="Merge(HistoryPage, IReadOnlyList{Candle}?)"/>). Earlier ones are history.
    /// Null if nothing was told, stored or received yet.
    /// </summary>
    internal long? RepairsFrom(long exchangeTime)
    {
        lock (_gate)
        {
            var from = Math.Min(ToldFrom, _coverage.WatchedFrom(exchangeTime) ?? SeriesRecord.NothingTold);
            return from == SeriesRecord.NothingTold ? null : from;
        }
    }

    /// <summary>
    /// History that was fetched and stored on request now counts as known. Where a stream was told of its times meanwhile, it is a repair after all.
    /// </summary>
    /// <param name="stored">The candles with the revs they were stored with.</param>
    /// <param name="page">The answer they are of; its range is verified.</param>
    internal void AddHistory(IReadOnlyList<Candle> stored, HistoryPage page)
    {
        lock (_gate)
        {
            if (!_knowsStore) return;
            var history = page.Range with { To = Math.Min(page.Range.To, Math.Max(page.Range.From, ToldFrom)) };
            foreach (var candle in stored.Where(c => history.Contains(c.Time))) _candles.AddHistory(candle);
            _coverage.AddHistory(TimeRangeSet.Of(history));
            PublishCoverage();
        }

        var told = page.Range with { From = Math.Max(page.Range.From, RepairsFrom(page.AsOf) ?? long.MaxValue) };
        if (!told.IsEmpty) Merge(page.Part(told));
    }

    /// <summary>A stream is about to be told candles from <paramref name="time"/> on. True when that is older than all it was told before.</summary>
    internal bool Tell(long time)
    {
        lock (_gate)
        {
            if (time >= ToldFrom) return false;
            Told(time);
            Save();
            return true;
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

    /// <summary>The store deleted what is older than <paramref name="time"/>, as its retention says, and with it changes up to <paramref name="highestRev"/>.</summary>
    internal void Forget(long time, long highestRev)
    {
        lock (_gate)
        {
            _candles.ForgetBefore(time);
            _coverage.Forget(time);
            _deletedUpTo = Math.Max(_deletedUpTo, highestRev);
            _completeFrom = Math.Max(_completeFrom, highestRev);
            PublishCoverage();
        }
    }

    /// <summary>True when every change after <paramref name="rev"/> is held, or will be published when its gap is repaired.</summary>
    internal bool IsCompleteFrom(long rev)
    {
        lock (_gate) return rev >= CompleteFrom;
    }

    /// <summary>The gaps that are being repaired: all of them, once the exchange's candles were merged.</summary>
    internal TimeRangeSet RepairedGaps
    {
        get
        {
            lock (_gate) return _merged ? _coverage.Gaps : TimeRangeSet.Empty;
        }
    }

    /// <summary>What there is to fetch, the newest gap first and the check of what snapshots covered last.</summary>
    internal IReadOnlyList<RepairWork> Repairs()
    {
        lock (_gate) return FindRepairs();
    }

    /// <summary>The first of them; null when there is nothing to fetch.</summary>
    internal RepairWork? NextRepair() => Repairs() is [var first, ..] ? first : null;

    /// <summary>The latest that exchange time can be by what this series was told of it; null before it was told any. It closes nothing.</summary>
    internal long? Present
    {
        get
        {
            lock (_gate) return _present.Latest;
        }
    }

    /// <summary>
    /// Stored rows that open at this time or later are of no real candle: they lie ahead of exchange time and of all that is held. The end of time while none is known.
    /// </summary>
    internal long Horizon
    {
        get
        {
            lock (_gate)
            {
                return _candles.ExchangeTime is { } now
                    ? Math.Max(now + SeriesCandles.FutureToleranceMs, _candles.Newest?.Time ?? now) + 1
                    : long.MaxValue;
            }
        }
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
            // Clients of a life that never knew the store lack what it holds, and those of a series that nobody ever heard lack what is fetched as history: they start anew.
            if (_loaded.IsGiven && IsPromiseless) _completeFrom = _revs.Current;
            Save();
        }
    }

    // While any gap is open, changes made in it may be missing: only what changed since the series was opened is complete, and the repair is sent to those who listen.
    private long CompleteFrom => !_merged || !_coverage.Gaps.IsEmpty ? Math.Max(_openedFrom, _completeFrom) : _completeFrom;

    // Nothing can be promised of a series before the store was read, nor before the exchange was heard for the first time.
    private bool IsPromiseless => !_knowsStore || (!_merged && _saved.CompleteFrom == 0);

    private long ToldFrom => Math.Min(_toldBefore, _told);

    private List<RepairWork> FindRepairs()
    {
        if (!_merged) return [];
        var purpose = Subscribers > 0 ? FetchPurpose.Repair : FetchPurpose.Record;
        List<RepairWork> work = [.. _coverage.Gaps.Ranges.Reverse().Select(gap => new RepairWork(gap, Asked(gap), purpose))];
        if (_coverage.DueCheck() is { } due) work.Add(new RepairWork(due, due, FetchPurpose.Record, IsCheck: true));
        return work;
    }

    // From the candle before the gap to the one behind it: an answer proves what lies between its rows, and beyond the last one nothing.
    private TimeRange Asked(TimeRange gap)
    {
        var from = Series.Timeframe.Before(gap.From);
        return new TimeRange(from, _candles.FirstFrom(gap.To) is { } next ? Series.Timeframe.EndOf(next) : gap.To);
    }

    private void LoadCoverage(ArchivedSeries? archived)
    {
        var held = archived?.Newest ?? [];
        _coverage.Load(
            archived?.Record?.Verified ?? TimeRangeSet.Empty, held is [.., var newest] ? newest.Time : null, held.Count > 0 ? held[Math.Max(0, held.Count - 2)].Time : null,
            ToldFrom);
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
        if ((_candles.ExchangeTime ?? _candles.Newest?.Time) is { } now) _coverage.Begin(null, now, _present.Latest);
    }

    // After an empty snapshot that came before any time was told.
    private void BeginLater(long time)
    {
        if (!_beginsLater) return;
        _beginsLater = false;
        HearFrom(time);
        _coverage.Begin(null, time, _present.Latest);
    }

    private bool ShowsNewest(HistoryPage page) =>
        _candles.Newest is { } newest && page.Range.From <= newest.Time && page.Range.To >= Series.Timeframe.EndOf(newest.Time);

    private bool IsNextSecond(long exchangeTime) => _candles.ExchangeTime is not { } known || known / 1000 < exchangeTime / 1000;

    private void PassTime(long exchangeTime) => _candles.PassTime(exchangeTime, _changes);

    private void PassTimeAndPublish(long exchangeTime, long heardUntil)
    {
        PassTime(exchangeTime);
        PublishChanges(0);
        _coverage.PassTime(exchangeTime, Math.Min(heardUntil, HeardAtMost()));
        PublishCoverage();
    }

    // A time told by a frame. Where none was known, or a later one was, the series starts anew from it: what later time said was wrong.
    private void HearTime(long exchangeTime)
    {
        if (GoBack(exchangeTime))
        {
            _present.Set(exchangeTime);
            return;
        }

        if (_candles.ExchangeTime is null) SetTime(exchangeTime);
        _present.Told(exchangeTime);
    }

    // True where a later time was known than this one, which replaces it.
    private bool GoBack(long exchangeTime)
    {
        var known = Math.Max(_candles.ExchangeTime ?? 0, _coverage.Now ?? 0);
        if (exchangeTime >= known - SeriesCandles.FutureToleranceMs) return false;
        _refused.WrongTime(known, exchangeTime);
        SetTime(exchangeTime);
        return true;
    }

    private void SetTime(long exchangeTime)
    {
        foreach (var candle in _candles.SetTime(exchangeTime, _changes)) _refused.Add(candle);
        _coverage.SetTime(exchangeTime);
        if (_candles.Newest is null || _candles.Newest.Value.Time < _latest?.Candle.Time) _latest = _candles.Newest is { } newest ? new CandleUpdate(Series, newest) : null;
        HearFrom(exchangeTime);
    }

    private void Push(in Candle candle, long? exchangeTime)
    {
        if (candle.Time > (_candles.Newest?.Time ?? long.MinValue)) HearFrom(Series.Timeframe.EndOf(candle.Time));
        _candles.Push(candle, _changes, exchangeTime);
    }

    private void HearFrom(long time) => (_heardFrom, _heardAt) = (time, _time.GetTimestamp());

    // The times of the channel's own frames vouch for it no further than its newest candle and what passed since: two wrong ones in a row are believed.
    private long HeardAtMost() => _heardFrom + (long)_time.GetElapsedTime(_heardAt).TotalMilliseconds + PresentTime.SlackMs;

    private bool Admit(in Candle candle, long? asOf)
    {
        var timeframe = Series.Timeframe;
        var isPresent = asOf is { } time
            ? candle.Time <= Math.Max(time, _candles.ExchangeTime ?? time) + SeriesCandles.FutureToleranceMs
            : _present.Admits(candle.Time);
        if (candle.IsPlausible(timeframe) && isPresent)
        {
            if (timeframe.StartOf(candle.Time) != candle.Time) _refused.Unexpected(candle);
            return true;
        }

        _refused.Add(candle);
        _spoiled.Add(new TimeRange(timeframe.StartOf(candle.Time), timeframe.EndOf(timeframe.StartOf(candle.Time))));
        return false;
    }

    private void Spoil()
    {
        foreach (var times in _spoiled) _coverage.Spoil(times);
        _spoiled.Clear();
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
        if (!_coverage.ContinuesStored)
        {
            // Clients of earlier lives start anew: what they were told no longer counts.
            _completeFrom = _openedRev;
            _toldBefore = SeriesRecord.NothingTold;
        }

        List<CandleUpdate> updates = [.. _changes.GroupBy(c => c.Time).Select(g => new CandleUpdate(Series, g.Last())).OrderBy(u => u.Candle.Time)];
        _changes.Clear();
        SetLatest();
        if (updates.Count > 0)
        {
            Told(updates[0].Candle.Time);
            _unsaved.AddRange(updates.Select(u => u.Candle).Where(c => c.Closed));
            foreach (var sink in _sinks) sink.OnFirstMerge(Series, updates);
        }

        _firstData.Give();
    }

    private void PublishChanges(long receivedAt)
    {
        if (_changes.Count == 0) return;
        foreach (var candle in _changes)
        {
            var update = new CandleUpdate(Series, candle, receivedAt);
            if (_latest is null || candle.Time >= _latest.Candle.Time) _latest = update;
            if (candle.Closed) _unsaved.Add(candle);
            Told(candle.Time);
            foreach (var sink in _sinks) sink.OnUpdate(update);
        }

        _changes.Clear();
        if (receivedAt != 0) _metrics?.Published(_time.GetElapsedTime(receivedAt));
    }

    private void PublishCoverage()
    {
        if (!_coverage.Gaps.Ranges.AsSpan().SequenceEqual(_status.Gaps.AsSpan())) PublishStatus();
        if (_merged && _coverage.Gaps.IsEmpty) _repaired.Give();
        else if (_repaired.IsGiven) _repaired = new Signal();
        Save();
        if (_merged && (!_coverage.Gaps.IsEmpty || _coverage.DueCheck() is not null)) RepairWanted?.Invoke();
    }

    // The one way to the archive: candles and what is known with them go together, so that no batch of the writer can hold the second without the first.
    private void Save()
    {
        var (verified, unverified) = _coverage.TakeUnsaved();
        var promises = _merged || (_loaded.IsGiven && IsPromiseless);
        var promise = (promises ? _completeFrom : _saved.CompleteFrom, ToldFrom);
        var isChanged = !verified.IsEmpty || !unverified.IsEmpty || promise != _saved;
        if (!isChanged && _unsaved.Count == 0) return;
        _archive.Save(Series, [.. _unsaved], isChanged ? new SeriesChange(Series, verified, unverified, promises ? _completeFrom : null, ToldFrom) : null);
        _unsaved.Clear();
        _saved = promise;
    }

    private void Told(long time) => _told = Math.Min(_told, time);

    private void PublishStatus()
    {
        _status = new SeriesStatus(Series, _feed, _coverage.Gaps.Ranges);
        if (_status.Gaps is [var oldest, ..]) Told(oldest.From);
        foreach (var sink in _sinks) sink.OnStatus(_status);
    }

    private void SetLatest()
    {
        if (_candles.Newest is { } newest && newest.Rev > (_latest?.Rev ?? 0)) _latest = new CandleUpdate(Series, newest);
    }
}

/// <summary>What one reader sees of a hub at one moment.</summary>
internal sealed record HubView(
    IReadOnlyList<Candle> Newest,
    IReadOnlyList<Candle> Changed,
    long? OldestTime,
    long HoldsChangesAfter,
    long CompleteFrom,
    TimeRangeSet Known,
    long? ExchangeTime,
    bool Merged,
    SeriesStatus Status);
