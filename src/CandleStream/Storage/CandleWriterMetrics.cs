using System.Diagnostics.Metrics;

namespace CandleStream.Storage;

/// <summary>The batches of a <see cref="CandleWriter"/>, on the meter <c>CandleStream</c>.</summary>
public sealed class CandleWriterMetrics
{
    private static readonly InstrumentAdvice<double> Seconds =
        new() { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] };
    private static readonly InstrumentAdvice<int> Rows =
        new() { HistogramBucketBoundaries = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000] };

    private readonly Histogram<double> _duration;
    private readonly Histogram<int> _rows;
    private readonly Counter<long> _failures;

    /// <param name="factory">Makes the meter, and owns it.</param>
    public CandleWriterMetrics(IMeterFactory factory)
    {
        var meter = factory.Create(nameof(CandleStream));
        _duration =
            meter.CreateHistogram("candlestream.store.batch.duration", "s", "How long saving one batch took, saved or not.", null, Seconds);
        _rows = meter.CreateHistogram("candlestream.store.batch.rows", "{candle}", "Candles in one saved batch.", null, Rows);
        _failures = meter.CreateCounter<long>(
            "candlestream.store.batch.failures", "{batch}", "Batches that the store did not take; their candles wait and are tried again.");
        _failures.Add(0);
    }

    internal void Saved(int rows, TimeSpan took)
    {
        _duration.Record(took.TotalSeconds);
        _rows.Record(rows);
    }

    internal void Failed(TimeSpan took)
    {
        _duration.Record(took.TotalSeconds);
        _failures.Add(1);
    }
}
