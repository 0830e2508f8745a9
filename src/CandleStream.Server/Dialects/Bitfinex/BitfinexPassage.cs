using CandleStream.Providers;
using CandleStream.Streaming.Series;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Dialects.Bitfinex;

/// <summary>
/// Requests that are not about candles: refused, or passed on to the exchange where <see cref="FacadeOptions.PassThrough"/> says so.
/// </summary>
internal sealed class BitfinexPassage(
    ICandleProvider provider, IOptions<FacadeOptions> options, StreamingOptions streaming, DialectMetrics metrics, TimeProvider time)
{
    public async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value![(BitfinexDialect.Path + "/v2").Length..];
        // What is signed belongs to an account, and an account to the exchange alone.
        var isPublic = !path.StartsWith("/auth", StringComparison.OrdinalIgnoreCase) && !path.Contains("..", StringComparison.Ordinal);
        if (!options.Value.PassThrough || !isPublic)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var answer =
            await AskAsync(new PathString(path).ToUriComponent() + context.Request.QueryString.ToUriComponent(), context.RequestAborted);
        if (answer is null) await BitfinexAnswer.TryAgainAsync(context, metrics, 0);
        else await BitfinexAnswer.WriteAsync(context, answer.Body, answer.Status);
    }

    /// <summary>The exchange's own answer; null where there is none within the history wait.</summary>
    public async Task<PassedAnswer?> AskAsync(string pathAndQuery, CancellationToken cancel)
    {
        using var limit = new CancellationTokenSource(streaming.HistoryWait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, limit.Token);
        try
        {
            return provider is IExchangePassage exchange ? await exchange.PassAsync(pathAndQuery, either.Token) : null;
        }
        catch (CandleProviderException)
        {
            return null;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return null;
        }
    }
}
