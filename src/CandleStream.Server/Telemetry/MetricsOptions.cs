using System.ComponentModel.DataAnnotations;

namespace CandleStream.Server.Telemetry;

/// <summary>Section <c>Metrics</c>: what <c>/metrics</c> and OTLP tell beyond the sums.</summary>
public sealed class MetricsOptions
{
    /// <summary>So many series, the first that are opened, get metrics of their own (label <c>series</c>) for as long as the process lives; the sums count all. 0: none, whatever clients ask for. Default: 0.</summary>
    [Range(0, 1000)]
    public int SeriesLabels { get; set; }
}
