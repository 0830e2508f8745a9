using System.ComponentModel.DataAnnotations;

namespace CandleStream.Server.Candles;

/// <summary>Section <c>Metrics</c>: what <c>/metrics</c> and OTLP tell beyond the sums.</summary>
public sealed class MetricsOptions
{
    /// <summary>
    /// The first N opened series get their own metrics (label <c>series</c>) for the life of the process; the sums count all series. 0
    /// turns this off. Default: 0.
    /// </summary>
    [Range(0, 1000)]
    public int SeriesLabels { get; set; }
}
