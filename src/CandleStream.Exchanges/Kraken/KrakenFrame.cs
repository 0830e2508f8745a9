namespace CandleStream.Exchanges.Kraken;

/// <summary>One message of the socket. A value, because thousands a second pass; only rare messages carry a text.</summary>
/// <param name="Kind">
/// What it is: <see cref="FrameKind.Snapshot"/> or <see cref="FrameKind.Update"/> candles, which stand in the list given to the parser;
/// <see cref="FrameKind.Subscribed"/>, <see cref="FrameKind.Unsubscribed"/> and <see cref="FrameKind.Error"/> the answer for one symbol,
/// <see cref="FrameKind.Info"/> the exchange's status.
/// </param>
/// <param name="ExchangeTime">The exchange's clock when it sent the frame, Unix ms; null where the frame carries none.</param>
/// <param name="Symbol">The symbol that an answer is about; null where it names none.</param>
/// <param name="Interval">The interval in minutes that an answer is about; null where it names none.</param>
/// <param name="RequestId">The number of the request that is answered; null where the answer names none.</param>
/// <param name="Text">The text of an error, or the status.</param>
/// <param name="IsSimulator">True where the status says that the other side is the simulator.</param>
internal readonly record struct KrakenFrame(
    FrameKind Kind, long? ExchangeTime = null, string? Symbol = null, long? Interval = null, long? RequestId = null, string? Text = null,
    bool IsSimulator = false);

/// <summary>One row of a frame of candles.</summary>
/// <param name="Symbol">Where in the message its symbol stands; empty where that cannot be read.</param>
/// <param name="Interval">Its interval in minutes; 0 where that cannot be read.</param>
/// <param name="Candle">The candle, with its number of trades; not closed, for the exchange says nothing of that.</param>
/// <param name="OpenTime">Its open time, also where the rest cannot be read; null where the time cannot be.</param>
/// <param name="IsRead">False where it is no candle.</param>
internal readonly record struct KrakenRow(Range Symbol, int Interval, Candle Candle, long? OpenTime, bool IsRead);
