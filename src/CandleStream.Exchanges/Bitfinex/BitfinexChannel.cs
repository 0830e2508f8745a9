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
internal sealed class BitfinexChannel(BitfinexSubscriptions subscriptions, IChannelListener listener, string key)
    : ExchangeChannel(listener)
{
    /// <summary>The exchange's name of the series, <c>trade:1m:tBTCUSD</c>.</summary>
    public string Key { get; } = key;

    /// <summary>Guarded by the lock of the subscriptions.</summary>
    public ChannelState State { get; set; }

    /// <summary>The exchange's number for it; 0 until acknowledged. Guarded by the lock of the subscriptions.</summary>
    public int Id { get; set; }

    /// <summary>
    /// When something must have happened, or the channel has failed (timestamp). Guarded by the lock of the subscriptions.
    /// </summary>
    public long Deadline { get; set; }

    /// <summary>
    /// When its last heartbeat arrived, or its first frame where none has yet (timestamp). Guarded by the lock of the subscriptions.
    /// </summary>
    public long LastHeartbeatAt { get; set; }

    public override void Release() => subscriptions.Release(this);
}
