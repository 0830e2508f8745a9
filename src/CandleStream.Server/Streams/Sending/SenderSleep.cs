using CandleStream.Server.Streams.Sockets;

namespace CandleStream.Server.Streams.Sending;

/// <summary>How a sender sleeps, and what wakes it. For the sender thread, but for <see cref="Wake"/>.</summary>
internal abstract class SenderSleep : IDisposable
{
    public static SenderSleep Create() => OperatingSystem.IsLinux() ? new SocketSleep() : new EventSleep();

    /// <summary>What the last sleep heard of the sockets.</summary>
    public virtual IReadOnlyList<(Connection Connection, SocketEvent Happened)> Ready => [];

    /// <summary>Ends the sleep, or the next one. Any thread.</summary>
    public abstract void Wake();

    /// <summary>Sleeps until it is woken or a socket has something to tell.</summary>
    /// <param name="mayWait">False: only looks at the sockets.</param>
    public abstract void Sleep(bool mayWait);

    /// <summary>From now on the socket wakes: when its client leaves or sends something; what has happened already counts.</summary>
    public virtual void Add(int socket, Connection connection) => throw new NotSupportedException();

    /// <summary>From now on it also wakes when it takes bytes again after it was full; where it does now, too.</summary>
    public virtual void AwaitRoom(int socket) => throw new NotSupportedException();

    /// <summary>To be called before the socket is closed, between two sleeps.</summary>
    public virtual void Remove(int socket) => throw new NotSupportedException();

    public abstract void Dispose();

    /// <summary>Where no sockets are taken.</summary>
    private sealed class EventSleep : SenderSleep
    {
        private readonly AutoResetEvent _wake = new(false);

        public override void Wake() => _wake.Set();

        public override void Sleep(bool mayWait) => _wake.WaitOne(mayWait ? Timeout.Infinite : 0);

        public override void Dispose() => _wake.Dispose();
    }
}

/// <summary>Sleeps in one epoll_wait for its inbox and for all sockets of the sender.</summary>
internal sealed class SocketSleep : SenderSleep
{
    private const int Watched = Linux.ReadReady | Linux.PeerClosed | Linux.EdgeTriggered;
    private const ulong Woken = ulong.MaxValue;

    /// <summary>Events taken at once; the rest is taken by the next sleep, which does not wait then.</summary>
    private const int MaxEvents = 256;

    private readonly Lock _gate = new();
    private readonly int _set = Linux.NewSet();
    private readonly int _signal = Linux.NewSignal();
    private readonly List<(Connection, SocketEvent)> _ready = [];

    // Guarded by _gate: nobody may write to a descriptor that is closed, and another's by now.
    private bool _isDisposed;

    // By descriptor: each belongs to one connection until the sender closes it.
    private Connection?[] _connections = new Connection?[64];

    public SocketSleep() => Linux.Add(_set, _signal, Linux.ReadReady, Woken);

    public override IReadOnlyList<(Connection Connection, SocketEvent Happened)> Ready => _ready;

    public override void Wake()
    {
        lock (_gate)
        {
            if (!_isDisposed) Linux.Signal(_signal);
        }
    }

    public override void Sleep(bool mayWait)
    {
        _ready.Clear();
        Span<SocketEvent> events = stackalloc SocketEvent[MaxEvents];
        var count = Linux.Wait(_set, events, mayWait ? Timeout.Infinite : 0);
        foreach (var e in events[..count])
        {
            if (e.Data == Woken) Linux.ClearSignal(_signal);
            else if (_connections[(int)e.Data] is { } connection) _ready.Add((connection, e));
        }
    }

    public override void Add(int socket, Connection connection)
    {
        if (socket >= _connections.Length) Array.Resize(ref _connections, Math.Max(socket + 1, _connections.Length * 2));
        _connections[socket] = connection;
        Linux.Add(_set, socket, Watched, (ulong)socket);
    }

    public override void AwaitRoom(int socket) => Linux.Change(_set, socket, Watched | Linux.WriteReady, (ulong)socket);

    public override void Remove(int socket)
    {
        Linux.Remove(_set, socket);
        _connections[socket] = null;
    }

    public override void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            Linux.Close(_set);
            Linux.Close(_signal);
        }
    }
}
