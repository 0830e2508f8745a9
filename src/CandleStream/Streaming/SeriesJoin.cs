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

/// <summary>Reads what a joining client or a poller needs, from memory and, where that does not reach, from the store.</summary>
internal sealed class SeriesJoiner(ISeriesArchive archive, RevCounter revs, StreamingOptions options, TimeProvider time)
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
        await WaitAsync(hub.FirstData, options.FirstDataWait, cancel);
        if (request.AfterRev is null && !request.IsUnreadable) return await AnswerAsync(hub, JoinMode.Fresh, [], request.SnapshotCount, cancel);

        if (request.AfterRev is { } after && !request.IsUnreadable && await MissedAsync(hub, after, OverlapUs, cancel) is { } missed)
            return await AnswerAsync(hub, JoinMode.Resumed, missed, request.SnapshotRequested ? request.SnapshotCount : 0, cancel);

        return await AnswerAsync(hub, JoinMode.Reset, [], Math.Max(ResetSnapshot, request.SnapshotCount), cancel);
    }

    /// <summary>Everything that changed after <paramref name="after"/> less <paramref name="overlapUs"/>, oldest candle first; null when that is not held completely, or too much.</summary>
    public async Task<IReadOnlyList<Candle>?> MissedAsync(SeriesHub hub, long after, long overlapUs, CancellationToken cancel)
    {
        var now = revs.Current;
        if (after > now || after < now - MaxAgeUs) return null;
        await WaitAsync(hub.Repaired, options.ResumeWait, cancel);

        var from = after - overlapUs;
        var view = hub.View(0, from);
        if (from < view.CompleteFrom) return null;
        if (from >= view.HoldsChangesAfter) return view.Changed.Count <= MaxMissed ? view.Changed : null;

        // Read the store after the view: what the writer saved in between is then in one of the two.
        var stored = await archive.ChangesSinceAsync(hub.Series, from, MaxMissed + 1, cancel);
        if (stored is null) return null;
        var merged = stored.Merge(view.Changed);
        return merged.Count <= MaxMissed ? merged : null;
    }

    /// <summary>The newest <paramref name="count"/> candles, oldest first.</summary>
    public async Task<(IReadOnlyList<Candle> Candles, SeriesStatus Status)> NewestAsync(SeriesHub hub, int count, CancellationToken cancel)
    {
        var view = hub.View(count, long.MaxValue);
        if (count == 0 || view.OldestTime is not { } oldest) return (view.Newest, view.Status);
        var older = view.Newest.Count >= count ? [] : await archive.ReadAsync(hub.Series, new TimeRange(0, oldest), count - view.Newest.Count, newestEnd: true, cancel);
        var from = view.Merged ? ReachOf(view) : 0;
        // While the store is down the snapshot ends where memory does, as it would at a hole; whoever asks for the history before it is told what is missing.
        return ([.. (older ?? []).Concat(view.Newest).Where(c => c.Time >= from)], view.Status);
    }

    // A snapshot goes back to the first hole that the status does not name: behind it lies history, and a chart would draw over the hole.
    private static long ReachOf(HubView view)
    {
        var named = view.Known.Union(TimeRangeSet.Of(view.Status.Gaps)).Ranges;
        for (var i = named.Length - 1; i > 0; i--)
        {
            if (named[i].Contains(view.Newest[^1].Time)) return named[i].From;
        }

        return 0;
    }

    private async Task<SeriesJoin> AnswerAsync(SeriesHub hub, JoinMode mode, IReadOnlyList<Candle> missed, int snapshot, CancellationToken cancel)
    {
        var (candles, status) = await NewestAsync(hub, snapshot, cancel);
        return new SeriesJoin(hub.Series, mode, missed, candles, status);
    }

    private async Task WaitAsync(Task task, TimeSpan limit, CancellationToken cancel)
    {
        try
        {
            await task.WaitAsync(limit, time, cancel);
        }
        catch (TimeoutException)
        {
            // The wait is a courtesy: after it, what is held is the answer.
        }
    }
}
