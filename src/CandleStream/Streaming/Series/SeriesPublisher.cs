using CandleStream.Providers;

namespace CandleStream.Streaming.Series;

/// <summary>
/// Tells what changed of a series that is numbered here: the memory and its sinks, and the archive, by way of the ledger. The lock of its
/// series guards it.
/// </summary>
internal sealed class SeriesPublisher(
    HubMemory memory, SeriesLedger ledger, SeriesCoverage coverage, TimeProvider time, StreamingMetrics? metrics)
{
    private Action? _repairWanted;

    /// <summary>The state of the feed.</summary>
    public FeedState Feed { get; private set; } = memory.Status.Feed;

    /// <summary>True once the exchange's candles were merged.</summary>
    public bool HasMerged { get; private set; }

    /// <summary>From now on <paramref name="repairWanted"/> is called where there is something to repair or to check.</summary>
    public void WantRepairs(Action repairWanted) => _repairWanted = repairWanted;

    public void PublishState(FeedState state)
    {
        if (state == Feed) return;
        Feed = state;
        PublishStatus();
    }

    /// <summary>Publishes the first changes as one merge, and later ones candle by candle; then what is known.</summary>
    public void FinishMerge(List<Candle> changes)
    {
        if (HasMerged) PublishChanges(changes, 0);
        else PublishFirstMerge(changes);
        PublishCoverage();
    }

    /// <summary>Publishes <paramref name="changes"/> and empties the list.</summary>
    /// <param name="changes">Candles of new revs, in the order of the changes.</param>
    /// <param name="receivedAt">Timestamp of the frame they came by; 0 where none did.</param>
    public void PublishChanges(List<Candle> changes, long receivedAt)
    {
        if (changes.Count == 0) return;
        foreach (var candle in changes)
        {
            if (candle.Closed) ledger.Add(candle);
            ledger.Told(candle.Time);
            memory.Publish(new CandleUpdate(memory.Key, candle, receivedAt));
        }

        changes.Clear();
        if (receivedAt != 0) metrics?.Published(time.GetElapsedTime(receivedAt));
    }

    /// <summary>Publishes the gaps where they changed, and saves what is known.</summary>
    public void PublishCoverage()
    {
        if (!coverage.Gaps.Ranges.AsSpan().SequenceEqual(memory.Status.Gaps.AsSpan())) PublishStatus();
        memory.PublishRepaired(HasMerged && coverage.Gaps.IsEmpty);
        Save();
        if (HasMerged && (!coverage.Gaps.IsEmpty || coverage.DueCheck() is not null)) _repairWanted?.Invoke();
    }

    public void Save() => ledger.Save(coverage, HasMerged, memory.Loaded.IsGiven);

    private void PublishFirstMerge(List<Candle> changes)
    {
        HasMerged = true;
        if (!coverage.ContinuesStored) ledger.BeginAnew();
        List<CandleUpdate> updates =
            [.. changes.GroupBy(c => c.Time).Select(g => new CandleUpdate(memory.Key, g.Last())).OrderBy(u => u.Candle.Time)];
        changes.Clear();
        memory.RaiseLatest();
        if (updates.Count > 0)
        {
            ledger.Told(updates[0].Candle.Time);
            ledger.Add(updates.Select(u => u.Candle).Where(c => c.Closed));
            memory.PublishMerge(updates);
        }

        memory.FirstData.Give();
    }

    private void PublishStatus()
    {
        var status = new SeriesStatus(memory.Key, Feed, coverage.Gaps.Ranges);
        if (status.Gaps is [var oldest, ..]) ledger.Told(oldest.From);
        memory.Publish(status);
    }
}
