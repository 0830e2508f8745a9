namespace CandleStream.Streaming;

/// <summary>
/// Which times of one series are known completely, and which are gaps. Compares candle times with exchange time only. Pure; its hub guards it.
/// </summary>
/// <remarks>
/// Verified: inside a REST answer of at least 60 s after, or followed live until exchange time passed the end and grace; remembered by the store.
/// Covered: inside a snapshot or a younger REST answer, or verified before nobody listened for a while; good enough not to be a gap, still to be checked.
/// </remarks>
internal sealed class SeriesCoverage(Timeframe timeframe, long graceMs)
{
    private const long DayMs = 86_400_000;

    /// <summary>How far back a reopened series is repaired by itself, at most: as far as a resume reaches. Older holes are history, fetched when asked for.</summary>
    public const long MaxRepairMs = 7 * DayMs;

    /// <summary>As <see cref="MaxRepairMs"/>, in candles: one call's worth. A resume reaches farther where little was traded, see <see cref="ContinuesStored"/>.</summary>
    public const int MaxRepairCandles = 5_000;

    private TimeRangeSet _covered = TimeRangeSet.Empty;
    private TimeRangeSet _unsavedVerified = TimeRangeSet.Empty;
    private TimeRangeSet _unsavedUnverified = TimeRangeSet.Empty;

    // Part of what is covered, and the exchange time from which on an answer can clear it: an older one may be from before a revision.
    private TimeRangeSet _doubted = TimeRangeSet.Empty;
    private long _doubtedAt;

    // Where watching begins follows from these: earlier holes are history.
    private long? _began;
    private long? _oldest;
    private long? _storedFrom;
    private long? _followedUntil;
    private long _notBefore = long.MinValue;

    // The first time that is followed and not verified yet. Null while interrupted.
    private long? _liveFrom;
    private long? _now;
    private TimeRangeSet? _gaps;

    // When the series itself was heard last.
    private long _heardUntil;

    public TimeRangeSet Verified { get; private set; } = TimeRangeSet.Empty;

    /// <summary>Times that were followed or fetched, up to the last exchange time known: what is not in it and not in <see cref="Gaps"/> is the future, or history that nobody asked for.</summary>
    public TimeRangeSet Known
    {
        get
        {
            var known = Verified.Union(_covered);
            return _liveFrom is { } from ? known.Add(new TimeRange(from, long.MaxValue)) : known;
        }
    }

    /// <summary>Complete candles' times since watching began that are neither verified nor covered.</summary>
    public TimeRangeSet Gaps => _gaps ??= FindGaps();

    /// <summary>
    /// False when candles are unknown between what the store holds and where watching begins: nothing repairs them, so nobody holds every change since they were missed.
    /// Only as far back as any id is accepted, and a day more, because an id's age is told by our clock. True where nothing is stored.
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
    /// <param name="heldBefore">That of the candle before it: what is verified from there on is doubted, see <see cref="Doubt(long, long)"/>.</param>
    /// <param name="toldFrom">From where on streams were told of the series: a hole after it is a gap, however little was verified; one before it is history.</param>
    public void Load(TimeRangeSet verified, long? lastHeld, long? heldBefore = null, long toldFrom = SeriesRecord.NothingTold)
    {
        var told = toldFrom != SeriesRecord.NothingTold;
        _storedFrom = told ? timeframe.StartOf(toldFrom) : verified.IsEmpty ? lastHeld : verified.Ranges[0].From;
        _followedUntil = told ? verified.MissingIn(new TimeRange(toldFrom, long.MaxValue)).Ranges is [var hole, ..] ? hole.From : null
            : verified.IsEmpty ? lastHeld : verified.Ranges[^1].To;
        var doubted = heldBefore is { } from ? verified.Intersect(new TimeRange(from, long.MaxValue)) : TimeRangeSet.Empty;
        Verified = Verified.Union(verified.Subtract(doubted));
        Doubt(doubted, _now ?? 0);
        _gaps = null;
    }

    /// <summary>
    /// Nobody listened for a while, and candles from <paramref name="from"/> on may have been revised: they are not verified any more, but held and
    /// therefore no gap; they are checked by REST, also after a restart.
    /// </summary>
    public void Doubt(long from, long exchangeTime)
    {
        var doubted = Verified.Intersect(new TimeRange(from, long.MaxValue));
        Verified = Verified.Subtract(doubted);
        _unsavedVerified = _unsavedVerified.Subtract(doubted);
        Doubt(doubted, exchangeTime);
    }

    /// <summary>A subscription began with a snapshot, complete from <paramref name="oldest"/> (null: it was empty, or there was none) to <paramref name="exchangeTime"/>.</summary>
    public void Begin(long? oldest, long exchangeTime)
    {
        StartWatching(oldest, exchangeTime);
        // A candle that ended less than the grace ago may still change, and is followed from here on like the running one, if the snapshot shows what
        // they were. Without it the running candle may have been traded before, and for the last time: what is followed begins with the next.
        var liveFrom = oldest is null ? timeframe.EndOf(timeframe.StartOf(exchangeTime)) : timeframe.StartOf(exchangeTime - graceMs);
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
        if (_now is not { } before || timeframe.StartOf(before) != timeframe.StartOf(exchangeTime)) _gaps = null;
        _now = exchangeTime;
        if (_liveFrom is not { } liveFrom) return;
        var followed = new TimeRange(liveFrom, timeframe.StartOf(Math.Min(exchangeTime, _heardUntil) - graceMs));
        Verify(followed);
        _liveFrom = Math.Max(followed.From, followed.To);
    }

    /// <summary>Following ended: what came after the last verified time may be incomplete.</summary>
    public void Interrupt()
    {
        _liveFrom = null;
        _gaps = null;
    }

    /// <summary>A REST answer: complete for <paramref name="range"/> as of <paramref name="asOf"/>.</summary>
    public void Fetched(TimeRange range, long asOf)
    {
        StartWatching(range.From, asOf);
        Cover(new TimeRange(timeframe.CeilingOf(range.From), Math.Min(range.To, timeframe.StartOf(asOf))));
        var trusted = new TimeRange(timeframe.CeilingOf(range.From), Math.Min(range.To, timeframe.StartOf(asOf - SeriesCandles.RestTrustedAfterMs)));
        foreach (var part in (asOf < _doubtedAt ? TimeRangeSet.Of(trusted).Subtract(_doubted) : TimeRangeSet.Of(trusted)).Ranges) Verify(part);
        if (asOf > (_now ?? long.MinValue)) PassTime(asOf, _heardUntil);
    }

    /// <summary>History that somebody asked for was fetched and stored.</summary>
    public void AddHistory(TimeRangeSet verified)
    {
        Verified = Verified.Union(verified);
        _gaps = null;
    }

    /// <summary>Candles of this range were lost on the way to the store: it must be fetched again.</summary>
    public void Lost(TimeRange range)
    {
        Remove(range);
    }

    /// <summary>Candles before <paramref name="time"/> were deleted on purpose: they are unknown again, and no gap.</summary>
    public void Forget(long time)
    {
        Remove(new TimeRange(long.MinValue, time));
        _notBefore = Math.Max(_notBefore, time);
    }

    /// <summary>What of a snapshot or a poll is still wanted: what was deleted on purpose is no news when it comes again.</summary>
    public HistoryPage Wanted(HistoryPage page) => page.Range.From >= _notBefore ? page : page.Part(page.Range with { From = Math.Min(_notBefore, page.Range.To) });

    /// <inheritdoc cref="Wanted(HistoryPage)"/>
    public IReadOnlyList<Candle> Wanted(IReadOnlyList<Candle> candles) => candles is [var first, ..] && first.Time < _notBefore ? [.. candles.Where(c => c.Time >= _notBefore)] : candles;

    /// <summary>A covered range that is not verified yet, once all of it is old enough for a REST answer to verify it: one call for all; null when there is nothing to check.</summary>
    public TimeRange? DueCheck()
    {
        if (_now is not { } now) return null;
        var trusted = timeframe.StartOf(now - SeriesCandles.RestTrustedAfterMs);
        foreach (var range in _covered.Ranges)
        {
            if (range.To > trusted || range.To <= WatchedFrom() || Verified.ContainsAll(range)) continue;
            var due = Verified.MissingIn(range).Ranges;
            return new TimeRange(due[0].From, due[^1].To);
        }

        return null;
    }

    /// <summary>
    /// The first time that is watched: from the stored candles on where there are any, but not farther back than a repair reaches: the candle that was running seven
    /// days ago, or when the series was last followed. Where watching has not begun yet, what it would be at this exchange time; null where that depends on what comes.
    /// </summary>
    public long? WatchedFrom(long exchangeTime)
    {
        if (_began is null && _storedFrom is null) return null;
        var began = _began ?? exchangeTime;
        // Where candles are long, the one that ended meanwhile may have opened more than seven days ago.
        var farthest = timeframe.StartOf(Math.Min(began - MaxRepairMs, _followedUntil ?? long.MaxValue));
        if (timeframe.LengthMs > 0) farthest = Math.Max(farthest, timeframe.CeilingOf(began - MaxRepairCandles * timeframe.LengthMs));
        var first = Math.Max(_storedFrom ?? _oldest ?? timeframe.StartOf(began), farthest);
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
        _gaps = null;
    }

    private long? WatchedFrom() => _began is { } began ? WatchedFrom(began) : null;

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

    private TimeRangeSet FindGaps() =>
        WatchedFrom() is { } from && _now is { } now ? Known.MissingIn(new TimeRange(from, timeframe.StartOf(now))) : TimeRangeSet.Empty;
}
