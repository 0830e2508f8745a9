using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;

namespace CandleStream.Server.Setup;

/// <summary>Metrics: ours, the web server's and the runtime's, as Prometheus text and, where OTEL_EXPORTER_OTLP_ENDPOINT is set, by OTLP.</summary>
internal static class MetricsSetup
{
    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    public static void AddMetrics(this WebApplicationBuilder builder) => builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService("candlestream")).WithMetrics(metrics =>
    {
        metrics.AddMeter(nameof(CandleStream)).AddMeter("Npgsql").AddAspNetCoreInstrumentation().AddRuntimeInstrumentation().AddPrometheusExporter();
        if (!string.IsNullOrEmpty(builder.Configuration[OtlpEndpoint])) metrics.AddOtlpExporter();
    });

    public static void MapMetrics(this WebApplication app) => app.MapPrometheusScrapingEndpoint("/metrics");
}
