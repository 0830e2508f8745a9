using CandleStream.Storage;

namespace CandleStream.Streaming.Series;

/// <summary>
/// What the store and the clients of one open series were told, and what they are promised. Candles and what is known with them go to the
/// archive together and by one way, so that no batch of the writer can hold the second without the first. The lock of its series guards it.
/// </summary>
internal sealed class SeriesLedger(SeriesKey series, CandleArchive archive, RevCounter revs)
{
    // Closed candles that were published and are not handed to the archive yet.
    private readonly List<Candle> _unsaved = [];

    // From _openedFrom on every change is held, or will be published when its gap is repaired; from _completeFrom on where no gap is open.
    // Nothing is promised before Load.
    private Rev _openedFrom = Rev.Never;
    private Rev _completeFrom = Rev.Never;

    // The highest rev of what the store deleted, also before it was loaded.
    private Rev _deletedUpTo;

    // The oldest time told by earlier lives, as far as their clients can resume, and by this one; see SeriesRecord.
    private long _toldBefore = SeriesRecord.NothingTold;
    private long _told = SeriesRecord.NothingTold;
    private (Rev CompleteFrom, long ToldFrom) _saved;

    /// <summary>True once what the store holds is part of what the series knows.</summary>
    public bool KnowsStore { get; private set; }

    /// <summary>Where the counter stood when what the store held was loaded.</summary>
    public Rev OpenedRev { get; private set; }

    /// <summary>The oldest time that clients were told, by this life of the series or an earlier one.</summary>
    public long ToldFrom => Math.Min(_toldBefore, _told);

    /// <summary>
    /// From this rev on every change is held. While any gap is open, changes made in it may be missing: only what changed since the series
    /// was opened is complete, and the repair is sent to those who listen.
    /// </summary>
    public Rev CompleteFrom(bool isWhole) => !isWhole ? Rev.Max(_openedFrom, _completeFrom) : _completeFrom;

    /// <summary>Starts with what the store holds; null where it did not answer in time.</summary>
    public void Load(ArchivedSeries? archived)
    {
        KnowsStore = archived is not null;
        OpenedRev = revs.Current;
        var record = archived?.Record ?? SeriesRecord.Nothing;
        // A series that nobody ever followed changed only by what came since this process began, and all of that is held.
        var isNew = archived is { Newest.Count: 0 } && record.Verified.IsEmpty && record.CompleteFrom == Rev.None;
        _openedFrom = isNew ? revs.First : OpenedRev;
        _completeFrom =
            Rev.Max(_deletedUpTo, archived is null ? OpenedRev : record.CompleteFrom > Rev.None ? record.CompleteFrom : revs.First);
        _toldBefore = archived?.MayBeToldFrom ?? SeriesRecord.NothingTold;
        // A promise without a word on what was told: all that is verified may have been.
        if (record.CompleteFrom > Rev.None && record is { ToldFrom: SeriesRecord.NothingTold, Verified.IsEmpty: false })
            _toldBefore = Math.Min(_toldBefore, record.Verified.Ranges[0].From);
        _saved = (record.CompleteFrom, record.ToldFrom);
    }

    /// <summary>
    /// The store answered late: what was told of times older than its candles is a gap, for what it holds there, nobody is sent.
    /// </summary>
    public ArchivedSeries WithoutTold(ArchivedSeries archived) =>
        archived is { Newest: [var oldest, ..], Record: { } record } && _told < oldest.Time
            ? archived with { Record = record with { Verified = record.Verified.Subtract(new TimeRange(_told, oldest.Time)) } }
            : archived;

    /// <summary>What the store answered late is part of the series now; changes are complete from here on.</summary>
    public void LoadedLate()
    {
        KnowsStore = true;
        OpenedRev = _openedFrom = _completeFrom = revs.Current;
    }

    /// <summary>
    /// What is stored does not reach to what the exchange tells now. Clients of earlier lives start anew: what they were told no longer
    /// counts.
    /// </summary>
    public void BeginAnew()
    {
        _completeFrom = OpenedRev;
        _toldBefore = SeriesRecord.NothingTold;
    }

    /// <summary>Changes up to <paramref name="highestRev"/> were deleted.</summary>
    public void Deleted(Rev highestRev)
    {
        _deletedUpTo = Rev.Max(_deletedUpTo, highestRev);
        _completeFrom = Rev.Max(_completeFrom, highestRev);
    }

    /// <summary>Clients are told candles or a gap from <paramref name="time"/> on.</summary>
    public void Told(long time) => _told = Math.Min(_told, time);

    /// <summary>A closed candle waits for the next <see cref="Save"/>.</summary>
    public void Add(in Candle closed) => _unsaved.Add(closed);

    /// <summary>Closed candles wait for the next <see cref="Save"/>.</summary>
    public void Add(IEnumerable<Candle> closed) => _unsaved.AddRange(closed);

    /// <summary>Hands closed candles to the archive together with what is known now.</summary>
    /// <param name="coverage">What is known; it forgets what of it was not saved yet.</param>
    /// <param name="merged">True once the exchange was heard.</param>
    /// <param name="loaded">True once the store was read, or did not answer in time.</param>
    public void Save(SeriesCoverage coverage, bool merged, bool loaded)
    {
        var (verified, unverified) = coverage.TakeUnsaved();
        var promises = merged || (loaded && IsPromiseless(merged));
        var promise = (promises ? _completeFrom : _saved.CompleteFrom, ToldFrom);
        var isChanged = !verified.IsEmpty || !unverified.IsEmpty || promise != _saved;
        if (!isChanged && _unsaved.Count == 0) return;
        archive.Save(series, [.. _unsaved],
            isChanged ? new SeriesChange(series, verified, unverified, promises ? _completeFrom : null, ToldFrom) : null);
        _unsaved.Clear();
        _saved = promise;
    }

    /// <summary>
    /// The series closes. Clients of a life that never knew the store lack what it holds, and those of a series that nobody ever heard lack
    /// what is fetched as history: they start anew.
    /// </summary>
    public void Close(bool merged, bool loaded)
    {
        if (loaded && IsPromiseless(merged)) _completeFrom = revs.Current;
    }

    // Nothing can be promised of a series before the store was read, nor before the exchange was heard for the first time.
    private bool IsPromiseless(bool merged) => !KnowsStore || (!merged && _saved.CompleteFrom == Rev.None);
}
