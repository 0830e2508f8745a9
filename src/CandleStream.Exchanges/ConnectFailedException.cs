using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;

namespace CandleStream.Exchanges;

/// <summary>No usable socket could be had. The message is the reason, in words for people.</summary>
internal sealed class ConnectFailedException(string reason, ChannelEndKind kind = ChannelEndKind.ConnectFailed) : Exception(reason)
{
    public ChannelEndKind Kind { get; } = kind == ChannelEndKind.SocketEnded ? ChannelEndKind.ConnectFailed : kind;

    /// <summary>True when the exchange refuses new sockets from this address for a minute.</summary>
    public bool IsRateLimited => Kind == ChannelEndKind.RateLimited;

    public static ConnectFailedException From(Exception e) => e switch
    {
        ConnectFailedException failed => failed,
        UpgradeRefusedException refused => Refused(refused.Status),
        _ when Find<HttpRequestException>(e) is { StatusCode: { } status } => Refused(status),
        _ when Find<SocketException>(e) is { } socket => new(Describe(socket)),
        _ when Find<System.Security.Authentication.AuthenticationException>(e) is not null => new("no trusted TLS connection"),
        _ => new("the exchange cannot be reached"),
    };

    /// <summary>
    /// What a socket throws when the connection is gone. A cancellation that is not ours means the same: it is how a failed keep-alive
    /// shows.
    /// </summary>
    public static bool IsConnectionTrouble(Exception e) =>
        e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException or HttpRequestException
            or SocketException or ConnectFailedException or UpgradeRefusedException;

    private static ConnectFailedException Refused(HttpStatusCode status) => status == HttpStatusCode.TooManyRequests
        ? new("too many connections (HTTP 429)", ChannelEndKind.RateLimited)
        : new($"the exchange refused the socket (HTTP {(int)status})");

    private static string Describe(SocketException e) => e.SocketErrorCode switch
    {
        SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData => "the exchange's name cannot be resolved",
        SocketError.ConnectionRefused => "connection refused",
        SocketError.NetworkUnreachable or SocketError.HostUnreachable => "no route to the exchange",
        SocketError.TimedOut => "the exchange did not answer in time",
        _ => "the exchange cannot be reached",
    };

    private static T? Find<T>(Exception? e)
        where T : Exception
    {
        for (; e is not null; e = e.InnerException)
            if (e is T found) return found;
        return null;
    }
}

/// <summary>
/// The exchange answered the WebSocket handshake with an HTTP status. Thrown by the part that makes sockets for the provider.
/// </summary>
public sealed class UpgradeRefusedException(HttpStatusCode status, Exception? inner = null) : Exception($"HTTP {(int)status}", inner)
{
    public HttpStatusCode Status { get; } = status;
}
