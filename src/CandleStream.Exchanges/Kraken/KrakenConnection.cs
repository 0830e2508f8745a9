using System.Net.WebSockets;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges.Kraken;

/// <summary>
/// A socket to Kraken: it tells its status before it is used. The pool and subscribers meet in <see cref="KrakenSubscriptions"/>, under its
/// lock; what arrives is <see cref="KrakenReadLoop"/>'s alone.
/// </summary>
internal sealed class KrakenConnection : ExchangeSocket
{
    private readonly KrakenSubscriptions _subscriptions;
    private readonly KrakenReadLoop _readLoop;

    private KrakenConnection(
        WebSocket socket, KrakenOptions options, TimeProvider time, ExchangeMetrics metrics, LogGate logGate, ILogger logger,
        Action<IExchangeSocket> changed)
        : base("Kraken", socket, options.MaxMessageBytes, time, metrics, logger, changed)
    {
        var badInput = new BadInputLog(logGate, logger);
        var actions = new KrakenSocketActions(Post, End, () => changed(this));
        _subscriptions = new KrakenSubscriptions(options, time, metrics, badInput, actions);
        _readLoop = new KrakenReadLoop(time, metrics, badInput, actions, _subscriptions);
    }

    /// <summary>True once the other side said that it is the simulator.</summary>
    public override bool IsSimulated => _readLoop.IsSimulated;

    protected override SocketSubscriptions Subscriptions => _subscriptions;

    /// <summary>Opens a socket and waits until it told the exchange's status.</summary>
    /// <param name="connect">Makes the WebSocket.</param>
    /// <param name="options">Limits and time-outs.</param>
    /// <param name="time">The clock of everything.</param>
    /// <param name="metrics">Counts frames and channels.</param>
    /// <param name="logGate">Keeps logs of bad input short.</param>
    /// <param name="logger">Where they go.</param>
    /// <param name="changed">Called when a channel became free or the connection ended.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ConnectFailedException">It could not be had, with the reason.</exception>
    public static Task<KrakenConnection> OpenAsync(
        Func<CancellationToken, Task<WebSocket>> connect, KrakenOptions options, TimeProvider time, ExchangeMetrics metrics,
        LogGate logGate, ILogger logger, Action<IExchangeSocket> changed, CancellationToken cancel) =>
        OpenAsync(
            connect, socket => new KrakenConnection(socket, options, time, metrics, logGate, logger, changed), options.ConnectTimeout,
            time, cancel);

    protected override Task WaitUntilReadyAsync(CancellationToken timeout, CancellationToken givenUp) =>
        _readLoop.WaitUntilReadyAsync(timeout);

    protected override void OnMessage(ReadOnlySpan<byte> message) => _readLoop.OnMessage(message);

    protected override void OnSkipped() => _readLoop.OnSkipped();

    protected override void OnEnded(ChannelEnd end) => _readLoop.End(end);
}
