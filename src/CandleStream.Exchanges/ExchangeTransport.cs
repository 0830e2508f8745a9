using System.Net;
using System.Net.WebSockets;

namespace CandleStream.Exchanges;

/// <summary>How the exchange is reached: over the network, or in tests over whatever stands in for it.</summary>
/// <param name="ConnectAsync">Opens a WebSocket; throws <see cref="UpgradeRefusedException"/> where the other side answered the handshake
/// with an HTTP error.</param>
/// <param name="Http">Answers REST calls; disposed by its maker.</param>
public sealed record ExchangeTransport(Func<CancellationToken, Task<WebSocket>> ConnectAsync, HttpMessageHandler Http)
{
    // Noticing that the peer's machine is gone; that its feed is dead is noticed by the silence of the channels.
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(10);

    /// <summary>The network, with this WebSocket.</summary>
    public static ExchangeTransport Create(Uri webSocketUrl) => new(
        cancel => ConnectToAsync(webSocketUrl, cancel),
        new SocketsHttpHandler
        {
            AutomaticDecompression = DecompressionMethods.All,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            AllowAutoRedirect = false,
        });

    private static async Task<WebSocket> ConnectToAsync(Uri url, CancellationToken cancel)
    {
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.KeepAliveInterval = KeepAlive;
            socket.Options.KeepAliveTimeout = KeepAlive;
            socket.Options.CollectHttpResponseDetails = true;
            await socket.ConnectAsync(url, cancel);
            return socket;
        }
        catch (Exception e)
        {
            var status = socket.HttpStatusCode;
            socket.Dispose();
            if (e is WebSocketException && status >= HttpStatusCode.BadRequest) throw new UpgradeRefusedException(status, e);
            throw;
        }
    }
}
