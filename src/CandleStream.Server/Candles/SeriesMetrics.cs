using System.Diagnostics.Metrics;
using CandleStream.Providers;
using CandleStream.Streaming.Series;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Candles;

/// <summary>
/// The open series, looked at whenever metrics are collected: as sums, and one by one for as many as
/// <see cref="MetricsOptions.SeriesLabels"/> allows.
/// </summary>
internal sealed class SeriesMetrics
{
    private const string Closed = "closed";

    private static readonly string[] States = [.. Enum.GetValues<SeriesState>().Select(SeriesStatusJson.NameOf)];

    private readonly ISeriesHome _home;
    private readonly int _maxLabelled;

    // Guarded by itself: readers of metrics may come at once. Nothing is removed, so that a closed series is told as closed and not as it
    // last was.
    private readonly SortedSet<string> _labelled = new(StringComparer.Ordinal);

    public SeriesMetrics(ISeriesHome home, IOptions<MetricsOptions> options, IMeterFactory meters)
    {
        (_home, _maxLabelled) = (home, options.Value.SeriesLabels);
        var meter = meters.Create(nameof(CandleStream));
        meter.CreateObservableUpDownCounter("candlestream.series", CountStates, "{series}", "Open series, by the state of their feed.");
        meter.CreateObservableUpDownCounter("candlestream.subscribers", () => home.OpenSeries.Sum(h => h.Subscribers), "{subscriber}",
            "Subscribers, once per series they watch.");
        meter.CreateObservableGauge("candlestream.gaps", () => home.OpenSeries.Sum(h => h.Status.Gaps.Length), "{gap}",
            "Ranges of open series in which candles may be missing.");
        meter.CreateObservableGauge(
            "candlestream.exchange.clock_offset", ClockOffset, "s", "Exchange time minus our clock, as of the last frame that told it.");
        if (_maxLabelled == 0) return;
        meter.CreateObservableGauge("candlestream.labelled_series.state", EachState, null,
            "1 for the state a series is in, 0 for the others; only series with a label of their own.");
        meter.CreateObservableGauge("candlestream.labelled_series.subscribers", () => Each(h => h?.Subscribers ?? 0), "{subscriber}",
            "Subscribers of a series; only series with a label of their own.");
        meter.CreateObservableGauge("candlestream.labelled_series.gaps", () => Each(h => h?.Status.Gaps.Length ?? 0), "{gap}",
            "Gaps of a series; only series with a label of their own.");
    }

    private List<Measurement<int>> CountStates()
    {
        var counts = _home.OpenSeries.CountBy(h => SeriesStatusJson.NameOf(h.Status.Feed.State)).ToDictionary();
        return [.. States.Select(s => new Measurement<int>(counts.GetValueOrDefault(s), new KeyValuePair<string, object?>("state", s)))];
    }

    // Every series of a socket hears the same time: the one heard last says it best.
    private IEnumerable<Measurement<double>> ClockOffset()
    {
        var newest = _home.OpenSeries.Where(h => h.ExchangeClockOffsetMs is not null).MaxBy(h => h.LastMessageAt);
        return newest?.ExchangeClockOffsetMs is { } offset ? [new Measurement<double>(offset / 1000.0)] : [];
    }

    private List<Measurement<int>> EachState()
    {
        var measured = new List<Measurement<int>>();
        foreach (var (name, series) in Labelled())
        {
            var state = series is null ? Closed : SeriesStatusJson.NameOf(series.Status.Feed.State);
            foreach (var one in (ReadOnlySpan<string>)[.. States, Closed])
                measured.Add(new Measurement<int>(one == state ? 1 : 0, new KeyValuePair<string, object?>("series", name),
                    new KeyValuePair<string, object?>("state", one)));
        }

        return measured;
    }

    private List<Measurement<int>> Each(Func<ISeries?, int> value) =>
        [.. Labelled().Select(s => new Measurement<int>(value(s.Series), new KeyValuePair<string, object?>("series", s.Name)))];

    private List<(string Name, ISeries? Series)> Labelled()
    {
        var open = _home.OpenSeries.ToDictionary(h => h.Key.ToString());
        lock (_labelled)
        {
            foreach (var name in open.Keys.Order(StringComparer.Ordinal))
            {
                if (_labelled.Count < _maxLabelled) _labelled.Add(name);
            }

            return [.. _labelled.Select(name => (name, open.GetValueOrDefault(name)))];
        }
    }
}
