namespace CandleStream.Exchanges.Bitfinex;

/// <summary>Where one subscription stands.</summary>
internal enum ChannelState
{
    /// <summary>The same key is being unsubscribed on this socket; the subscription is sent when that is confirmed.</summary>
    Deferred,

    /// <summary>Sent; not answered yet.</summary>
    Asked,

    /// <summary>Answered; no frame yet.</summary>
    Acknowledged,

    /// <summary>Frames arrive.</summary>
    Live,

    /// <summary>Given up by either side.</summary>
    Ended,
}

/// <summary>One subscription of one series on one connection.</summary>
internal sealed class BitfinexChannel(BitfinexSubscriptions subscriptions, IChannelListener listener, string key) : IExchangeChannel
{
    private readonly TaskCompletionSource<ChannelEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastFrameAt;
    private long _heardUntil;

    public IChannelListener Listener { get; } = listener;

    /// <summary>The exchange's name of the series, <c>trade:1m:tBTCUSD</c>.</summary>
    public string Key { get; } = key;

    /// <summary>Completes when the subscription is over, however it ended.</summary>
    public Task<ChannelEnd> Ended => _ended.Task;

    /// <summary>Guarded by the lock of the subscriptions.</summary>
    public ChannelState State { get; set; }

    /// <summary>The exchange's number for it; 0 until acknowledged. Guarded by the lock of the subscriptions.</summary>
    public int Id { get; set; }

    /// <summary>
    /// When something must have happened, or the channel has failed (timestamp). Guarded by the lock of the subscriptions.
    /// </summary>
    public long Deadline { get; set; }

    /// <summary>When its last frame arrived (timestamp); 0 before the first.</summary>
    public long LastFrameAt
    {
        get => Volatile.Read(ref _lastFrameAt);
        set => Volatile.Write(ref _lastFrameAt, value);
    }

    /// <summary>
    /// When its last heartbeat arrived, or its first frame where none has yet (timestamp). Guarded by the lock of the subscriptions.
    /// </summary>
    public long LastHeartbeatAt { get; set; }

    /// <summary>
    /// Exchange time of its own last frame (ms); 0 before the first that had one. Time heard on other channels says nothing about this one.
    /// </summary>
    public long HeardUntil
    {
        get => Volatile.Read(ref _heardUntil);
        set => Volatile.Write(ref _heardUntil, value);
    }

    public void Release() => subscriptions.Release(this);

    public void End(ChannelEnd end) => _ended.TrySetResult(end);
}
