using CandleStream.Server.Access;
using CandleStream.Server.Doors;
using CandleStream.Server.Http;
using CandleStream.Server.Streams;

namespace CandleStream.Server.Dialects.Bitfinex;

/// <summary>The route of the dialect's WebSocket: what can be refused is refused before the upgrade.</summary>
internal sealed partial class BitfinexSockets(
    CandleDoor door, StreamLimiter limiter, DialectMetrics metrics, IHostApplicationLifetime lifetime, TimeProvider time,
    ILogger<BitfinexSockets> logger)
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    public async Task ServeAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        // A socket is one more reader of the same kind as a stream.
        var share = ClientShare.Of(context);
        if (!limiter.TryEnter(share, out var refusal))
        {
            await ErrorForm.AnswerAsync(context, Problems.TooMany(context, refusal.Detail, refusal.Limit, RetryAfter));
            return;
        }

        metrics.SocketOpened();
        try
        {
            using var revoked = context.Features.Get<ApiKey>()?.Removed.UnsafeRegister(static c => ((HttpContext)c!).Abort(), context);
            using var over = context.Features.Get<PathTicket>()?.EndInTime(context.Abort, time);
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            await new BitfinexSession(socket, door, metrics, time, LogBug).RunAsync(lifetime.ApplicationStopping, context.RequestAborted);
        }
        finally
        {
            metrics.SocketClosed();
            limiter.Leave(share);
        }
    }

    [LoggerMessage(LogLevel.Error, "A snapshot for a bot could not be read because of a bug; its socket ends")]
    private partial void LogBug(Exception bug);
}
