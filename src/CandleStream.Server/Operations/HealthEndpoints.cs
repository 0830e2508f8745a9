using CandleStream.Server.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace CandleStream.Server.Operations;

/// <summary><c>GET /health/live</c> and <c>GET /health/ready</c>.</summary>
internal static class HealthEndpoints
{
    /// <summary>Marks the checks that readiness is made of.</summary>
    public const string ReadyTag = "ready";

    public const string LivePath = "/health/live";

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods(LivePath, ["GET", "HEAD"], () => TypedResults.Ok(new HealthAnswer("live"))).AllowAnonymous();
        routes.MapMethods("/health/ready", ["GET", "HEAD"], AnswerReadyAsync).AllowAnonymous();
    }

    private static async Task<IResult> AnswerReadyAsync(HealthCheckService checks, HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        var report = await checks.CheckHealthAsync(check => check.Tags.Contains(ReadyTag), context.RequestAborted);
        return report.Status == HealthStatus.Healthy
            ? TypedResults.Ok(new HealthAnswer("ready"))
            : Problems.NotReady(
                [.. report.Entries.Where(e => e.Value.Status != HealthStatus.Healthy).Select(e => $"{e.Key}: {e.Value.Description}")]);
    }
}

/// <summary>That the server lives, or is ready.</summary>
internal sealed record HealthAnswer(string Status);
