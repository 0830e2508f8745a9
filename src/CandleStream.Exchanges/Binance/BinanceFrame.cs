namespace CandleStream.Exchanges.Binance;

/// <summary>One message of the socket. A value, because thousands a second pass; only rare messages carry a text.</summary>
/// <param name="Kind">
/// What it is: <see cref="FrameKind.Update"/> a candle, <see cref="FrameKind.Unreadable"/> one that cannot be read,
/// <see cref="FrameKind.Subscribed"/> the answer to a request, <see cref="FrameKind.Error"/> a refusal, <see cref="FrameKind.Info"/> the
/// announcement that the socket will be closed.
/// </param>
/// <param name="Stream">Where in the message the name of the stream stands.</param>
/// <param name="Kline">The candle of an update.</param>
/// <param name="ExchangeTime">The exchange's clock when it sent the frame, Unix ms; null where the frame carries none.</param>
/// <param name="OpenTime">The open time of a candle that cannot be read, where at least that can be.</param>
/// <param name="RequestId">The number of the request that is answered; null where the answer names none.</param>
/// <param name="Code">The number of an error.</param>
/// <param name="Text">The text of an error, or the list that was asked for.</param>
internal readonly record struct BinanceFrame(
    FrameKind Kind, Range Stream = default, BinanceKline Kline = default, long? ExchangeTime = null, long? OpenTime = null,
    long? RequestId = null, int? Code = null, string? Text = null);
