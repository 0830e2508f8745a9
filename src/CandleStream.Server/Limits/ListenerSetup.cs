using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using CandleStream.Server.Access;
using CandleStream.Server.Hosting;
using CandleStream.Server.Streams.Sending;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace CandleStream.Server.Limits;

/// <summary>
/// What is asked of every address the server listens on, wherever it was configured: who may listen there, and how many connections of what
/// size it takes.
/// </summary>
internal static class ListenerSetup
{
    // <linux/tcp.h>
    private const int IpProtoTcp = 6;
    private const int TcpUserTimeout = 18;

    /// <exception cref="StartRefusedException">The limits contradict each other.</exception>
    public static void AddListeners(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(OpenFiles.Fit(builder.Configuration));
        var security = builder.Configuration.Security();
        var streaming = builder.Configuration.GetSection(SendingOptions.Section).Get<SendingOptions>() ?? new SendingOptions();
        if (security.MaxConnections < streaming.MaxStreams)
            throw new StartRefusedException(
                $"Security:MaxConnections={security.MaxConnections} leaves no room for Streaming:MaxStreams={streaming.MaxStreams}: raise one or lower the other.");
        CertificateCheck.Run(builder.Configuration, DateTimeOffset.UtcNow);

        builder.WebHost.UseSockets(transport => transport.CreateBoundListenSocket = address => Listen(address, streaming.StuckLimit * 2));
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.RequestHeadersTimeout = security.HeaderTimeout;
            kestrel.Limits.MaxRequestLineSize = security.MaxRequestLineBytes;
            kestrel.Limits.MaxRequestBufferSize =
                Math.Max(kestrel.Limits.MaxRequestBufferSize ?? 0, Math.Max(security.MaxRequestLineBytes, security.MaxHeaderBytes));
            kestrel.Limits.MaxRequestHeadersTotalSize = security.MaxHeaderBytes;
            kestrel.Limits.MaxRequestHeaderCount = security.MaxHeaders;
            // No route takes a body.
            kestrel.Limits.MaxRequestBodySize = 0;
            var places = new ConnectionPlaces(security.MaxConnections, security.MaxConnectionsPerAddress);
            kestrel.ConfigureEndpointDefaults(listener =>
            {
                Check(listener, security);
                listener.Use(next => connection => CountAsync(connection, next, places, security));
            });
        });
        builder.Services.AddHostedService<OpenFilesCheck>();
    }

    /// <summary>
    /// Connections on this socket end when nothing that was sent has been acknowledged for the limit: the client's machine or network is
    /// gone, and Linux alone would wait a quarter of an hour.
    /// </summary>
    private static Socket Listen(EndPoint address, TimeSpan limit)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(address);
        var milliseconds = (int)limit.TotalMilliseconds;
        if (OperatingSystem.IsLinux() && address is IPEndPoint)
            socket.SetRawSocketOption(IpProtoTcp, TcpUserTimeout, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in milliseconds)));
        return socket;
    }

    private static void Check(ListenOptions listener, AccessOptions security)
    {
        var isLocal = listener.EndPoint is UnixDomainSocketEndPoint or NamedPipeEndPoint
            || (listener.IPEndPoint is { } ip && IPAddress.IsLoopback(ip.Address));
        if (isLocal || security.KeyFile is not null || security.AllowAnonymous) return;
        throw new StartRefusedException(
            $"Listening on {listener.EndPoint} lets other machines in, but no keys are configured: make some with 'keys add NAME' and set Security:KeyFile, or open the server to everybody with Security:AllowAnonymous=true.");
    }

    // Not the web server's own limit: it would forget the connections whose sockets streams have taken.
    private static async Task CountAsync(
        ConnectionContext connection, ConnectionDelegate next, ConnectionPlaces places, AccessOptions security)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        var share = Proxies.IsKnown(security, address) ? default : ClientShare.Of(address);
        if (places.TryEnter(share) is not { } place)
        {
            connection.Abort();
            return;
        }

        connection.Features.Set(place);
        try
        {
            await next(connection);
        }
        finally
        {
            place.LetGo();
        }
    }
}
