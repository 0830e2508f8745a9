using System.Diagnostics.Metrics;

namespace CandleStream.Streaming.Series;

/// <summary>How long hubs take and what they refuse, on the meter <c>CandleStream</c>.</summary>
public sealed class StreamingMetrics
{
    private readonly Histogram<double> _published;
    private readonly Counter<long> _implausible;

    /// <param name="factory">Makes the meter, and owns it.</param>
    public StreamingMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(nameof(CandleStream));
        _published = meter.CreateHistogram("candlestream.publish.duration", "s",
            "From the receipt of a frame to the moment its update was handed to every sender and the writer.", null, LatencyBuckets);
        _implausible = meter.CreateCounter<long>(
            "candlestream.candles.implausible", "{candle}", "Impossible candles that the exchange sent; they are not published.");
        _implausible.Add(0);
    }

    /// <summary>Upper bounds in seconds, from 50 µs: what passes within one process is measured in these.</summary>
    public static InstrumentAdvice<double> LatencyBuckets { get; } = new()
    {
        HistogramBucketBoundaries = [0.00005, 0.0001, 0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    };

    internal void Published(TimeSpan since) => _published.Record(since.TotalSeconds);

    internal void Implausible() => _implausible.Add(1);
}
