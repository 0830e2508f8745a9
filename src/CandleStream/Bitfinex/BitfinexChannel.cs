namespace CandleStream.Bitfinex;

/// <summary>Why a subscription ended or could not be had.</summary>
internal enum ChannelEndKind
{
    /// <summary>No socket could be opened.</summary>
    ConnectFailed,

    /// <summary>The exchange refuses new sockets from this address for a minute.</summary>
    RateLimited,

    /// <summary>The socket closed, broke or said what no exchange says.</summary>
    SocketEnded,

    /// <summary>The exchange announced a restart (20051).</summary>
    Restart,

    /// <summary>No frame, not even a heartbeat, for too long.</summary>
    Silent,

    /// <summary>The subscription was not answered, or the answer was followed by nothing.</summary>
    NotAnswered,

    /// <summary>Sequence numbers go missing again and again.</summary>
    SequenceGap,

    /// <summary>The exchange is in maintenance.</summary>
    Maintenance,

    /// <summary>The exchange does not accept this series.</summary>
    Refused,

    /// <summary>The exchange has no channel left for us.</summary>
    ChannelLimit,

    /// <summary>The exchange said no in another way.</summary>
    Failed,

    /// <summary>We gave it up ourselves.</summary>
    Released,
}

/// <summary>How a subscription ended.</summary>
/// <param name="Kind">Why, for programs.</param>
/// <param name="Reason">Why, for people.</param>
internal sealed record ChannelEnd(ChannelEndKind Kind, string Reason);

/// <summary>Takes what arrives on a channel. Called from the connection's read loop and its timer; never under the connection's lock.</summary>
internal interface IChannelListener
{
    SeriesKey Series { get; }

    /// <summary>There is no room for the series, and we may open no further socket for up to a minute.</summary>
    void OnHeldBack(string reason);

    /// <summary>The series was given this channel; everything else about it comes afterwards.</summary>
    void OnPlaced(BitfinexChannel channel);

    /// <summary>The subscription works from here on: its snapshot came (in the order sent, valid during the call only), or a first frame without one.</summary>
    void OnSnapshot(BitfinexChannel channel, List<Candle> candles, long? exchangeTime);

    void OnCandle(BitfinexChannel channel, in Candle candle, long? exchangeTime, long receivedAt);

    /// <summary>A row of the channel could not be read; <paramref name="times"/> are the open times it may have had, null where none could be read.</summary>
    void OnUnreadable(BitfinexChannel channel, TimeRange? times);

    void OnExchangeTime(BitfinexChannel channel, long exchangeTime);

    /// <summary>The exchange's time as a pong told it, before the first frame of the channel where it carries none.</summary>
    void OnTimeTold(BitfinexChannel channel, long exchangeTime);

    /// <summary>The channel was silent for longer than between two heartbeats and speaks again with a frame of <paramref name="exchangeTime"/>: what it may have kept back is missing.</summary>
    void OnSilenceEnded(BitfinexChannel channel, long? exchangeTime);

    /// <summary>Frames may be missing from here on; the connection is subscribing the channel anew, or waits for the exchange to say when it may.</summary>
    void OnInterrupted(BitfinexChannel channel, string reason);
}

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
internal sealed class BitfinexChannel(BitfinexConnection connection, IChannelListener listener, string key)
{
    private readonly TaskCompletionSource<ChannelEnd> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastFrameAt;
    private long _heardUntil;

    public BitfinexConnection Connection { get; } = connection;

    public IChannelListener Listener { get; } = listener;

    /// <summary>The exchange's name of the series, <c>trade:1m:tBTCUSD</c>.</summary>
    public string Key { get; } = key;

    /// <summary>Completes when the subscription is over, however it ended.</summary>
    public Task<ChannelEnd> Ended => _ended.Task;

    /// <summary>Guarded by the connection's lock.</summary>
    public ChannelState State { get; set; }

    /// <summary>The exchange's number for it; 0 until acknowledged. Guarded by the connection's lock.</summary>
    public int Id { get; set; }

    /// <summary>When something must have happened, or the channel has failed (timestamp). Guarded by the connection's lock.</summary>
    public long Deadline { get; set; }

    /// <summary>When its last frame arrived (timestamp); 0 before the first.</summary>
    public long LastFrameAt
    {
        get => Volatile.Read(ref _lastFrameAt);
        set => Volatile.Write(ref _lastFrameAt, value);
    }

    /// <summary>When its last heartbeat arrived, or its first frame where none has yet (timestamp). Guarded by the connection's lock.</summary>
    public long LastHeartbeatAt { get; set; }

    /// <summary>Exchange time of its own last frame (ms); 0 before the first that had one. Time heard on other channels says nothing about this one.</summary>
    public long HeardUntil
    {
        get => Volatile.Read(ref _heardUntil);
        set => Volatile.Write(ref _heardUntil, value);
    }

    public void End(ChannelEnd end) => _ended.TrySetResult(end);
}
