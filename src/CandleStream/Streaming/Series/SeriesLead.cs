using CandleStream.Providers;
using CandleStream.Storage;
using Microsoft.Extensions.Logging;

namespace CandleStream.Streaming.Series;

/// <summary>
/// The feed half of a series that is numbered here: takes what the provider, the store and REST answers bring, and knows what is certain
/// and what is missing. Its parts decide (<see cref="SeriesIntake"/>), tell (<see cref="SeriesPublisher"/>) and promise
/// (<see cref="SeriesLedger"/>), all of it under the memory's lock.
/// </summary>
internal sealed class SeriesLead : IFeedListener
{
    private readonly HubMemory _memory;
    private readonly TimeProvider _time;

    // Guarded by _gate, which is the memory's.
    private readonly Lock _gate;
    private readonly SeriesCandles _candles;
    private readonly SeriesCoverage _coverage;
    private readonly RefusedCandles _refused;
    private readonly SeriesIntake _intake;
    private readonly SeriesLedger _ledger;
    private readonly SeriesPublisher _publisher;

    public SeriesLead(
        HubMemory memory, StreamingOptions options, CandleArchive archive, RevCounter revs, TimeProvider time, ILogger logger,
        StreamingMetrics? metrics)
    {
        (_memory, _gate, _candles, _time) = (memory, memory.Gate, memory.Candles, time);
        _coverage = new SeriesCoverage(memory.Key.Timeframe, (long)options.CloseGrace.TotalMilliseconds);
        _refused = new RefusedCandles(memory.Key, time, logger, metrics);
        _intake = new SeriesIntake(memory, _coverage, _refused, time);
        _ledger = new SeriesLedger(memory.Key, archive, revs);
        _publisher = new SeriesPublisher(memory, _ledger, _coverage, time, metrics);
    }

    public SeriesKey Series => _memory.Key;

    /// <summary>The subscription at the provider; null until the store was read.</summary>
    public IFollowedSeries? Followed { get; private set; }

    /// <summary>Given when what the store holds was loaded, or did not come in time.</summary>
    public Signal Loaded => _memory.Loaded;

    /// <summary>Candles refused because no real candle looks like that.</summary>
    public long ImplausibleCandles => _refused.Count;

    /// <summary>True once what the store holds is part of what the series knows.</summary>
    public bool KnowsStore
    {
        get
        {
            lock (_gate) return _ledger.KnowsStore;
        }
    }

    /// <summary>Where the counter stood when what the store held was loaded (µs).</summary>
    public Rev OpenedRev
    {
        get
        {
            lock (_gate) return _ledger.OpenedRev;
        }
    }

    /// <summary>What is known for certain; a snapshot is not.</summary>
    public TimeRangeSet Verified
    {
        get
        {
            lock (_gate) return _coverage.Verified;
        }
    }

    /// <summary>What is known, from snapshots too.</summary>
    public TimeRangeSet Known
    {
        get
        {
            lock (_gate) return _coverage.Known;
        }
    }

    /// <summary>When the oldest candle in memory opened, Unix ms; null without one.</summary>
    public long? OldestTime
    {
        get
        {
            lock (_gate) return _candles.Oldest?.Time;
        }
    }

    /// <summary>True once the exchange's candles were merged.</summary>
    public bool HasMerged
    {
        get
        {
            lock (_gate) return _publisher.HasMerged;
        }
    }

    /// <summary>From this rev (µs) on every change is held, or is published when its gap is repaired.</summary>
    public Rev CompleteFrom
    {
        get
        {
            lock (_gate) return _ledger.CompleteFrom(isWhole: _publisher.HasMerged && _coverage.Gaps.IsEmpty);
        }
    }

    /// <summary>
    /// The latest that exchange time can be by what this series was told of it; null before it was told any. It closes nothing.
    /// </summary>
    public long? Present
    {
        get
        {
            lock (_gate) return _intake.Present;
        }
    }

    /// <summary>The gaps that are being repaired: all of them, once the exchange's candles were merged.</summary>
    public TimeRangeSet RepairedGaps
    {
        get
        {
            lock (_gate) return _publisher.HasMerged ? _coverage.Gaps : TimeRangeSet.Empty;
        }
    }

    /// <summary>
    /// Begins to follow the series. <paramref name="repairWanted"/> is called under the lock when there is something to repair or to check.
    /// </summary>
    public void Follow(ICandleProvider provider, Action repairWanted)
    {
        lock (_gate) _publisher.WantRepairs(repairWanted);
        Followed = provider.Follow(Series, this);
    }

    /// <summary>Ends the subscription at the provider, if there is one.</summary>
    public async Task UnfollowAsync()
    {
        if (Followed is { } followed) await followed.DisposeAsync();
    }

    void IFeedListener.OnState(FeedState state)
    {
        lock (_gate) _publisher.PublishState(state);
    }

    void IFeedListener.OnTimeTold(long exchangeTime)
    {
        lock (_gate) _intake.Judge(exchangeTime);
    }

    void IFeedListener.OnSnapshot(IReadOnlyList<Candle> candles, long? exchangeTime)
    {
        lock (_gate)
        {
            _intake.Snapshot(candles, exchangeTime);
            _publisher.FinishMerge(_intake.Changes);
        }
    }

    void IFeedListener.OnCandle(in Candle candle, long? exchangeTime, long receivedAt)
    {
        lock (_gate)
        {
            if (exchangeTime is { } now)
            {
                _intake.HearTime(now);
                if (_intake.IsNextSecond(now)) PassTimeAndPublish(now, now);
            }

            if (!_intake.Admit(candle, exchangeTime))
            {
                _intake.Spoil();
                _publisher.PublishCoverage();
                return;
            }

            _intake.BeginLater(exchangeTime ?? candle.Time);
            _intake.Push(candle, exchangeTime);
            if (exchangeTime is null) _coverage.PassTime(candle.Time, candle.Time);
            if (_intake.Changes.Count > 0) _memory.TradedAt(_time.GetUtcNow());
            _publisher.PublishChanges(_intake.Changes, receivedAt);
            // Where no time is told, only a candle shows that time has passed: what is a gap by now is named at once.
            if (exchangeTime is null) _publisher.PublishCoverage();
            else _publisher.Save();
        }
    }

    void IFeedListener.OnExchangeTime(long exchangeTime, long heardUntil)
    {
        lock (_gate)
        {
            _intake.HearTime(exchangeTime);
            _intake.BeginLater(exchangeTime);
            PassTimeAndPublish(exchangeTime, heardUntil);
        }
    }

    void IFeedListener.OnInterrupted()
    {
        lock (_gate)
        {
            _intake.Interrupt();
            _publisher.PublishCoverage();
        }
    }

    void IFeedListener.OnUnreadable(TimeRange? times)
    {
        lock (_gate)
        {
            if (times is { } range) _coverage.Spoil(range);
            else _intake.BeginAnew();
            _publisher.PublishCoverage();
        }
    }

    void IFeedListener.OnIncomplete(TimeRange times)
    {
        lock (_gate)
        {
            _candles.Withdraw(times);
            _coverage.Spoil(times);
            _publisher.PublishCoverage();
        }
    }

    void IFeedListener.OnEmpty(TimeRange times)
    {
        lock (_gate)
        {
            _coverage.Prove(times);
            _publisher.PublishCoverage();
        }
    }

    void IFeedListener.OnPolled(HistoryPage page) => Merge(page, isPoll: true, []);

    /// <summary>
    /// Merges a REST answer about the times that are watched: of a repair, of a check, of a history query that came first.
    /// </summary>
    /// <param name="page">The answer.</param>
    /// <param name="noNews">Its candles that are stored with equal values and were sent: nobody is told, but what the answer verifies is
    /// saved with it.</param>
    public void Merge(HistoryPage page, IReadOnlyList<Candle>? noNews = null) => Merge(page, isPoll: false, noNews ?? []);

    private void Merge(HistoryPage page, bool isPoll, IReadOnlyList<Candle> noNews)
    {
        lock (_gate)
        {
            if (noNews.Count > 0)
            {
                var times = noNews.Select(c => c.Time).ToHashSet();
                page = page with { Candles = [.. page.Candles.Where(c => !times.Contains(c.Time))] };
                // The store may be deleting them right now.
                _ledger.Add(noNews);
            }

            if (page.NothingBefore > page.Range.From)
            {
                _coverage.Forget(page.NothingBefore);
                page = page.Part(page.Range with { From = Math.Min(page.NothingBefore, page.Range.To) });
            }

            if (isPoll) page = _coverage.Wanted(page);
            var (asOf, isBack) = _intake.Judge(page.AsOf);
            if (isBack) _intake.GoBack(asOf);
            // While the socket is live, only the socket advances time: trades may still be in flight. Before the first merge, REST may. Nor
            // may REST close a candle that it does not show: the last trades may be in what is still missing. What it verifies, it must
            // close.
            var state = _publisher.Feed.State;
            var tellsTime = isPoll || !_publisher.HasMerged || state == SeriesState.Polling
                || (state != SeriesState.Live && ShowsNewest(page));
            // While nobody listens, what an answer does not close it does not verify either: it is asked for again.
            if (!tellsTime && state != SeriesState.Live && _candles.Reached is { } reached)
                page = page with { ProvedTo = Math.Min(page.ProvedTo, Series.Timeframe.StartOf(reached)) };
            // Also what does not change is saved again: a repair may be about candles that the store lost. Before it is merged: where
            // memory is full, what is older gives way to what comes.
            _ledger.Add(_candles.In(page.Range).Where(c => c.Closed));
            _intake.Fetch(page, asOf, tellsTime);
            _publisher.FinishMerge(_intake.Changes);
        }
    }

    /// <summary>Starts with what the store holds, before the provider is asked; null where it did not answer in time.</summary>
    public void Load(ArchivedSeries? archived)
    {
        lock (_gate)
        {
            _ledger.Load(archived);
            _candles.Load(_coverage.Wanted(archived?.Newest ?? []), _ledger.OpenedRev);
            LoadCoverage(archived);
            if (_candles.Newest is not null) _memory.ResetLatest();
            _publisher.PublishCoverage();
            Loaded.Give();
        }
    }

    /// <summary>
    /// The store answered after the provider was asked. Its candles are put below those that came meanwhile, and holes between the two
    /// become gaps. Connected clients are sent them at once. They keep their old revs, so a client that was here before and returns is
    /// reset.
    /// </summary>
    public void LoadLate(ArchivedSeries archived)
    {
        lock (_gate)
        {
            List<CandleUpdate> added = [.. _candles.LoadLate(_coverage.Wanted(archived.Newest)).Select(c => new CandleUpdate(Series, c))];
            // They are about to be told, and a hole above them is a gap.
            archived = _ledger.WithoutTold(archived);
            if (added.Count > 0) _ledger.Told(added[0].Candle.Time);
            LoadCoverage(archived);
            _ledger.LoadedLate();
            _memory.RaiseLatest();
            if (added.Count > 0) _memory.PublishMerge(added);
            _publisher.PublishCoverage();
        }
    }

    /// <summary>The oldest time that clients were told, by this life of the series or an earlier one.</summary>
    public long ToldFrom
    {
        get
        {
            lock (_gate) return _ledger.ToldFrom;
        }
    }

    /// <summary>
    /// Candles fetched at or after this time are repairs: clients must be told (<see cref="Merge(HistoryPage, IReadOnlyList{Candle}?)"/>).
    /// Earlier ones are history. Null if nothing was told, stored or received yet.
    /// </summary>
    public long? RepairsFrom(long exchangeTime)
    {
        lock (_gate)
        {
            var from = Math.Min(_ledger.ToldFrom, _coverage.WatchedFrom(exchangeTime) ?? SeriesRecord.NothingTold);
            return from == SeriesRecord.NothingTold ? null : from;
        }
    }

    /// <summary>
    /// History that was fetched and stored on request now counts as known. Where a stream was told of its times meanwhile, it is a repair
    /// after all.
    /// </summary>
    /// <param name="stored">The candles with the revs they were stored with.</param>
    /// <param name="page">The answer they are of; its range is verified.</param>
    public void AddHistory(IReadOnlyList<Candle> stored, HistoryPage page)
    {
        lock (_gate)
        {
            if (!_ledger.KnowsStore) return;
            var history = page.Range with { To = Math.Min(page.Range.To, Math.Max(page.Range.From, _ledger.ToldFrom)) };
            foreach (var candle in stored.Where(c => history.Contains(c.Time))) _candles.AddHistory(candle);
            _coverage.AddHistory(TimeRangeSet.Of(history));
            _publisher.PublishCoverage();
        }

        var told = page.Range with { From = Math.Max(page.Range.From, RepairsFrom(page.AsOf) ?? long.MaxValue) };
        if (!told.IsEmpty) Merge(page.Part(told));
    }

    /// <summary>See <see cref="ISeries.Tell"/>.</summary>
    public bool Tell(long time)
    {
        lock (_gate)
        {
            if (time >= _ledger.ToldFrom) return false;
            _ledger.Told(time);
            _publisher.Save();
            return true;
        }
    }

    /// <summary>The store lost candles of this range: they become a gap and are fetched again.</summary>
    public void Lose(TimeRange range)
    {
        lock (_gate)
        {
            _coverage.Lost(range);
            _publisher.PublishCoverage();
        }
    }

    /// <summary>
    /// The store deleted what is older than <paramref name="time"/>, as its retention says, and with it changes up to
    /// <paramref name="highestRev"/>.
    /// </summary>
    public void Forget(long time, Rev highestRev)
    {
        lock (_gate)
        {
            _candles.ForgetBefore(time);
            _coverage.Forget(time);
            _ledger.Deleted(highestRev);
            _publisher.PublishCoverage();
        }
    }

    /// <summary>
    /// Tells the store what is known of this series; called when it closes. Who still waits for it to be loaded is answered from the store.
    /// </summary>
    public void Close()
    {
        lock (_gate)
        {
            _ledger.Close(_publisher.HasMerged, Loaded.IsGiven);
            _publisher.Save();
        }

        Loaded.Give();
    }

    /// <summary>What there is to fetch, the newest gap first and the check of what snapshots covered last.</summary>
    public IReadOnlyList<RepairWork> Repairs()
    {
        lock (_gate)
        {
            if (!_publisher.HasMerged) return [];
            var purpose = _memory.Subscribers > 0 ? FetchPurpose.Repair : FetchPurpose.Record;
            List<RepairWork> work = [.. _coverage.Gaps.Ranges.Reverse().Select(gap => new RepairWork(gap, Asked(gap), purpose))];
            if (_coverage.DueCheck() is { } due) work.Add(new RepairWork(due, due, FetchPurpose.Record, IsCheck: true));
            return work;
        }
    }

    /// <summary>The first of them; null when there is nothing to fetch.</summary>
    public RepairWork? NextRepair() => Repairs() is [var first, ..] ? first : null;

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
            archived?.Record?.Verified ?? TimeRangeSet.Empty,
            held is [.., var newest] ? newest.Time : null,
            held.Count > 0 ? held[Math.Max(0, held.Count - 2)].Time : null,
            _ledger.ToldFrom);
    }

    // Where no candle is held, as after a deletion of all, the answer can close none wrongly.
    private bool ShowsNewest(HistoryPage page) => _candles.Newest is not { } newest
        || (page.Range.From <= newest.Time && page.Range.To >= Series.Timeframe.EndOf(newest.Time));

    private void PassTimeAndPublish(long exchangeTime, long heardUntil)
    {
        _intake.PassTime(exchangeTime);
        _publisher.PublishChanges(_intake.Changes, 0);
        _coverage.PassTime(exchangeTime, Math.Min(heardUntil, _intake.HeardAtMost()));
        _publisher.PublishCoverage();
    }
}
