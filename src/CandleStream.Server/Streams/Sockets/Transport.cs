using CandleStream.Server.Streams.Events;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace CandleStream.Server.Streams.Sockets;

/// <summary>What lies between us and the client of one request, and so which way its events may take.</summary>
/// <param name="Framing">Chunked where we frame the body ourselves.</param>
/// <param name="Takeover">Takes the connection's socket, where nothing stands between it and the response; else null.</param>
/// <param name="IsBareBody">False where somebody stands between us and the body, who may encode it.</param>
internal readonly record struct Transport(SseFraming Framing, ISocketTakeover? Takeover, bool IsBareBody)
{
    public static Transport Of(HttpContext context, bool allowTakeover)
    {
        var features = context.Features;

        // The server's own body is the same object as its request; a wrapped one (compression) frames and encodes by itself.
        var isBareBody = ReferenceEquals(features.Get<IHttpResponseBodyFeature>(), features.Get<IHttpRequestFeature>());
        if (!isBareBody || !HttpProtocol.IsHttp11(context.Request.Protocol)) return new Transport(SseFraming.Plain, null, isBareBody);
        var takeover = allowTakeover ? features.Get<ISocketTakeover>() : null;
        return new Transport(SseFraming.Chunked, takeover is { IsBare: true } ? takeover : null, isBareBody);
    }

    /// <summary>Sets the headers of the stream and bounds what the kernel holds for a reader that stalls.</summary>
    public void Prepare(HttpContext context, int sendBufferBytes)
    {
        var response = context.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache, no-transform";
        response.Headers["X-Accel-Buffering"] = "no";
        if (HttpProtocol.IsHttp2(context.Request.Protocol) || HttpProtocol.IsHttp3(context.Request.Protocol)) return;

        // A stream ends with its connection: nothing else is ever sent on it.
        response.Headers.Connection = "close";
        if (Framing == SseFraming.Chunked) response.Headers.TransferEncoding = "chunked";
        BoundSendBuffer(context.Features, sendBufferBytes);

        // How slow is too slow is ours to say (StuckLimit).
        context.Features.Get<IHttpMinResponseDataRateFeature>()?.MinDataRate = null;
    }

    private static void BoundSendBuffer(IFeatureCollection features, int bytes)
    {
        if (features.Get<ISocketTakeover>() is { } own)
        {
            own.SetSendBuffer(bytes);
            return;
        }

        try
        {
            features.Get<IConnectionSocketFeature>()?.Socket.SendBufferSize = bytes;
        }
        catch (Exception e) when (e is ObjectDisposedException or System.Net.Sockets.SocketException)
        {
            // The client is gone already; the first write will find out.
        }
    }
}
