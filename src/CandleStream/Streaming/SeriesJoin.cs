using CandleStream.Streaming.Series;

namespace CandleStream.Streaming;

/// <summary>How a client joins one series.</summary>
/// <param name="AfterRev">The id it had last; null for a fresh client.</param>
/// <param name="IsUnreadable">It sent an id that is no number: it is reset.</param>
/// <param name="SnapshotCount">Candles of the snapshot, 0..1000.</param>
/// <param name="SnapshotRequested">True when it asked for a snapshot in so many words; a resume sends none otherwise.</param>
public sealed record JoinRequest(long? AfterRev, bool IsUnreadable, int SnapshotCount, bool SnapshotRequested);

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
public sealed record SeriesJoin(SeriesKey Series, JoinMode Mode, IReadOnlyList<Candle> Missed, IReadOnlyList<Candle> Snapshot, SeriesStatus Status);

/// <summary>Reads what a joining client or a poller needs.</summary>
internal sealed class SeriesJoiner(SeriesReader reader, RevCounter revs, StreamingOptions options, TimeProvider time)
{
    /// <summary>How far a resume reaches back behind the client's id: numbers of different series may become visible a moment out of order.</summary>
    public const long OverlapUs = 10_000_000;

    /// <summary>A client that is this many candles behind is reset.</summary>
    public const int MaxMissed = 5_000;

    /// <summary>A reset brings at least this many candles, as many as exist.</summary>
    public const int ResetSnapshot = 500;

    private const long MaxAgeUs = 7 * 86_400_000_000L;

    public async Task<SeriesJoin> JoinAsync(SeriesHub hub, JoinRequest request, CancellationToken cancel)
    {
        // The waits are a courtesy: after them, what is held is the answer.
        await hub.FirstData.WaitAsync(options.FirstDataWait, time, cancel);
        // What the store holds is not sent later. That wait has its own limit, but begins only when the series' last life has ended.
        await hub.Loaded.WaitAsync(Timeout.InfiniteTimeSpan, time, cancel);
        if (request.AfterRev is null && !request.IsUnreadable) return await AnswerAsync(hub, JoinMode.Fresh, [], request.SnapshotCount, cancel);

        if (request.AfterRev is { } after && !request.IsUnreadable && await MissedAsync(hub, after, cancel) is { } missed)
            return await AnswerAsync(hub, JoinMode.Resumed, missed.Candles, request.SnapshotRequested ? request.SnapshotCount : 0, cancel);

        return await AnswerAsync(hub, JoinMode.Reset, [], Math.Max(ResetSnapshot, request.SnapshotCount), cancel);
    }

    /// <summary>
    /// Everything that changed after the id <paramref name="after"/> less the overlap, oldest candle first; null when that is not held completely, or too much.
    /// Waits only where a repair may make it complete: a gap that was told is named, and its repair is a change like any other.
    /// </summary>
    public async Task<SeriesChanges?> MissedAsync(SeriesHub hub, long after, CancellationToken cancel)
    {
        if (!IsAccepted(after)) return null;
        var from = NoEarlierThanFirst(after - OverlapUs);
        if (!hub.IsCompleteFrom(from)) await hub.Repaired.WaitAsync(options.ResumeWait, time, cancel);
        return await ChangesAsync(hub, from, from, cancel);
    }

    /// <summary>
    /// The same for a poll, whose number has the overlap taken off already. It waits for nothing: the next poll is soon. A number of shortly before this process may also
    /// be one of the process before, so what changed since is read from there on.
    /// </summary>
    public async Task<SeriesChanges?> ChangedAsync(SeriesHub hub, long since, CancellationToken cancel) =>
        IsAccepted(since) ? await ChangesAsync(hub, since, NoEarlierThanFirst(since), cancel) : null;

    private bool IsAccepted(long rev) => revs.Current is var now && rev <= now && rev >= now - MaxAgeUs;

    // Nothing changed before this process's first rev that a client with a number of this process does not have.
    private long NoEarlierThanFirst(long from) => from >= revs.First - OverlapUs ? Math.Max(from, revs.First) : from;

    private async Task<SeriesChanges?> ChangesAsync(SeriesHub hub, long from, long neededFrom, CancellationToken cancel)
    {
        var missed = await reader.ChangesSinceAsync(hub, from, neededFrom, MaxMissed + 1, cancel);
        if (missed is null || missed.Candles.Count > MaxMissed) return null;
        if (missed.Candles is [var oldest, ..]) hub.Tell(oldest.Time);
        return missed;
    }

    private async Task<SeriesJoin> AnswerAsync(SeriesHub hub, JoinMode mode, IReadOnlyList<Candle> missed, int snapshot, CancellationToken cancel)
    {
        var newest = await reader.NewestAsync(hub, snapshot, cancel);
        return new SeriesJoin(hub.Series, mode, missed, newest.Candles, newest.Status);
    }
}
