namespace CandleStream.Storage;

/// <summary>
/// What is known of a series across its lives, beside its candles. Kept by the store; see docs/storage.md, "One series, many lives".
/// </summary>
/// <param name="Verified">Times for which the stored candles are known to be complete, a missing one meaning that nothing was
/// traded.</param>
/// <param name="CompleteFrom">Every change with a rev after this one is held ; see the protocol's resume. It only rises.
/// <see cref="Rev.None"/> where no promise was ever made.</param>
/// <param name="ToldFrom">The oldest candle or gap (Unix ms) that a stream was told since <paramref name="CompleteFrom"/> last rose;
/// <see cref="NothingTold"/> where none was.</param>
public sealed record SeriesRecord(TimeRangeSet Verified, Rev CompleteFrom, long ToldFrom = SeriesRecord.NothingTold)
{
    /// <summary>No stream was told anything: all that is fetched is history.</summary>
    public const long NothingTold = long.MaxValue;

    /// <summary>A series of which nothing was ever saved.</summary>
    public static SeriesRecord Nothing { get; } = new(TimeRangeSet.Empty, Rev.None);

    /// <summary>
    /// From where on clients may have been told of the series. Once it was followed, that is also what lies beyond all that is verified or
    /// stored: what was told last is not known where the process was killed before it was saved.
    /// </summary>
    /// <param name="newestStored">Open time of the newest stored candle; null where there is none.</param>
    public long MayBeToldFrom(long? newestStored)
    {
        if (CompleteFrom == Rev.None || (newestStored is null && Verified.IsEmpty)) return ToldFrom;
        return Math.Min(ToldFrom, Math.Max(newestStored + 1 ?? 0, Verified.IsEmpty ? 0 : Verified.Ranges[^1].To));
    }

    /// <summary>
    /// The record after a change. Where <see cref="CompleteFrom"/> rises, clients with older ids start anew, so what they were told no
    /// longer counts; else the older of the two times stays.
    /// </summary>
    public SeriesRecord With(SeriesChange change) => new(
        Verified.Union(change.Verified).Subtract(change.Unverified),
        Rev.Max(CompleteFrom, change.CompleteFrom ?? Rev.None),
        change.CompleteFrom > CompleteFrom ? change.ToldFrom : Math.Min(ToldFrom, change.ToldFrom));
}

/// <summary>
/// A change of a <see cref="SeriesRecord"/>: ranges to add and to take away (in that order), a rev to raise
/// <see cref="SeriesRecord.CompleteFrom"/> to where not null, and what streams were told, see <see cref="SeriesRecord.With"/>.
/// </summary>
public sealed record SeriesChange(
    SeriesKey Series, TimeRangeSet Verified, TimeRangeSet Unverified, Rev? CompleteFrom = null, long ToldFrom = SeriesRecord.NothingTold);
