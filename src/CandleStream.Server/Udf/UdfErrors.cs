using CandleStream.Server.Http;

namespace CandleStream.Server.Udf;

/// <summary>
/// <c>{"s":"error","errmsg":…}</c>: TradingView's adapter looks at the body only, and would take a problem+json for a good answer.
/// </summary>
internal sealed class UdfErrors() : ErrorForm(UdfEndpoints.Path)
{
    protected override Task WriteAsync(HttpContext context, int status, string detail)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.CacheControl = "no-store";
        return context.Response.WriteAsJsonAsync(new UdfError(detail));
    }
}

/// <summary>An error as UDF tells it.</summary>
internal sealed record UdfError(string Errmsg)
{
    public string S { get; } = "error";
}
