using CandleStream.Server.Candles;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace CandleStream.Server.Operations;

/// <summary>Unhealthy while candles cannot be kept.</summary>
internal sealed class StoreHealthCheck(StoreHost store) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(store.Trouble is { } trouble ? HealthCheckResult.Unhealthy(trouble) : HealthCheckResult.Healthy());
}

/// <summary>Unhealthy once the server was told to stop.</summary>
internal sealed class DrainingHealthCheck(IHostApplicationLifetime lifetime) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(lifetime.ApplicationStopping.IsCancellationRequested
            ? HealthCheckResult.Unhealthy("the server is stopping.")
            : HealthCheckResult.Healthy());
}

/// <summary>What readiness is made of.</summary>
internal static class HealthSetup
{
    public static void AddHealth(this WebApplicationBuilder builder) => builder.Services.AddHealthChecks()
        .AddCheck<StoreHealthCheck>("store", tags: [HealthEndpoints.ReadyTag])
        .AddCheck<DrainingHealthCheck>("draining", tags: [HealthEndpoints.ReadyTag]);
}
