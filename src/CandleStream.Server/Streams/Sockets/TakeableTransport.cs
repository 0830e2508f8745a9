using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Streams.Sockets;

/// <summary>
/// The web server's transport for TCP on Linux: its connections' sockets can be taken (<see cref="ISocketTakeover"/>). All else, Unix
/// sockets and other systems, stays with the web server's own, whose options hold here too.
/// </summary>
internal sealed class TakeableTransport(
    IOptions<SocketTransportOptions> options, IMemoryPoolFactory<byte> pools, ILogger<TakeableListener> logger)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    private readonly Lazy<SocketPoller> _poller = new(() => new SocketPoller());

    // The web server's kind of pool: it relies on buffers that are never empty, whatever size it asks for.
    private readonly TransportMemory _memory = new(pools.Create());

    public bool CanBind(EndPoint endpoint) => OperatingSystem.IsLinux() && endpoint is IPEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket? socket = null;
        try
        {
            socket = options.Value.CreateBoundListenSocket(endpoint);

            // Linux hands it on to the sockets that are accepted.
            socket.NoDelay = options.Value.NoDelay;
            socket.Blocking = false;
            socket.Listen(options.Value.Backlog);
            return ValueTask.FromResult<IConnectionListener>(new TakeableListener(socket, _poller.Value, _memory, logger));
        }
        catch (SocketException e)
        {
            socket?.Dispose();
            if (e.SocketErrorCode == SocketError.AddressAlreadyInUse) throw new AddressInUseException(e.Message, e);
            throw;
        }
    }

    public void Dispose()
    {
        if (_poller.IsValueCreated) _poller.Value.Dispose();
        _memory.MemoryPool.Dispose();
    }
}
