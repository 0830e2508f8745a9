using CandleStream.Providers;
using CandleStream.Storage;
using CandleStream.Streaming.Series;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.WebUtilities;

namespace CandleStream.Server.Http;

/// <summary>
/// Every error answer is problem+json: those of routing (404, 405), of request parsing (400, 413, 414, 431) and of failures nobody expected
/// (500) too.
/// </summary>
internal static class ErrorAnswers
{
    /// <summary>A series that nobody watches is closed after the linger time.</summary>
    private static readonly TimeSpan SeriesRetryAfter = TimeSpan.FromSeconds(30);

    public static void UseErrorAnswers(this WebApplication app)
    {
        // The middleware logs what it handles; a cancelled request is no failure and is not told to anybody.
        app.UseExceptionHandler(new ExceptionHandlerOptions
        {
            ExceptionHandler = AnswerFailureAsync,
            SuppressDiagnosticsCallback = failure =>
                failure.Exception is BadHttpRequestException or StoreUnavailableException or SeriesLimitException or ExchangeOffException
                || failure.HttpContext.RequestAborted.IsCancellationRequested || IsStopping(failure.HttpContext),
        });
        app.UseStatusCodePages(status => AnswerStatus(status.HttpContext));
    }

    private static Task AnswerFailureAsync(HttpContext context)
    {
        var result = context.Features.Get<IExceptionHandlerFeature>()?.Error switch
        {
            BadHttpRequestException bad => Problems.OfStatus(bad.StatusCode, bad.Message),
            StoreUnavailableException store => Problems.Unavailable(context, store.Message, TimeSpan.FromSeconds(5)),
            SeriesLimitException full => Problems.Unavailable(context, full.Message, SeriesRetryAfter, full.Limit),
            ExchangeOffException off => Problems.Unavailable(context, off.Message, SeriesRetryAfter),
            ObjectDisposedException when IsStopping(context) =>
                Problems.Unavailable(context, "The server is stopping.", TimeSpan.FromSeconds(5)),
            _ => Problems.OfStatus(StatusCodes.Status500InternalServerError, "The server failed; its log says why."),
        };
        return ErrorForm.AnswerAsync(context, result);
    }

    private static bool IsStopping(HttpContext context) =>
        context.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested;

    private static Task AnswerStatus(HttpContext context)
    {
        var status = context.Response.StatusCode;
        var detail = status switch
        {
            StatusCodes.Status404NotFound => $"There is nothing at {context.Request.Path}; /docs lists what there is.",
            StatusCodes.Status401Unauthorized =>
                "A key is needed: X-API-Key, Authorization: Bearer, a session, or for a stream a valid ticket for this query.",
            StatusCodes.Status403Forbidden => "This key lacks the required scope.",
            StatusCodes.Status405MethodNotAllowed =>
                $"{context.Request.Method} is not possible here; allowed: {context.Response.Headers.Allow}.",
            _ => ReasonPhrases.GetReasonPhrase(status),
        };
        return ErrorForm.AnswerAsync(context, Problems.OfStatus(status, detail));
    }
}
