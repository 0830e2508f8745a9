using CandleStream.Server.Access;
using Microsoft.Net.Http.Headers;

namespace CandleStream.Server.Http;

/// <summary>The page at <c>/</c>, the chart for other pages at <c>/embed</c>, and their files.</summary>
internal static class PageEndpoints
{
    private const string Index = "/index.html";
    private const string Embed = "/embed.html";

    /// <summary>Vite puts files here whose names change with their content.</summary>
    private const string HashedAssets = "/assets";

    private static readonly string Manifest = Path.Combine(AppContext.BaseDirectory, "CandleStream.Server.staticwebassets.endpoints.json");

    /// <summary>
    /// Lets <c>/</c> answer what <c>/index.html</c> answers, <c>/embed</c> what <c>/embed.html</c> answers, and hashed files be kept for a
    /// year; comes before routing.
    /// </summary>
    public static void UsePageAtRoot(this WebApplication app) => app.Use((context, next) =>
    {
        if (context.Request.Path == "/") context.Request.Path = Index;
        else if (context.Request.Path == PathTickets.Embed) context.Request.Path = Embed;
        if (context.Request.Path.StartsWithSegments(HashedAssets)) context.Response.OnStarting(KeepForAYear, context);
        return next(context);
    });

    public static void MapPage(this WebApplication app)
    {
        // A build with -p:SkipUi=true has no page; the API works without.
        if (!File.Exists(Manifest)) return;
        // In a build that was not published, the framework would write gzip anew for every request without compressing anything.
        // The files of the build are compressed already.
        app.Configuration["ReloadStaticAssetsAtRuntime"] = "false";
        app.MapStaticAssets(Manifest).AllowAnonymous();
    }

    private static Task KeepForAYear(object state)
    {
        var response = ((HttpContext)state).Response;
        if (response.StatusCode is StatusCodes.Status200OK or StatusCodes.Status304NotModified)
            response.Headers[HeaderNames.CacheControl] = "public, max-age=31536000, immutable";
        return Task.CompletedTask;
    }
}
