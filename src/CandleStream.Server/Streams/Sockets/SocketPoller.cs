namespace CandleStream.Server.Streams.Sockets;

/// <summary>
/// One thread that waits for many sockets (epoll, edge-triggered) and tells each when something about it has changed. Any thread may add
/// and remove.
/// </summary>
internal sealed class SocketPoller : IDisposable
{
    private const ulong Wake = ulong.MaxValue;

    private readonly Lock _gate = new();
    private readonly int _set = Linux.NewSet();
    private readonly int _signal = Linux.NewSignal();
    private readonly Thread _thread;

    // Guarded by _gate. An event carries its place and the generation of it, so one that is late finds nobody.
    private readonly Stack<int> _free = new();
    private (IPolled? Target, uint Generation)[] _places = new (IPolled?, uint)[64];
    private int _used;
    private bool _isDisposed;

    public SocketPoller()
    {
        Linux.Add(_set, _signal, Linux.ReadReady, Wake);
        _thread = new Thread(Run) { IsBackground = true, Name = "SSE connections" };
        _thread.Start();
    }

    /// <summary>
    /// From now on <paramref name="target"/> is told of changes, until <see cref="Remove"/>. What is true already is told too.
    /// </summary>
    /// <returns>The place of the socket.</returns>
    public int Add(int descriptor, IPolled target, int events)
    {
        lock (_gate)
        {
            if (!_free.TryPop(out var place)) place = _used++;
            if (place == _places.Length) Array.Resize(ref _places, place * 2);
            _places[place].Target = target;
            _places[place].Generation++;
            if (!_isDisposed) Linux.Add(_set, descriptor, events | Linux.EdgeTriggered, DataOf(place));
            return place;
        }
    }

    /// <summary>Tells other changes from now on; what is true already is told again.</summary>
    public void Change(int place, int descriptor, int events)
    {
        lock (_gate)
        {
            if (!_isDisposed) Linux.Change(_set, descriptor, events | Linux.EdgeTriggered, DataOf(place));
        }
    }

    /// <summary>To be called before the socket is closed or given away.</summary>
    public void Remove(int place, int descriptor)
    {
        lock (_gate)
        {
            if (!_isDisposed) Linux.Remove(_set, descriptor);
            _places[place].Target = null;
            _free.Push(place);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_isDisposed) return;
            _isDisposed = true;
            Linux.Signal(_signal);
        }

        _thread.Join();
        Linux.Close(_set);
        Linux.Close(_signal);
    }

    private ulong DataOf(int place) => ((ulong)_places[place].Generation << 32) | (uint)place;

    private void Run()
    {
        Span<SocketEvent> events = stackalloc SocketEvent[256];
        while (true)
        {
            var count = Linux.Wait(_set, events, -1);
            foreach (var e in events[..count])
            {
                if (e.Data == Wake) return;
                TargetOf(e.Data)?.OnReady(e);
            }
        }
    }

    private IPolled? TargetOf(ulong data)
    {
        lock (_gate)
        {
            var (target, generation) = _places[(int)(uint)data];
            return generation == (uint)(data >> 32) ? target : null;
        }
    }
}

/// <summary>Who waits for a socket.</summary>
internal interface IPolled
{
    /// <summary>Called on the poller's thread, which serves all others: it only passes the word on.</summary>
    void OnReady(SocketEvent happened);
}
