using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Streams.Sending;

/// <summary>What was sent to the readers of one series since the server started. Thread-safe.</summary>
public sealed class SseSeriesCounters
{
    private long _events;
    private long _bytes;
    private long _conflated;
    private long _slowClosed;
    private long _resumed;
    private long _reset;

    /// <summary>Events handed to sockets, counted once per reader.</summary>
    public long Events => Volatile.Read(ref _events);

    /// <summary>Their bytes, framing included.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Forming candles not sent to a reader because a newer one of the series was there before it could take them.</summary>
    public long Conflated => Volatile.Read(ref _conflated);

    /// <summary>Connections ended because their reader was too slow.</summary>
    public long SlowClosed => Volatile.Read(ref _slowClosed);

    /// <summary>Joins answered <c>resumed</c>.</summary>
    public long Resumed => Volatile.Read(ref _resumed);

    /// <summary>Joins answered <c>reset</c>.</summary>
    public long Reset => Volatile.Read(ref _reset);

    internal void CountSent(int bytes)
    {
        Interlocked.Increment(ref _events);
        Interlocked.Add(ref _bytes, bytes);
    }

    internal void CountConflated() => Interlocked.Increment(ref _conflated);

    internal void CountSlowClosed() => Interlocked.Increment(ref _slowClosed);

    internal void CountResumed() => Interlocked.Increment(ref _resumed);

    internal void CountReset() => Interlocked.Increment(ref _reset);
}

/// <summary>
/// The stream's counters: per series for the status route, summed up on meter <c>CandleStream</c> (no label per series or client).
/// </summary>
public sealed class StreamCounters
{
    private readonly ConcurrentDictionary<SeriesKey, SseSeriesCounters> _series = new();
    private readonly Histogram<double> _written;
    private readonly Histogram<double> _lasted;
    private int _streams;
    private long _opened;

    public StreamCounters(IMeterFactory meters)
    {
        var meter = meters.Create("CandleStream");
        meter.CreateObservableUpDownCounter("candlestream.streams", () => Streams, "{stream}", "Open streams.");
        _written = meter.CreateHistogram("candlestream.write.duration", "s",
            "From the receipt of a frame to the end of the sender's round that wrote its update to every socket that took it; one value per round, of its oldest update.", null, StreamingMetrics.LatencyBuckets);
        _lasted = meter.CreateHistogram("candlestream.stream.duration", "s", "How long streams lasted, from live to their end.", null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 10, 60, 600, 3_600, 21_600, 86_400] });
        Observe(meter, "candlestream.stream.events", "{event}", "Events handed to sockets, once per reader.", c => c.Events);
        Observe(meter, "candlestream.stream.bytes", "By", "Bytes of these events.", c => c.Bytes);
        Observe(meter, "candlestream.stream.conflated", "{event}",
            "Forming candles that slow readers did not get because a newer one was there.", c => c.Conflated);
        Observe(meter, "candlestream.stream.slow_closed", "{stream}",
            "Streams ended because their reader was too slow, once per series of the stream.", c => c.SlowClosed);
        Observe(meter, "candlestream.stream.resumed", "{join}", "Series of joining clients that were answered resumed.", c => c.Resumed);
        Observe(meter, "candlestream.stream.reset", "{join}", "Series of joining clients that were answered reset.", c => c.Reset);
    }

    /// <summary>Streams that are open now.</summary>
    public int Streams => Volatile.Read(ref _streams);

    /// <summary>Streams opened since the start.</summary>
    public long Opened => Volatile.Read(ref _opened);

    /// <summary>The counters of a series; created where it has none yet, so ask only for series that were opened.</summary>
    public SseSeriesCounters Of(SeriesKey series) => _series.GetOrAdd(series, static _ => new SseSeriesCounters());

    internal void Written(TimeSpan since) => _written.Record(since.TotalSeconds);

    internal void Ended(TimeSpan lasted, string reason) =>
        _lasted.Record(lasted.TotalSeconds, new KeyValuePair<string, object?>("reason", reason));

    internal void StreamOpened()
    {
        Interlocked.Increment(ref _streams);
        Interlocked.Increment(ref _opened);
    }

    internal void StreamClosed() => Interlocked.Decrement(ref _streams);

    private void Observe(Meter meter, string name, string unit, string description, Func<SseSeriesCounters, long> value) =>
        meter.CreateObservableCounter(name, () => _series.Values.Sum(value), unit, description);
}
