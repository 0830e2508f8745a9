namespace CandleStream.Exchanges;

/// <summary>
/// The channels of one socket and the watch over them, under one lock: the read loop, the timer, the pool and subscribers meet here.
/// Neither listeners nor the pool are called under it. How channels are asked for and given up, each dialect knows.
/// </summary>
internal abstract class SocketSubscriptions : IAsyncDisposable
{
    private readonly ITimer _watch;

    // Guarded by Gate.
    private ChannelEnd? _end;
    private bool _isClosing;

    // Written by the read loop.
    private long _lastFrameAt;

    protected SocketSubscriptions(TimeProvider time, ExchangeMetrics metrics)
    {
        (Time, Metrics) = (time, metrics);
        _lastFrameAt = time.GetTimestamp();
        _watch = time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>When anything was received last on the socket (timestamp). Written by the read loop.</summary>
    public long LastFrameAt
    {
        get => Volatile.Read(ref _lastFrameAt);
        set => Volatile.Write(ref _lastFrameAt, value);
    }

    /// <summary>Why the socket ended; null while it has not.</summary>
    public ChannelEnd? EndReason
    {
        get
        {
            lock (Gate) return _end;
        }
    }

    /// <summary>Channels held or asked for.</summary>
    public int Count
    {
        get
        {
            lock (Gate) return Held;
        }
    }

    protected Lock Gate { get; } = new();

    protected TimeProvider Time { get; }

    protected ExchangeMetrics Metrics { get; }

    /// <summary>True once the socket ended. Read under <see cref="Gate"/>.</summary>
    protected bool HasEnded => _end is not null;

    /// <summary>True where channels may still be added. Read under <see cref="Gate"/>.</summary>
    protected bool IsOpen => _end is null && !_isClosing;

    /// <summary>How many channels are held or asked for. Read under <see cref="Gate"/>.</summary>
    protected abstract int Held { get; }

    /// <summary>Subscribes a series; null when there is no room for it here.</summary>
    public abstract IExchangeChannel? TrySubscribe(IChannelListener listener);

    /// <summary>Marks the socket as closing if it has no channel; then none is added any more.</summary>
    public bool TryRetire()
    {
        lock (Gate)
        {
            if (_end is not null || Held > 0) return false;
            return _isClosing = true;
        }
    }

    /// <summary>What ends from here on ends by our own doing, and no channel is added any more.</summary>
    public void BeginClosing()
    {
        lock (Gate) _isClosing = true;
    }

    /// <summary>The socket ends: every channel is taken out. False where it had ended before.</summary>
    /// <param name="end">Why; the reason counts that is given back.</param>
    /// <param name="channels">Those that were left; the caller ends them.</param>
    public bool TryEnd(ref ChannelEnd end, out IReadOnlyList<ExchangeChannel> channels)
    {
        lock (Gate)
        {
            channels = [];
            if (_end is not null) return false;

            // What ends while we close it ends by our own doing, even where the other side was first.
            if (_isClosing && end.Kind != ChannelEndKind.Released) end = new ChannelEnd(ChannelEndKind.Released, "closed");
            _end = end;
            channels = TakeAll();
        }

        _watch.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Metrics.Channels(-channels.Count);
        return true;
    }

    public ValueTask DisposeAsync() => _watch.DisposeAsync();

    /// <summary>Takes every channel out, ended. Called under <see cref="Gate"/>.</summary>
    protected abstract IReadOnlyList<ExchangeChannel> TakeAll();

    /// <summary>Does what is due, and arms the watch again.</summary>
    protected abstract void Look();

    /// <summary>When something is due next (timestamp); null where nothing will be. Called under <see cref="Gate"/>.</summary>
    protected abstract long? NextDue();

    /// <summary>Sets the watch to when something is due next.</summary>
    protected void Rearm()
    {
        lock (Gate)
        {
            if (_end is not null || NextDue() is not { } next) return;
            var wait = Time.Until(next);
            _watch.Change(wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        }
    }
}
