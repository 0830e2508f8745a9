using System.Net.WebSockets;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges.Bitfinex;

/// <summary>
/// A socket to Bitfinex: greeted and configured before it is used. It has two owners, each with its own part: the pool and subscribers meet
/// in <see cref="BitfinexSubscriptions"/>, under its lock; what arrives is <see cref="BitfinexReadLoop"/>'s alone.
/// </summary>
internal sealed class BitfinexConnection : ExchangeSocket
{
    private readonly BitfinexSubscriptions _subscriptions;
    private readonly BitfinexReadLoop _readLoop;

    private BitfinexConnection(
        WebSocket socket, BitfinexOptions options, TimeProvider time, ExchangeMetrics metrics, LogGate logGate, ILogger logger,
        Action<IExchangeSocket> changed)
        : base("Bitfinex", socket, options.MaxMessageBytes, time, metrics, logger, changed)
    {
        var badInput = new BadInputLog(logGate, logger);
        var actions = new BitfinexSocketActions(Post, End, () => changed(this));
        _subscriptions = new BitfinexSubscriptions(options, time, metrics, badInput, actions);
        _readLoop = new BitfinexReadLoop(time, metrics, badInput, logger, actions, _subscriptions);
    }

    /// <summary>True once the other side greeted us as the simulator.</summary>
    public override bool IsSimulated => _readLoop.IsSimulated;

    protected override SocketSubscriptions Subscriptions => _subscriptions;

    /// <summary>Opens a socket and waits until it is greeted and configured.</summary>
    /// <param name="connect">Makes the WebSocket.</param>
    /// <param name="options">Limits and time-outs.</param>
    /// <param name="time">The clock of everything.</param>
    /// <param name="metrics">Counts frames and channels.</param>
    /// <param name="logGate">Keeps logs of bad input short.</param>
    /// <param name="logger">Where they go.</param>
    /// <param name="changed">Called when a channel became free or the connection ended.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ConnectFailedException">It could not be had, with the reason.</exception>
    public static Task<BitfinexConnection> OpenAsync(
        Func<CancellationToken, Task<WebSocket>> connect, BitfinexOptions options, TimeProvider time, ExchangeMetrics metrics,
        LogGate logGate, ILogger logger, Action<IExchangeSocket> changed, CancellationToken cancel) =>
        OpenAsync(
            connect, socket => new BitfinexConnection(socket, options, time, metrics, logGate, logger, changed), options.ConnectTimeout,
            time, cancel);

    protected override Task WaitUntilReadyAsync(CancellationToken timeout, CancellationToken givenUp) =>
        _readLoop.WaitUntilReadyAsync(timeout, givenUp);

    protected override void OnMessage(ReadOnlySpan<byte> message) => _readLoop.OnMessage(message);

    protected override void OnSkipped() => _readLoop.OnSkipped();

    protected override void OnEnded(ChannelEnd end) => _readLoop.End(end);
}

/// <summary>What both owners of a socket do with it.</summary>
/// <param name="Post">Sends a message, in its turn.</param>
/// <param name="End">Ends the socket, with the reason.</param>
/// <param name="Changed">Tells the pool that a channel became free.</param>
internal sealed record BitfinexSocketActions(Action<byte[]> Post, Action<ChannelEnd> End, Action Changed);
