namespace CandleStream.Exchanges;

/// <summary>What one message of the exchange is.</summary>
internal enum FrameKind
{
    /// <summary>Valid JSON of a kind we do not know: counted and skipped, because new message types must not cost us the socket.</summary>
    Unknown,

    /// <summary>
    /// Not JSON, or not in the shape its kind must have; the channel and the sequence number are given where they could be read.
    /// </summary>
    Malformed,

    /// <summary>An <c>info</c> event: the greeting (has a version) or a notice (has a code).</summary>
    Info,

    /// <summary>The answer to <c>conf</c>.</summary>
    Conf,

    Subscribed,
    Unsubscribed,
    Error,
    Pong,
    Heartbeat,

    /// <summary>Several candles, or none; they stand in the list given to the parser, in the order sent.</summary>
    Snapshot,

    /// <summary>The whole new state of one candle.</summary>
    Update,

    /// <summary>The state of one candle that cannot be read; what is known of it stands in the list given to the parser.</summary>
    Unreadable,
}
