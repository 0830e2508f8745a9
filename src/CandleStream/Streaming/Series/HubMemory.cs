using System.Collections.Immutable;
using CandleStream.Providers;

namespace CandleStream.Streaming.Series;

/// <summary>
/// What one open series holds and tells, wherever it is numbered: its newest candles, its status, and the sinks that are told. One lock
/// guards all of it and what feeds it, so a reader that attaches a sink first and looks at the memory then misses nothing.
/// </summary>
internal sealed class HubMemory
{
    // Guarded by Gate.
    private ImmutableArray<ICandleSink> _sinks = [];
    private Signal _repaired = new();

    // Replaced whole under Gate; any thread may read them.
    private volatile CandleUpdate? _latest;
    private volatile SeriesStatus _status;

    // Ticks of UTC; 0 = never. Written under Gate.
    private long _lastTradeTicks;

    // Written under the lock of all series.
    private volatile int _subscribers;

    public HubMemory(SeriesKey key, SeriesCandles candles)
    {
        (Key, Candles) = (key, candles);
        _status = new SeriesStatus(key, new FeedState(SeriesState.Connecting), []);
    }

    /// <summary>
    /// Guards the memory, its sinks and what feeds them: the provider, the repair loop, sinks and joining clients meet here.
    /// </summary>
    public Lock Gate { get; } = new();

    public SeriesKey Key { get; }

    /// <summary>Guarded by <see cref="Gate"/>.</summary>
    public SeriesCandles Candles { get; }

    /// <summary>Given when what the store holds was loaded, or did not come in time.</summary>
    public Signal Loaded { get; } = new();

    /// <summary>Given when the exchange's candles were merged for the first time.</summary>
    public Signal FirstData { get; } = new();

    /// <summary>Given while no gap is open.</summary>
    public Signal Repaired
    {
        get
        {
            lock (Gate) return _repaired;
        }
    }

    public CandleUpdate? Latest => _latest;

    public SeriesStatus Status => _status;

    public DateTimeOffset? LastTradeAt =>
        Volatile.Read(ref _lastTradeTicks) is not 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    public int Subscribers => _subscribers;

    /// <summary>Called under the lock of all series.</summary>
    public void CountSubscriber(int change) => _subscribers += change;

    public void Attach(ICandleSink sink)
    {
        lock (Gate)
        {
            _sinks = _sinks.Add(sink);
            sink.OnStatus(_status);
        }
    }

    public void Detach(ICandleSink sink)
    {
        lock (Gate) _sinks = _sinks.Remove(sink);
    }

    // What follows is called under Gate.

    /// <summary>One candle changed.</summary>
    public void Publish(CandleUpdate update)
    {
        if (_latest is null || update.Candle.Time >= _latest.Candle.Time) _latest = update;
        foreach (var sink in _sinks) sink.OnUpdate(update);
    }

    /// <summary>Many candles changed at once, as a whole.</summary>
    public void PublishMerge(IReadOnlyList<CandleUpdate> updates)
    {
        foreach (var sink in _sinks) sink.OnFirstMerge(Key, updates);
    }

    public void Publish(SeriesStatus status)
    {
        _status = status;
        foreach (var sink in _sinks) sink.OnStatus(status);
    }

    public void PublishRepaired(bool isRepaired)
    {
        if (isRepaired) _repaired.Give();
        else if (_repaired.IsGiven) _repaired = new Signal();
    }

    public void TradedAt(DateTimeOffset time) => Volatile.Write(ref _lastTradeTicks, time.Ticks);

    /// <summary>The newest candle held is the latest where it is newer by its rev.</summary>
    public void RaiseLatest()
    {
        if (Candles.Newest is { } newest && newest.Rev > (_latest?.Rev ?? Rev.None)) _latest = new CandleUpdate(Key, newest);
    }

    /// <summary>The newest candle held is the latest, also where that goes back.</summary>
    public void ResetLatest() => _latest = Candles.Newest is { } newest ? new CandleUpdate(Key, newest) : null;
}
