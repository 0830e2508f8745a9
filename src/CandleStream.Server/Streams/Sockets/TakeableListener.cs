using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;

namespace CandleStream.Server.Streams.Sockets;

/// <summary>Accepts the connections of one address.</summary>
/// <param name="socket">Bound, listening, not blocking; disposed with the listener.</param>
/// <param name="poller">Waits for new connections, and for what comes on them.</param>
/// <param name="memory">What connections read and write with.</param>
/// <param name="logger">Told where connections cannot be accepted.</param>
internal sealed partial class TakeableListener(
    Socket socket, SocketPoller poller, TransportMemory memory, ILogger<TakeableListener> logger)
    : IConnectionListener, IPolled
{
    private static readonly TimeSpan ExhaustedPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan ToldEvery = TimeSpan.FromMinutes(1);

    // The web server hands each connection to the pool itself, so its loop may go on in the poller's thread.
    private readonly Readiness _ready = new(isInline: true);
    private readonly int _descriptor = (int)socket.SafeHandle.DangerousGetHandle();
    private readonly byte[] _address = new byte[Linux.AddressBytes];
    private readonly Lock _gate = new();

    // Guarded by _gate.
    private int _place = -1;
    private bool _isClosed;

    // Used by AcceptAsync only, which has one caller at a time.
    private long _toldAt;

    public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            _ready.Forget();
            var (isOpen, result, remote) = TryAccept();
            if (!isOpen) return null;
            if (result >= 0) return new TakeableConnection(result, poller, memory, remote!, EndPoint);
            if (result == -Linux.Again) await _ready.WaitAsync();
            else if (Linux.IsExhaustion(result)) await PauseAsync(-result);

            // Any other error is of a connection that ended before it was accepted.
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_isClosed) return default;
            _isClosed = true;
            if (_place >= 0) poller.Remove(_place, _descriptor);
            socket.Dispose();
        }

        _ready.Signal();
        return default;
    }

    public ValueTask DisposeAsync() => UnbindAsync();

    void IPolled.OnReady(SocketEvent happened) => _ready.Signal();

    private (bool IsOpen, int Result, IPEndPoint? Remote) TryAccept()
    {
        lock (_gate)
        {
            if (_isClosed) return (false, 0, null);
            if (_place < 0) _place = poller.Add(_descriptor, this, Linux.ReadReady);
            var result = Linux.Accept(_descriptor, _address, out var length);
            return (true, result, result < 0 ? null : Linux.EndPointOf(EndPoint, _address.AsSpan(0, length)));
        }
    }

    // Trying again at once would find no descriptor either. A little later, streams may have ended.
    private Task PauseAsync(int error)
    {
        var now = Environment.TickCount64;
        if (_toldAt == 0 || now - _toldAt >= ToldEvery.TotalMilliseconds)
        {
            _toldAt = now;
            LogExhausted(EndPoint, new System.ComponentModel.Win32Exception(error).Message);
        }

        return Task.Delay(ExhaustedPause);
    }

    [LoggerMessage(LogLevel.Warning, "Connections to {Address} wait, for the system has no more room: {Reason}")]
    private partial void LogExhausted(EndPoint address, string reason);
}
