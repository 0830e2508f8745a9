using CandleStream.Server.Streams.Events;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Streams.Sending;

/// <summary>
/// One series as a sender sees it: the series it is attached to and a compact array of its readers. Owned by the sender thread.
/// </summary>
internal sealed class SeriesReaders(ISeries source, SseSeriesCounters counters)
{
    private Slot[] _readers = new Slot[4];
    private int _first;
    private CandleUpdate? _lastForming;

    public ISeries Source { get; } = source;

    public SseSeriesCounters Counters { get; } = counters;

    public int Count { get; private set; }

    /// <summary>The status that <see cref="Sender"/> heard last.</summary>
    public SeriesStatus? Status { get; set; }

    public void Add(Slot reader)
    {
        if (Count == _readers.Length) Array.Resize(ref _readers, Count * 2);
        reader.Index = Count;
        reader.Series = this;
        _readers[Count++] = reader;
    }

    public void CountJoin(JoinMode mode)
    {
        if (mode == JoinMode.Resumed) Counters.CountResumed();
        if (mode == JoinMode.Reset) Counters.CountReset();
    }

    public void Remove(Slot reader)
    {
        var last = _readers[--Count];
        _readers[reader.Index] = last;
        last.Index = reader.Index;
        _readers[Count] = null!;
        reader.Index = -1;
    }

    /// <summary>The readers in two halves, starting with another one each time: nobody is always the last to be served.</summary>
    public void NextRound(out ReadOnlySpan<Slot> first, out ReadOnlySpan<Slot> second)
    {
        var start = Count == 0 ? 0 : _first++ % Count;
        if (_first == int.MaxValue) _first = 0;
        first = _readers.AsSpan(start, Count - start);
        second = _readers.AsSpan(0, start);
    }

    /// <summary>Wraps an update together with the version it builds on, if that is a forming version of the same candle.</summary>
    public EncodedUpdate Prepare(CandleUpdate update)
    {
        ref readonly var candle = ref update.Candle;
        if (candle.Closed) return new EncodedUpdate(update, null);
        var isSameCandle = _lastForming is { } last && last.Candle.Time == candle.Time;
        var prepared = new EncodedUpdate(update, isSameCandle ? _lastForming : null);
        _lastForming = update;
        return prepared;
    }
}
