namespace CandleStream.Exchanges;

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

/// <summary>
/// Takes what arrives on a channel. Called from the connection's read loop and its timer; never under the connection's lock.
/// </summary>
internal interface IChannelListener
{
    SeriesKey Series { get; }

    /// <summary>There is no room for the series, and we may open no further socket for up to a minute.</summary>
    void OnHeldBack(string reason);

    /// <summary>The series was given this channel; everything else about it comes afterwards.</summary>
    void OnPlaced(IExchangeChannel channel);

    /// <summary>
    /// The subscription works from here on: its snapshot came (in the order sent, valid during the call only), or a first frame without
    /// one.
    /// </summary>
    void OnSnapshot(IExchangeChannel channel, List<Candle> candles, long? exchangeTime);

    void OnCandle(IExchangeChannel channel, in Candle candle, long? exchangeTime, long receivedAt);

    /// <summary>
    /// A row of the channel could not be read; <paramref name="times"/> are the open times it may have had, null where none could be read.
    /// </summary>
    void OnUnreadable(IExchangeChannel channel, TimeRange? times);

    /// <summary>
    /// The exchange shows that nothing was traded in <paramref name="times"/>, in a frame of <paramref name="exchangeTime"/>.
    /// </summary>
    void OnEmpty(IExchangeChannel channel, TimeRange times, long? exchangeTime);

    /// <summary>
    /// Candles with open times in <paramref name="times"/> are not whole, or may not be, because frames are missing; the channel goes on.
    /// </summary>
    void OnIncomplete(IExchangeChannel channel, TimeRange times);

    void OnExchangeTime(IExchangeChannel channel, long exchangeTime);

    /// <summary>The exchange's time as a pong told it, before the first frame of the channel where it carries none.</summary>
    void OnTimeTold(IExchangeChannel channel, long exchangeTime);

    /// <summary>
    /// The channel was silent for longer than between two heartbeats and speaks again with a frame of <paramref name="exchangeTime"/>: what
    /// it may have kept back is missing.
    /// </summary>
    void OnSilenceEnded(IExchangeChannel channel, long? exchangeTime);

    /// <summary>
    /// Frames may be missing from here on; the connection is subscribing the channel anew, or waits for the exchange to say when it may.
    /// </summary>
    void OnInterrupted(IExchangeChannel channel, string reason);
}
