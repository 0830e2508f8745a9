using CandleStream.Streaming.Series;

namespace CandleStream.Streaming;

/// <summary>How a client joins one series.</summary>
/// <param name="After">The id it had last; null for a fresh client.</param>
/// <param name="IsUnreadable">It sent an id that is no number: it is reset.</param>
/// <param name="SnapshotCount">Candles of the snapshot, 0..1000.</param>
/// <param name="SnapshotRequested">True when it asked for a snapshot in so many words; a resume sends none otherwise.</param>
public sealed record JoinRequest(Rev? After, bool IsUnreadable, int SnapshotCount, bool SnapshotRequested);

/// <summary>What became of a join.</summary>
public enum JoinMode
{
    /// <summary>The client knew nothing.</summary>
    Fresh,

    /// <summary>The client has everything up to its id, and was sent what changed since.</summary>
    Resumed,

    /// <summary>What the client missed is not held: it forgets the series and starts from the snapshot.</summary>
    Reset,
}

/// <summary>What a joining client is sent of one series before <c>synced</c>.</summary>
/// <param name="Series">The series.</param>
/// <param name="Mode">What became of the join.</param>
/// <param name="Missed">Candles changed since the client's id (with overlap), oldest first; only when resumed.</param>
/// <param name="Snapshot">The newest candles, oldest first.</param>
/// <param name="Status">The series' state at that moment.</param>
public sealed record SeriesJoin(
    SeriesKey Series, JoinMode Mode, IReadOnlyList<Candle> Missed, IReadOnlyList<Candle> Snapshot, SeriesStatus Status);

/// <summary>Reads what a joining client or a poller needs of an open series.</summary>
public sealed class SeriesJoiner(ISeriesHome home, StreamingOptions options)
{
    /// <summary>
    /// How far a resume reaches back behind the client's id: numbers of different series may become visible a moment out of order.
    /// </summary>
    public static readonly TimeSpan Overlap = TimeSpan.FromSeconds(10);

    /// <summary>A client that is this many candles behind is reset.</summary>
    public const int MaxMissed = 5_000;

    /// <summary>A reset brings at least this many candles, as many as exist.</summary>
    public const int ResetSnapshot = 500;

    private static readonly TimeSpan MaxAge = TimeSpan.FromDays(7);

    /// <summary>
    /// What a joining client is sent before <c>synced</c>. Waits 2 s at most for the first data and, on resume, 3 s at most for a hole to
    /// be closed.
    /// </summary>
    public async Task<SeriesJoin> JoinAsync(ISeries series, JoinRequest request, CancellationToken cancel)
    {
        await series.ReadyAsync(options.FirstDataWait, cancel);
        if (request.After is null && !request.IsUnreadable)
            return await AnswerAsync(series, JoinMode.Fresh, [], request.SnapshotCount, cancel);

        if (request.After is { } after && !request.IsUnreadable && await MissedAsync(series, after, cancel) is { } missed)
            return await AnswerAsync(
                series, JoinMode.Resumed, missed.Candles, request.SnapshotRequested ? request.SnapshotCount : 0, cancel);

        return await AnswerAsync(series, JoinMode.Reset, [], Math.Max(ResetSnapshot, request.SnapshotCount), cancel);
    }

    /// <summary>
    /// Everything that changed after the id <paramref name="after"/> less the overlap, oldest candle first; null when that is not held
    /// completely, or too much. Waits only where a repair may make it complete: a gap that was told is named, and its repair is a change
    /// like any other.
    /// </summary>
    public async Task<SeriesChanges?> MissedAsync(ISeries series, Rev after, CancellationToken cancel)
    {
        if (!IsAccepted(after)) return null;
        var from = NoEarlierThanFirst(after.Less(Overlap));
        if (!series.IsCompleteFrom(from)) await series.RepairedAsync(options.ResumeWait, cancel);
        return await ChangesAsync(series, from, from, cancel);
    }

    /// <summary>
    /// The same for a poll, whose number has the overlap taken off already. It waits for nothing: the next poll is soon. A number of
    /// shortly before this process may also be one of the process before, so what changed since is read from there on.
    /// </summary>
    public async Task<SeriesChanges?> ChangedAsync(ISeries series, Rev since, CancellationToken cancel) =>
        IsAccepted(since) ? await ChangesAsync(series, since, NoEarlierThanFirst(since), cancel) : null;

    private bool IsAccepted(Rev rev) => home.Revs.Current is var now && rev <= now && rev >= now.Less(MaxAge);

    // Nothing changed before this process's first rev that a client with a number of this process does not have.
    private Rev NoEarlierThanFirst(Rev from) => from >= home.Revs.First.Less(Overlap) ? Rev.Max(from, home.Revs.First) : from;

    private static async Task<SeriesChanges?> ChangesAsync(ISeries series, Rev from, Rev neededFrom, CancellationToken cancel)
    {
        var missed = await series.ChangesSinceAsync(from, neededFrom, MaxMissed + 1, cancel);
        if (missed is null || missed.Candles.Count > MaxMissed) return null;
        if (missed.Candles is [var oldest, ..]) series.Tell(oldest.Time);
        return missed;
    }

    private static async Task<SeriesJoin> AnswerAsync(
        ISeries series, JoinMode mode, IReadOnlyList<Candle> missed, int snapshot, CancellationToken cancel)
    {
        var newest = await series.NewestAsync(snapshot, cancel);
        return new SeriesJoin(series.Key, mode, missed, newest.Candles, newest.Status);
    }
}
