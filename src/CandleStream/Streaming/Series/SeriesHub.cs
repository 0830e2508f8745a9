using CandleStream.Storage;
using Microsoft.Extensions.Logging;

namespace CandleStream.Streaming.Series;

/// <summary>Fetches history of a series that is not known, for a limited time. True where something became known.</summary>
internal delegate Task<bool> FetchHistory(SeriesKey series, TimeRangeSet missing, TimeSpan wait, CancellationToken cancel);

/// <summary>
/// One open series that is numbered here, as its readers see it: its memory, what its feed half (<see cref="SeriesLead"/>) knows, and the
/// archive below.
/// </summary>
public sealed class SeriesHub : ISeries
{
    private readonly HubMemory _memory;
    private readonly SeriesReader _reader;
    private readonly FetchHistory _fetch;
    private readonly TimeProvider _time;
    private readonly long _openedAt;

    internal SeriesHub(
        SeriesKey key, StreamingOptions options, CandleArchive archive, FetchHistory fetch, RevCounter revs, TimeProvider time,
        ILogger logger,
        StreamingMetrics? metrics = null)
    {
        var graceMs = (long)options.CloseGrace.TotalMilliseconds;
        (_fetch, _time, _openedAt, _reader) = (fetch, time, time.GetTimestamp(), new SeriesReader(archive));
        _memory = new HubMemory(key, new SeriesCandles(key.Timeframe, options.CandlesInMemory, graceMs, revs.Next));
        Lead = new SeriesLead(_memory, options, archive, revs, time, logger, metrics);
    }

    public SeriesKey Key => _memory.Key;

    public CandleUpdate? Latest => _memory.Latest;

    public SeriesStatus Status => _memory.Status;

    public int Subscribers => _memory.Subscribers;

    public DateTimeOffset? LastMessageAt => Lead.Followed?.LastMessageAt;

    public DateTimeOffset? LastTradeAt => _memory.LastTradeAt;

    public long? ExchangeClockOffsetMs => Lead.Followed?.ExchangeClockOffsetMs;

    public TimeSpan Age => _time.GetElapsedTime(_openedAt);

    /// <summary>The feed half.</summary>
    internal SeriesLead Lead { get; }

    /// <summary>
    /// Stored rows that open at this time or later are of no real candle: they lie ahead of exchange time and of all that is held. The end
    /// of time while none is known.
    /// </summary>
    internal long Horizon
    {
        get
        {
            lock (_memory.Gate)
            {
                return _memory.Candles.ExchangeTime is { } now
                    ? Math.Max(now + SeriesCandles.FutureToleranceMs, _memory.Candles.Newest?.Time ?? now) + 1
                    : long.MaxValue;
            }
        }
    }

    public void Attach(ICandleSink sink) => _memory.Attach(sink);

    public void Detach(ICandleSink sink) => _memory.Detach(sink);

    public async Task ReadyAsync(TimeSpan limit, CancellationToken cancel)
    {
        // The wait is a courtesy: after it, what is held is the answer.
        if (limit > TimeSpan.Zero) await _memory.FirstData.WaitAsync(limit, _time, cancel);
        // What the store holds is not sent later. That wait has its own limit, but begins only when the series' last life has ended.
        await _memory.Loaded.WaitAsync(Timeout.InfiniteTimeSpan, _time, cancel);
    }

    public Task RepairedAsync(TimeSpan limit, CancellationToken cancel) => _memory.Repaired.WaitAsync(limit, _time, cancel);

    public bool IsCompleteFrom(Rev rev) => rev >= Lead.CompleteFrom;

    public bool Tell(long time) => Lead.Tell(time);

    public ValueTask<SeriesExtent> ExtentAsync(CancellationToken cancel)
    {
        lock (_memory.Gate) return new(new SeriesExtent(Lead.Known, _memory.Candles.ExchangeTime, _memory.Candles.Newest?.Time));
    }

    public Task<SeriesPart> ReadAsync(TimeRange range, int limit, bool newestEnd, CancellationToken cancel) =>
        _reader.ReadAsync(Key, this, range, limit, newestEnd, cancel);

    public Task<NewestCandles> NewestAsync(int count, CancellationToken cancel) => _reader.NewestAsync(this, count, cancel);

    public Task<SeriesChanges?> ChangesSinceAsync(Rev rev, Rev neededFrom, int limit, CancellationToken cancel) =>
        _reader.ChangesSinceAsync(this, rev, neededFrom, limit, cancel);

    public Task<bool> FillAsync(TimeRangeSet missing, TimeSpan wait, CancellationToken cancel)
    {
        // Gaps are left to the repair, which also tells the clients.
        var own = Lead.RepairedGaps.Ranges.Aggregate(missing, (rest, gap) => rest.Subtract(gap));
        return own.IsEmpty ? _memory.Repaired.WaitAsync(wait, _time, cancel) : _fetch(Key, own, wait, cancel);
    }

    /// <summary>One more or one less subscriber holds the series open. Called under the lock of all series.</summary>
    internal void CountSubscriber(int change) => _memory.CountSubscriber(change);

    /// <summary>A consistent look at the series for one reader.</summary>
    internal HubView View(int newest, Rev changedAfter)
    {
        lock (_memory.Gate)
        {
            var candles = _memory.Candles;
            return new HubView(
                candles.Latest(newest), candles.ChangedSince(changedAfter), candles.Oldest?.Time, candles.HoldsChangesAfter,
                Lead.CompleteFrom, Lead.Known,
                candles.ExchangeTime, Lead.HasMerged, _memory.Status);
        }
    }

    /// <summary>The held candles in a range, the oldest of all held, what is known, and exchange time.</summary>
    internal (IReadOnlyList<Candle> Candles, long? OldestTime, TimeRangeSet Known, long? ExchangeTime) Look(TimeRange range)
    {
        lock (_memory.Gate) return (_memory.Candles.In(range), _memory.Candles.Oldest?.Time, Lead.Known, _memory.Candles.ExchangeTime);
    }
}

/// <summary>What one reader sees of a hub at one moment.</summary>
internal sealed record HubView(
    IReadOnlyList<Candle> Newest,
    IReadOnlyList<Candle> Changed,
    long? OldestTime,
    Rev HoldsChangesAfter,
    Rev CompleteFrom,
    TimeRangeSet Known,
    long? ExchangeTime,
    bool Merged,
    SeriesStatus Status);
