using CandleStream.Server.Access;
using CandleStream.Server.Candles;
using CandleStream.Server.Dialects;
using CandleStream.Server.Limits;
using CandleStream.Server.Streams.Sending;
using CandleStream.Server.Webhooks;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace CandleStream.Server.Operations;

/// <summary>
/// Metrics: ours, the web server's and the runtime's, as Prometheus text; with OTEL_EXPORTER_OTLP_ENDPOINT also by OTLP, and then the
/// requests' traces too.
/// </summary>
internal static class MetricsSetup
{
    private const string OtlpEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string MetricsPath = "/metrics";

    /// <summary>Built into .NET: collections, heap, threads, CPU.</summary>
    private const string RuntimeMeter = "System.Runtime";

    /// <summary>Calls of HTTP clients: our REST calls to the exchange.</summary>
    private const string HttpClientSource = "System.Net.Http";

    public static void AddMetrics(this WebApplicationBuilder builder)
    {
        var exports = !string.IsNullOrEmpty(builder.Configuration[OtlpEndpoint]);
        builder.Services.AddSingleton<SeriesMetrics>();
        builder.Services.AddSingleton<StoreMetrics>();
        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService("candlestream"))
            .WithMetrics(metrics =>
        {
            metrics.AddMeter(nameof(CandleStream)).AddMeter("Npgsql").AddMeter(RuntimeMeter).AddAspNetCoreInstrumentation()
                .AddPrometheusExporter();
            if (exports) metrics.AddOtlpExporter();
        });
        if (!exports) return;
        telemetry.WithTracing(tracing => tracing
            .AddAspNetCoreInstrumentation(requests => requests.Filter = context => !IsProbe(context.Request.Path))
            .AddSource(HttpClientSource)
            .AddSource(StreamTrace.SourceName)
            .AddOtlpExporter());
    }

    public static void MapMetrics(this WebApplication app)
    {
        // The provider listens from here on, before anything that counts is made: counters that begin at zero are seen from the start.
        app.MapPrometheusScrapingEndpoint(MetricsPath).RequireAuthorization(AccessSetup.AdminPolicy)
            .RequireRateLimiting(RequestLimits.Policy);
        app.Services.GetRequiredService<SeriesMetrics>();
        app.Services.GetRequiredService<StoreMetrics>();
        app.Services.GetRequiredService<DialectMetrics>();
        app.Services.GetRequiredService<WebhookMetrics>();
    }

    private static bool IsProbe(PathString path) => path.StartsWithSegments(MetricsPath) || path.StartsWithSegments("/health");
}
