using System.Collections.Concurrent;
using CandleStream.Streaming;

namespace CandleStream.Tests.Truth;

/// <summary>A client of several series that connects and is cut at random, keeps what it was given by time and rev, and resumes as the protocol says.</summary>
internal sealed class TruthClient(IReadOnlyList<SeriesKey> series, Random random) : ICandleSink
{
    private readonly ConcurrentQueue<CandleUpdate> _arrived = new();
    private readonly Dictionary<SeriesKey, SortedDictionary<long, Candle>> _candles = series.ToDictionary(s => s, _ => new SortedDictionary<long, Candle>());
    private readonly ConcurrentDictionary<SeriesKey, long> _lastRevOfHub = new();
    private readonly ConcurrentQueue<string> _wrong = new();
    private List<SeriesLease> _leases = [];
    private long? _lastId;

    public bool IsConnected => _leases.Count > 0;

    public int Resumes { get; private set; }

    public int Resets { get; private set; }

    public IReadOnlyCollection<Candle> Candles(SeriesKey key) => _candles[key].Values;

    /// <summary>Registers with the hubs first and reads second, as the stream's sender does; what arrives meanwhile waits.</summary>
    public async Task ConnectAsync(CandleStreamService service, Func<Task, Task> inTime)
    {
        _arrived.Clear();
        _lastRevOfHub.Clear();
        _leases = [.. series.Select(s => service.Open(s))];
        foreach (var lease in _leases) lease.Hub.Attach(this);
        var asOf = service.Revs.Current;
        foreach (var lease in _leases)
        {
            var joining = service.JoinAsync(lease.Hub, new JoinRequest(_lastId, false, 1, false), CancellationToken.None);
            await inTime(joining);
            Take(await joining);
        }

        _lastId = asOf;
    }

    /// <summary>Takes what arrived, in rising rev; <paramref name="cut"/> loses a random tail of it, as a socket does.</summary>
    public void Receive(bool cut = false)
    {
        Assert.Empty(_wrong);
        var waiting = new List<CandleUpdate>();
        while (_arrived.TryDequeue(out var update)) waiting.Add(update);
        waiting.Sort((a, b) => a.Rev.CompareTo(b.Rev));
        var taken = cut ? random.Next(waiting.Count + 1) : waiting.Count;
        foreach (var update in waiting.Take(taken))
        {
            Take(update.Series, update.Candle);
            _lastId = Math.Max(_lastId ?? 0, update.Rev);
        }
    }

    public void Disconnect()
    {
        foreach (var lease in _leases) lease.Hub.Detach(this);
        Receive(cut: true);
        foreach (var lease in _leases) lease.Dispose();
        _leases = [];
    }

    void ICandleSink.OnUpdate(CandleUpdate update)
    {
        // Hubs call at the same time, each under its own lock; what is wrong is told by Receive, because an exception here would end in the hub.
        var before = _lastRevOfHub.GetValueOrDefault(update.Series);
        if (update.Rev <= before) _wrong.Enqueue($"{update} does not rise above {before}");
        _lastRevOfHub[update.Series] = update.Rev;
        _arrived.Enqueue(update);
    }

    void ICandleSink.OnFirstMerge(SeriesKey key, IReadOnlyList<CandleUpdate> changed)
    {
        foreach (var update in changed) _arrived.Enqueue(update);
    }

    void ICandleSink.OnStatus(SeriesStatus status)
    {
    }

    private void Take(SeriesJoin join)
    {
        if (join.Mode == JoinMode.Reset)
        {
            Resets++;
            _candles[join.Series].Clear();
        }
        else if (join.Mode == JoinMode.Resumed)
        {
            Resumes++;
        }

        foreach (var candle in join.Missed.Concat(join.Snapshot)) Take(join.Series, candle);
    }

    private void Take(SeriesKey key, in Candle candle)
    {
        var held = _candles[key];
        if (held.TryGetValue(candle.Time, out var known) && known.Rev >= candle.Rev) return;
        Assert.False(known.Closed && !candle.Closed, $"{key}: a closed candle opened again: {candle}");
        held[candle.Time] = candle;
    }
}
