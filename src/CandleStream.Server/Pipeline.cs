using System.Text.Json;
using CandleStream.Server.Access;
using CandleStream.Server.Dialects.Bitfinex;
using CandleStream.Server.History;
using CandleStream.Server.Http;
using CandleStream.Server.Limits;
using CandleStream.Server.OpenApi;
using CandleStream.Server.Operations;
using Microsoft.AspNetCore.ResponseCompression;

namespace CandleStream.Server;

/// <summary>What every route shares: JSON names, error answers, security headers, compression, CORS.</summary>
internal static class Pipeline
{
    /// <summary>The page runs its own files only; a screenshot of the chart is a blob.</summary>
    private const string OwnFilesOnly =
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; connect-src 'self'; font-src 'self' data:; " +
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors ";

    private const string Nobody = "'none'";

    private const string PagePolicy = OwnFilesOnly + Nobody;

    /// <summary>The API pages start by an inline script and style themselves inline.</summary>
    private const string DocsPolicy =
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; connect-src 'self'; font-src 'self' data:; " +
        "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>
    /// What other sites' pages may send: what the API reads, what libraries for event streams and fetch add by themselves, and what
    /// continues a trace. A header that is not here fails the whole request in the browser.
    /// </summary>
    private static readonly string[] RequestHeaders =
        ["Accept", "Authorization", "Cache-Control", "Content-Type", "If-None-Match", "Last-Event-ID", "Mcp-Method", "Mcp-Name",
            "Mcp-Protocol-Version", "Pragma", "traceparent", "tracestate", "X-API-Key", "X-Requested-With"];

    public static void AddApi(this WebApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower);
        builder.Services.AddResponseCompression(compression =>
        {
            compression.EnableForHttps = true;
            compression.MimeTypes = [.. ResponseCompressionDefaults.MimeTypes, "application/problem+json", "text/csv"];
        });
        var origins = builder.Configuration.Security().AllowedOrigins;
        builder.Services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
            .WithOrigins(origins).WithMethods("GET", "HEAD", "POST").WithHeaders(RequestHeaders)
            .WithExposedHeaders(
                "ETag", "Retry-After", CandleCsv.AsOfHeader, CandleCsv.NextHeader, CandleCsv.GapsHeader, CandleCsv.ResetHeader)));
    }

    public static void UseApi(this WebApplication app)
    {
        app.UseKnownProxies();
        app.Use(PathTickets.TakeOffPath);
        var frames = string.Join(' ', app.Configuration.Security().FrameAncestors);
        app.Use((context, next) => AddSecurityHeaders(context, next, frames));
        app.UseErrorAnswers();
        // Never on the stream: it would hold events back, and the direct sockets bypass the response body.
        app.UseWhen(context => !context.Request.Path.Equals(StreamTickets.StreamPath, StringComparison.OrdinalIgnoreCase),
            branch => branch.UseResponseCompression());
        app.UsePageAtRoot();
        BitfinexDialect.UseSockets(app);
        app.UseRouting();
        app.UseCors();
        // Who asks is known before the limits, which count by key, and these come before the refusal: guessing keys is limited too.
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseAuthorization();
    }

    /// <param name="context">The request.</param>
    /// <param name="next">What answers it.</param>
    /// <param name="frames">The origins whose pages may show <c>/embed</c> in a frame; empty: none.</param>
    private static Task AddSecurityHeaders(HttpContext context, RequestDelegate next, string frames)
    {
        var path = context.Request.Path;
        var mayBeFramed = frames.Length > 0 && path == PathTickets.Embed;
        var policy = mayBeFramed ? OwnFilesOnly + frames : path.StartsWithSegments(ApiDocsEndpoints.DocsPath) ? DocsPolicy : PagePolicy;
        // Last of all: an error answer begins by clearing what headers there are.
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            // It knows no list; browsers that know frame-ancestors ignore it.
            if (!mayBeFramed) headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
            headers["Cross-Origin-Opener-Policy"] = "same-origin";
            // A page of elsewhere may learn that there is a server, and no more: so a client can tell a refused origin from a wrong
            // address.
            headers["Cross-Origin-Resource-Policy"] = context.Request.Path == HealthEndpoints.LivePath ? "cross-origin" : "same-origin";
            headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
            headers.ContentSecurityPolicy = policy;
            if (context.Request.IsHttps) headers.StrictTransportSecurity = "max-age=2592000";
            return Task.CompletedTask;
        });
        return next(context);
    }
}
