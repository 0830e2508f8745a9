namespace CandleStream.Exchanges.Bitfinex;

/// <summary>
/// Flags of the <c>conf</c> event that append elements to every array frame. Source: Bitfinex documentation, ws-general, "Flags".
/// </summary>
[Flags]
internal enum ConfFlags
{
    None = 0,

    /// <summary>The server's time in ms is the last element.</summary>
    Timestamp = 32768,

    /// <summary>A sequence number, one counter per connection, follows the payload (before the time).</summary>
    SequenceAll = 65536,
}

/// <summary>One message of the exchange. A value, because thousands a second pass; only the rare object events carry an object.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="ChannelId">The channel of an array frame; 0 for events.</param>
/// <param name="Candle">The candle of an <see cref="FrameKind.Update"/>.</param>
/// <param name="Sequence">The connection's sequence number; null where the frame carries none.</param>
/// <param name="ExchangeTime">The exchange's clock when it sent the frame, Unix ms; null where the frame carries none.</param>
/// <param name="Event">The content of an object event.</param>
internal readonly record struct BitfinexFrame(
    FrameKind Kind, int ChannelId = 0, Candle Candle = default, long? Sequence = null, long? ExchangeTime = null,
    BitfinexEvent? Event = null);

/// <summary>The fields of the object events that matter to us; absent ones are null.</summary>
internal sealed record BitfinexEvent
{
    /// <summary>Protocol version of a greeting.</summary>
    public int? Version { get; init; }

    /// <summary>Platform status of a greeting: 1 operative, 0 maintenance.</summary>
    public int? PlatformStatus { get; init; }

    /// <summary>True when the greeting says that the other side is the simulator.</summary>
    public bool IsSimulator { get; init; }

    /// <summary>Number of an info notice or an error.</summary>
    public int? Code { get; init; }

    /// <summary>The text beside the code; for people only, the exchange changes it at will.</summary>
    public string? Message { get; init; }

    /// <summary>The subscription's key, such as <c>trade:1m:tBTCUSD</c>.</summary>
    public string? Key { get; init; }

    public int? ChannelId { get; init; }

    /// <summary>The flags that a <c>conf</c> answer confirms.</summary>
    public int? Flags { get; init; }

    /// <summary>The exchange's clock in a pong, Unix ms.</summary>
    public long? Time { get; init; }

    /// <summary><c>OK</c> or <c>FAILED</c>.</summary>
    public string? Status { get; init; }
}
