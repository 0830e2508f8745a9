using CandleStream.Providers;
using CandleStream.Storage;

namespace CandleStream.Streaming.Series;

/// <summary>
/// Which times of one series are known completely, and which are gaps. Compares candle times with exchange time only. Pure; its hub guards
/// it.
/// </summary>
/// <remarks>
/// Verified: inside a REST answer of at least 60 s after, or followed live until exchange time passed the end and grace; remembered by the
/// store. Covered: inside a snapshot or a younger REST answer, or verified before nobody listened for a while; good enough not to be a gap,
/// still to be checked.
/// </remarks>
internal sealed class SeriesCoverage(Timeframe timeframe, long graceMs)
{
    private const long DayMs = 86_400_000;

    /// <summary>
    /// How far back a reopened series is repaired by itself, at most: as far as a resume reaches. Older holes are history, fetched when
    /// asked for.
    /// </summary>
    public const long MaxRepairMs = 7 * DayMs;

    /// <summary>
    /// As <see cref="MaxRepairMs"/>, in candles: one call's worth. A resume reaches farther where little was traded, see
    /// <see cref="ContinuesStored"/>.
    /// </summary>
    public const int MaxRepairCandles = 5_000;

    // Frames come every 15 s at least; a time that differs by more from the one before is another one, not a later one.
    private const long LeapMs = 60_000;

    private TimeRangeSet _covered = TimeRangeSet.Empty;
    private TimeRangeSet _unsavedVerified = TimeRangeSet.Empty;
    private TimeRangeSet _unsavedUnverified = TimeRangeSet.Empty;

    // Part of what is covered, and the earliest exchange time of an answer that can clear it: an older one may be from before a revision.
    private TimeRangeSet _doubted = TimeRangeSet.Empty;
    private long _doubtedAt;

    // Times of rows that could not be read or believed: following or covering what is around them says nothing of them, only a REST answer
    // does.
    private TimeRangeSet _spoiled = TimeRangeSet.Empty;

    // Where watching begins follows from these: earlier holes are history.
    private long? _began;
    private long? _oldest;
    private long _openedAt = long.MaxValue;
    private long? _storedFrom;
    private long? _followedUntil;

    // The end of the newest stored candle.
    private long? _storedTo;
    private long _notBefore = long.MinValue;

    // The first time that is followed and not verified yet. Null while interrupted.
    private long? _liveFrom;
    private long? _now;
    private TimeRangeSet? _gaps;

    // The time before the last leap ahead, the first time of all among them: should it turn out that the leap was to a wrong time, nothing
    // from this one on is certain.
    private long? _beforeLeap;
    private long _leapedTo;

    // Since following began the exchange's time has gone back once: what it tells next may be a leap over an outage that the wrong time
    // hid.
    private bool _wentBack;

    // When the series itself was heard last.
    private long _heardUntil;

    /// <summary>The newest exchange time known; null before the first.</summary>
    public long? Now => _now;

    public TimeRangeSet Verified { get; private set; } = TimeRangeSet.Empty;

    /// <summary>
    /// Times that were followed or fetched, up to the last exchange time known: what is not in it and not in <see cref="Gaps"/> is the
    /// future, or history that nobody asked for.
    /// </summary>
    public TimeRangeSet Known
    {
        get
        {
            var known = Verified.Union(_covered);
            if (_liveFrom is { } from) known = known.Add(new TimeRange(from, long.MaxValue));
            return _spoiled.IsEmpty ? known : known.Subtract(_spoiled);
        }
    }

    /// <summary>
    /// Complete candles' times since watching began (before that: up to the newest stored candle) that are neither verified nor covered.
    /// </summary>
    public TimeRangeSet Gaps => _gaps ??= FindGaps();

    /// <summary>
    /// False when candles are unknown between what the store holds and where watching begins: nothing repairs them, so nobody holds every
    /// change since they were missed. Only as far back as any id is accepted, and a day more, because an id's age is told by our clock.
    /// True where nothing is stored.
    /// </summary>
    public bool ContinuesStored
    {
        get
        {
            if (_storedFrom is not { } stored) return true;
            if (_began is not { } began || WatchedFrom() is not { } watched) return false;
            return Known.MissingIn(new TimeRange(Math.Max(stored, timeframe.StartOf(began - MaxRepairMs - DayMs)), watched)).IsEmpty;
        }
    }

    /// <summary>Takes what the store remembers; first of all, or later where the store was slow.</summary>
    /// <param name="verified">The verified ranges.</param>
    /// <param name="lastHeld">Open time of the newest stored candle.</param>
    /// <param name="heldBefore">That of the candle before it: what is verified from there on is doubted, see
    /// <see cref="Doubt(long, long)"/>.</param>
    /// <param name="toldFrom">From where on streams were told of the series: a hole after it is a gap, however little was verified; one
    /// before it is history.</param>
    public void Load(TimeRangeSet verified, long? lastHeld, long? heldBefore = null, long toldFrom = SeriesRecord.NothingTold)
    {
        // Read before the deletion that this has heard of already.
        verified = verified.Subtract(new TimeRange(long.MinValue, _notBefore));
        var told = toldFrom != SeriesRecord.NothingTold;
        _storedFrom = told ? timeframe.StartOf(toldFrom) : verified.IsEmpty ? lastHeld : verified.Ranges[0].From;
        _storedTo = lastHeld is { } held ? timeframe.EndOf(held) : null;
        _followedUntil = told ? verified.MissingIn(new TimeRange(toldFrom, long.MaxValue)).Ranges is [var hole, ..] ? hole.From : null
            : verified.IsEmpty ? lastHeld : verified.Ranges[^1].To;
        var doubted = heldBefore is { } from ? verified.Intersect(new TimeRange(from, long.MaxValue)) : TimeRangeSet.Empty;
        Verified = Verified.Union(verified.Subtract(doubted));
        Doubt(doubted, _now ?? 0);
        _gaps = null;
    }

    /// <summary>
    /// Nobody listened for a while, and candles from <paramref name="from"/> on may have been revised: they are not verified any more, but
    /// held and therefore no gap; they are checked by REST, also after a restart.
    /// </summary>
    public void Doubt(long from, long exchangeTime)
    {
        var doubted = Verified.Intersect(new TimeRange(from, long.MaxValue));
        Verified = Verified.Subtract(doubted);
        _unsavedVerified = _unsavedVerified.Subtract(doubted);
        Doubt(doubted, exchangeTime);
    }

    /// <summary>
    /// The exchange's time when the series was opened: it is watched from the candle that ran then. To be told before watching begins.
    /// </summary>
    public void OpenedAt(long exchangeTime)
    {
        if (_began is null) _openedAt = exchangeTime;
    }

    /// <summary>
    /// A subscription began with a snapshot, complete from <paramref name="oldest"/> (null: it was empty, or there was none) to
    /// <paramref name="exchangeTime"/>.
    /// </summary>
    /// <param name="oldest">The oldest candle of the snapshot.</param>
    /// <param name="exchangeTime">The snapshot's time, or what is known of it at least.</param>
    /// <param name="latest">The latest that the time can be, where it is not known for certain.</param>
    public void Begin(long? oldest, long exchangeTime, long? latest = null)
    {
        // A time from before the newest one known would make what was not followed since look followed.
        exchangeTime = Math.Max(exchangeTime, _now ?? exchangeTime);
        StartWatching(oldest, exchangeTime);
        // A candle that ended less than the grace ago may still change, and is followed from here on like the running one, if the snapshot
        // shows what they were. Without it the running candle may have been traded before, and for the last time: what is followed begins
        // with the next.
        var liveFrom = oldest is null
            ? timeframe.EndOf(timeframe.StartOf(Math.Max(exchangeTime, latest ?? exchangeTime)))
            : Math.Max(timeframe.StartOf(exchangeTime - graceMs), oldest.Value);
        _liveFrom = liveFrom;
        if (oldest is { } from) Cover(new TimeRange(from, liveFrom));
        PassTime(exchangeTime, exchangeTime);
    }

    /// <summary>
    /// Exchange time moved; what was followed until its end and grace becomes verified. Only as far as the series itself was heard
    /// (<paramref name="heardUntil"/>): time told by other channels of the socket does not show that this one has kept nothing back.
    /// </summary>
    public void PassTime(long exchangeTime, long heardUntil)
    {
        _heardUntil = Math.Max(_heardUntil, heardUntil);
        if (_now is { } now && exchangeTime < now) return;
        if (_now is { } before && exchangeTime > before + LeapMs)
        {
            (_beforeLeap, _leapedTo) = (_beforeLeap ?? before, exchangeTime);
            if (_wentBack && _liveFrom is not null)
            {
                _liveFrom = timeframe.EndOf(timeframe.StartOf(exchangeTime));
                _gaps = null;
            }
        }

        // Time that goes on from there step by step was not a wrong one.
        if (exchangeTime > _leapedTo + 2 * LeapMs) _beforeLeap = null;
        MoveTo(exchangeTime);
        if (_liveFrom is not { } liveFrom) return;
        var followed = new TimeRange(liveFrom, timeframe.StartOf(Math.Min(exchangeTime, _heardUntil) - graceMs));
        foreach (var part in _spoiled.MissingIn(followed).Ranges) Verify(part);
        _liveFrom = Math.Max(followed.From, followed.To);
    }

    /// <summary>
    /// Exchange time becomes known, or the one known was wrong. Nothing beyond it can be known, whatever the store says, nor anything after
    /// a leap that was to a wrong time. Does nothing where the time known is no later than this by more than a frame's delay.
    /// </summary>
    public void SetTime(long exchangeTime)
    {
        // What a wrong time doubted, no answer could clear before that time came.
        if (_doubtedAt > exchangeTime + LeapMs) _doubtedAt = exchangeTime;
        if (_now is { } known && known <= exchangeTime + LeapMs) return;
        var until = timeframe.StartOf(_now is null ? exchangeTime : Math.Min(exchangeTime, _beforeLeap ?? exchangeTime));
        Unverify(new TimeRange(until, long.MaxValue));
        _wentBack = _now is not null;
        _beforeLeap = null;
        _heardUntil = Math.Min(_heardUntil, exchangeTime);
        _doubtedAt = Math.Min(_doubtedAt, exchangeTime);
        if (_liveFrom is not null) _liveFrom = timeframe.EndOf(timeframe.StartOf(exchangeTime));
        if (_began > exchangeTime) _began = exchangeTime;
        if (_wentBack) MoveTo(exchangeTime);
    }

    /// <summary>
    /// A row that could not be read, or that no real candle looks like, may have been of these times: they are neither verified nor covered
    /// until REST answers for them, and a gap as far as they are watched.
    /// </summary>
    public void Spoil(TimeRange times)
    {
        // Far ahead of exchange time there is nothing to spoil; near it the time may be the one that is wrong.
        times = new TimeRange(timeframe.StartOf(times.From),
            Math.Min(timeframe.CeilingOf(times.To), timeframe.EndOf(timeframe.StartOf((_now ?? 0) + DayMs))));
        if (times.IsEmpty) return;
        Unverify(times);
        _spoiled = _spoiled.Add(times);
    }

    /// <summary>
    /// The exchange itself says that nothing was traded in these times: as certain as what was followed. Only whole candles that are over
    /// count.
    /// </summary>
    public void Prove(TimeRange times)
    {
        if (_now is not { } now) return;
        var empty = new TimeRange(timeframe.CeilingOf(times.From), timeframe.StartOf(Math.Min(times.To, now)));
        if (empty.IsEmpty) return;
        Verify(empty);
        _spoiled = _spoiled.Subtract(empty);
        _gaps = null;
    }

    /// <summary>Following ended: what came after the last verified time may be incomplete.</summary>
    public void Interrupt()
    {
        _wentBack = false;
        _liveFrom = null;
        _gaps = null;
    }

    /// <summary>
    /// A REST answer: complete for <paramref name="range"/> as of <paramref name="asOf"/>, but for the times of
    /// <paramref name="unreadable"/> rows. From
    /// <paramref name="provedTo"/> on it shows no row and proves nothing: those times are covered, and checked when a later answer can
    /// prove them.
    /// </summary>
    public void Fetched(TimeRange range, long asOf, TimeRangeSet? unreadable = null, long provedTo = long.MaxValue)
    {
        StartWatching(range.From, asOf);
        var from = timeframe.CeilingOf(range.From);
        var answered = new TimeRange(from, Math.Min(range.To, timeframe.StartOf(asOf)));
        foreach (var part in Answered(answered, unreadable).Ranges) Cover(part);
        foreach (var part in Answered(answered with { To = Math.Min(answered.To, provedTo) }, unreadable).Ranges)
            _spoiled = _spoiled.Subtract(part);

        var trustedTo = Math.Min(Math.Min(range.To, provedTo), timeframe.StartOf(asOf - SeriesCandles.RestTrustedAfterMs));
        var trusted = Answered(new TimeRange(from, trustedTo), unreadable);
        foreach (var part in (asOf < _doubtedAt ? trusted.Subtract(_doubted) : trusted).Ranges) Verify(part);
        if (asOf > (_now ?? long.MinValue)) PassTime(asOf, _heardUntil);
    }

    /// <summary>History that somebody asked for was fetched and stored.</summary>
    public void AddHistory(TimeRangeSet verified)
    {
        Verified = Verified.Union(verified);
        _spoiled = _spoiled.Subtract(verified);
        _gaps = null;
    }

    /// <summary>Candles of this range were lost, on the way to us or to the store: it must be fetched again.</summary>
    public void Lost(TimeRange range)
    {
        Remove(range);

        // What is followed is known up to now; behind the loss it begins anew. A range of the future is known to nobody.
        if (_liveFrom is not { } from || _now is not { } now) return;
        if (range.To > from && range.From <= timeframe.EndOf(timeframe.StartOf(now))) _liveFrom = range.To;
    }

    /// <summary>
    /// Candles before <paramref name="time"/> were deleted on purpose, or are not to be had: they are unknown, and no gap.
    /// </summary>
    public void Forget(long time)
    {
        Remove(new TimeRange(long.MinValue, time));
        _notBefore = Math.Max(_notBefore, time);
    }

    /// <summary>What of a snapshot or a poll is still wanted: what was deleted on purpose is no news when it comes again.</summary>
    public HistoryPage Wanted(HistoryPage page) =>
        page.Range.From >= _notBefore ? page : page.Part(page.Range with { From = Math.Min(_notBefore, page.Range.To) });

    /// <inheritdoc cref="Wanted(HistoryPage)"/>
    public IReadOnlyList<Candle> Wanted(IReadOnlyList<Candle> candles) =>
        candles is [var first, ..] && first.Time < _notBefore ? [.. candles.Where(c => c.Time >= _notBefore)] : candles;

    /// <summary>
    /// A covered range that is not verified yet, once all of it is old enough for a REST answer to verify it: one call for all; null when
    /// there is nothing to check.
    /// </summary>
    public TimeRange? DueCheck()
    {
        if (_now is not { } now) return null;
        var trusted = timeframe.StartOf(now - SeriesCandles.RestTrustedAfterMs);
        foreach (var range in _covered.Ranges)
        {
            // What lies before the first watched time is history, fetched when asked for.
            var watched = range with { From = Math.Max(range.From, WatchedFrom() ?? range.From) };
            if (range.To > trusted || watched.IsEmpty || Verified.ContainsAll(watched)) continue;
            var due = Verified.MissingIn(watched).Ranges;
            return new TimeRange(due[0].From, due[^1].To);
        }

        return null;
    }

    /// <summary>
    /// The first time that is watched: from the stored candles on where there are any, but not farther back than a repair reaches: the
    /// candle that was running seven days ago, or when the series was last followed. Where watching has not begun yet, what it would be at
    /// this exchange time; null where that depends on what comes.
    /// </summary>
    public long? WatchedFrom(long exchangeTime)
    {
        if (_began is null && _storedFrom is null) return null;
        var began = _began ?? exchangeTime;
        // Where candles are long, the one that ended meanwhile may have opened more than seven days ago.
        var farthest = timeframe.StartOf(Math.Min(began - MaxRepairMs, _followedUntil ?? long.MaxValue));
        if (timeframe.LengthMs > 0) farthest = Math.Max(farthest, timeframe.CeilingOf(began - MaxRepairCandles * timeframe.LengthMs));
        var first = Math.Max(_storedFrom ?? Math.Min(_oldest ?? began, timeframe.StartOf(Math.Min(began, _openedAt))), farthest);
        return Math.Max(first, _notBefore);
    }

    /// <summary>Ranges that became verified, and ranges that ceased to be, since the last call, to be remembered by the store.</summary>
    public (TimeRangeSet Verified, TimeRangeSet Unverified) TakeUnsaved()
    {
        var unsaved = (_unsavedVerified, _unsavedUnverified);
        _unsavedVerified = _unsavedUnverified = TimeRangeSet.Empty;
        return unsaved;
    }

    private void StartWatching(long? oldest, long exchangeTime)
    {
        if (_began is not null) return;
        (_began, _oldest) = (exchangeTime, oldest);
        (_beforeLeap, _leapedTo) = (oldest ?? exchangeTime, exchangeTime);
        _gaps = null;
    }

    private long? WatchedFrom() => _began is { } began ? WatchedFrom(began) : null;

    private void MoveTo(long exchangeTime)
    {
        if (_now is not { } before || timeframe.StartOf(before) != timeframe.StartOf(exchangeTime)) _gaps = null;
        _now = exchangeTime;
    }

    private static TimeRangeSet Answered(TimeRange range, TimeRangeSet? unreadable) =>
        unreadable is null ? TimeRangeSet.Of(range) : unreadable.MissingIn(range);

    private void Cover(TimeRange range)
    {
        var covered = _covered.Add(range);
        if (ReferenceEquals(covered, _covered)) return;
        _covered = covered;
        _gaps = null;
    }

    private void Doubt(TimeRangeSet doubted, long exchangeTime)
    {
        _covered = _covered.Union(doubted);
        _doubted = _doubted.Union(doubted);
        _unsavedUnverified = _unsavedUnverified.Union(doubted);
        _doubtedAt = Math.Max(_doubtedAt, exchangeTime);
    }

    private void Remove(TimeRange range)
    {
        Verified = Verified.Subtract(range);
        _covered = _covered.Subtract(range);
        _unsavedVerified = _unsavedVerified.Subtract(range);
        _gaps = null;
    }

    // As if it had never been known, and the store shall forget it too.
    private void Unverify(TimeRange range)
    {
        _unsavedUnverified = _unsavedUnverified.Union(Verified.Intersect(range));
        _doubted = _doubted.Subtract(range);
        Remove(range);
    }

    private void Verify(TimeRange range)
    {
        var verified = Verified.Add(range);
        if (ReferenceEquals(verified, Verified)) return;
        Verified = verified;
        _unsavedVerified = _unsavedVerified.Add(range);
        _unsavedUnverified = _unsavedUnverified.Subtract(range);
        _doubted = _doubted.Subtract(range);
        _gaps = null;
    }

    // Before the exchange is heard, holes among what is stored are named all the same: clients are shown it.
    private TimeRangeSet FindGaps()
    {
        var to = _began is null ? _storedTo : timeframe.StartOf(_now ?? 0);
        return to is { } end && WatchedFrom(_began ?? end) is { } from ? Known.MissingIn(new TimeRange(from, end)) : TimeRangeSet.Empty;
    }
}
