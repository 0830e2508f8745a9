using CandleStream.Server.Endpoints;
using CandleStream.Server.Hosting;

namespace CandleStream.Server.Setup;

/// <summary>What readiness is made of.</summary>
internal static class HealthSetup
{
    public static void AddHealth(this WebApplicationBuilder builder) => builder.Services.AddHealthChecks()
        .AddCheck<StoreHealthCheck>("store", tags: [HealthEndpoints.ReadyTag])
        .AddCheck<DrainingHealthCheck>("draining", tags: [HealthEndpoints.ReadyTag]);
}
