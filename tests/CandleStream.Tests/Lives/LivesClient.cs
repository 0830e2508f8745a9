using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Lives;

/// <summary>A client of the stream that keeps what it was given by time and rev, comes and goes, and resumes with its last id.</summary>
internal sealed class LivesClient(string name) : ICandleSink
{
    private readonly SortedDictionary<long, Candle> _held = [];
    private readonly List<CandleUpdate> _arrived = [];
    private SeriesHandle? _lease;
    private SeriesStatus? _status;
    private Task<SeriesJoin>? _joining;
    private Rev _asOf;
    private long _running;
    private Rev _lastRev;

    public string Name => name;

    public Rev? Id { get; private set; }

    public bool IsConnected => _lease is not null;

    /// <summary>True once the part before the seam was read.</summary>
    public bool IsSynced { get; private set; }

    public JoinMode LastMode { get; private set; }

    public IReadOnlyDictionary<long, Candle> Held => _held;

    /// <summary>
    /// From where on the client was shown the series; what is repaired before that, for others, it is sent as well. Without a snapshot,
    /// from the candle that ran then.
    /// </summary>
    public long ShownFrom { get; private set; } = long.MaxValue;

    /// <summary>The seam of the join that the others build on: every version after it was sent.</summary>
    public Rev? SentAfter { get; private set; }

    public IReadOnlyList<TimeRange> Gaps => _status?.Gaps ?? [];

    public void Connect(LivesServer server, int snapshot, bool asksForSnapshot, long running)
    {
        _running = running;
        _arrived.Clear();
        (_status, _lastRev) = (null, Rev.None);
        _lease = server.Service.Open(BtcMinute);
        _lease.Hub.Attach(this);
        _asOf = server.Service.Revs.Current;
        _joining = server.Joiner.JoinAsync(_lease.Hub, new JoinRequest(Id, false, snapshot, asksForSnapshot), CancellationToken.None);
    }

    /// <summary>Takes what arrived, in rising rev.</summary>
    public void Receive()
    {
        if (_joining is { IsCompleted: true } joined)
        {
            Take(joined.GetAwaiter().GetResult());
            _joining = null;
            (IsSynced, Id) = (true, _asOf);
        }

        if (!IsSynced) return;
        foreach (var update in _arrived.OrderBy(u => u.Rev))
        {
            Take(update.Candle);
            Id = Rev.Max(Id ?? Rev.None, update.Rev);
        }

        _arrived.Clear();
    }

    /// <summary>Ends the connection; a random part of what arrived last is lost with it.</summary>
    public void Disconnect(Random random)
    {
        if (_lease is null) return;
        _lease.Hub.Detach(this);
        var kept = random.Next(_arrived.Count + 1);
        _arrived.Sort((a, b) => a.Rev.CompareTo(b.Rev));
        _arrived.RemoveRange(kept, _arrived.Count - kept);
        Receive();
        _lease.Dispose();
        (_lease, _joining, IsSynced) = (null, null, false);
    }

    /// <summary>Forgets everything, its id too.</summary>
    public void StartAnew()
    {
        _held.Clear();
        (Id, ShownFrom, SentAfter) = (null, long.MaxValue, null);
    }

    void ICandleSink.OnUpdate(CandleUpdate update)
    {
        Assert.True(update.Rev > _lastRev, $"{name}: {update} does not rise above {_lastRev}");
        _lastRev = update.Rev;
        _arrived.Add(update);
    }

    void ICandleSink.OnFirstMerge(SeriesKey series, IReadOnlyList<CandleUpdate> changed) => _arrived.AddRange(changed);

    void ICandleSink.OnStatus(SeriesStatus status) => _status = status;

    private void Take(SeriesJoin join)
    {
        LastMode = join.Mode;
        if (join.Mode == JoinMode.Reset) _held.Clear();
        if (join.Mode != JoinMode.Resumed) (ShownFrom, SentAfter) = (join.Snapshot is [var oldest, ..] ? oldest.Time : _running, _asOf);
        foreach (var candle in join.Missed.Concat(join.Snapshot)) Take(candle);
    }

    private void Take(in Candle candle)
    {
        if (_held.TryGetValue(candle.Time, out var known) && known.Rev >= candle.Rev) return;
        Assert.False(known.Closed && !candle.Closed, $"{name}: a closed candle opened again: {candle}");
        _held[candle.Time] = candle;
    }
}

/// <summary>A client that only asks: the newest candles first, then what changed since the answer before.</summary>
internal sealed class LivesPoller
{
    private readonly SortedDictionary<long, Candle> _held = [];
    private Task<HistoryAnswer>? _asked;

    public Rev? AsOf { get; private set; }

    public IReadOnlyDictionary<long, Candle> Held => _held;

    /// <summary>The oldest candle of the answer that the others build on.</summary>
    public long ShownFrom { get; private set; } = long.MaxValue;

    /// <summary>What the answer named that the others build on.</summary>
    public TimeRangeSet FirstGaps { get; private set; } = TimeRangeSet.Empty;

    /// <summary>What the last answer named, and the answer that it builds on.</summary>
    public TimeRangeSet Gaps { get; private set; } = TimeRangeSet.Empty;

    public void Ask(CandleHistory history, int limit) =>
        _asked ??= history.QueryAsync(new HistoryQuery(BtcMinute, null, null, limit, Descending: false, AsOf), CancellationToken.None);

    /// <summary>True when an answer came.</summary>
    public bool Receive()
    {
        if (_asked is not { IsCompleted: true } answered) return false;
        _asked = null;
        var answer = answered.GetAwaiter().GetResult();
        Assert.True(answer.AsOf >= (AsOf ?? Rev.None), $"asof went back from {AsOf} to {answer.AsOf}");
        if (answer.Reset) _held.Clear();
        if (answer.Reset || AsOf is null)
            (FirstGaps, ShownFrom) = (TimeRangeSet.Of(answer.Gaps), answer.Candles.Select(c => c.Time).DefaultIfEmpty(long.MaxValue).Min());
        Gaps = FirstGaps.Union(TimeRangeSet.Of(answer.Gaps));
        AsOf = answer.AsOf;
        foreach (var candle in answer.Candles)
        {
            // A killed process may have told a version that it did not save: it says what the saved one says, or a newer one comes.
            if (_held.TryGetValue(candle.Time, out var known) && known.Rev >= candle.Rev)
                Assert.True(known.HasSameValues(candle), $"the poller was given {candle} after {known}");
            else _held[candle.Time] = candle;
        }

        return true;
    }

    /// <summary>The server is gone, and with it the answer.</summary>
    public void HangUp() => _asked = null;

    /// <summary>Forgets everything, its number too.</summary>
    public void StartAnew()
    {
        _held.Clear();
        (AsOf, ShownFrom, FirstGaps, Gaps) = (null, long.MaxValue, TimeRangeSet.Empty, TimeRangeSet.Empty);
    }
}
