using System.Net.WebSockets;
using CandleStream.Providers;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges.Binance;

/// <summary>
/// A socket to Binance. The pool and subscribers meet in <see cref="BinanceSubscriptions"/>, under its lock; what arrives is
/// <see cref="BinanceReadLoop"/>'s alone. The exchange sends no history on a subscription: it is fetched here, once the subscription was
/// acknowledged.
/// </summary>
internal sealed partial class BinanceConnection : ExchangeSocket
{
    private readonly ExchangeMetrics _metrics;
    private readonly ILogger _logger;
    private readonly Func<SeriesKey, CancellationToken, Task<BinanceHistory>> _fetch;
    private readonly BinanceSubscriptions _subscriptions;
    private readonly BinanceReadLoop _readLoop;

    private BinanceConnection(
        WebSocket socket, BinanceOptions options, TimeSpan lifetime, TimeProvider time, ExchangeMetrics metrics, LogGate logGate,
        ILogger logger, Func<SeriesKey, CancellationToken, Task<BinanceHistory>> fetch, Action<IExchangeSocket> changed)
        : base("Binance", socket, options.MaxMessageBytes, time, metrics, logger, changed)
    {
        (_metrics, _logger, _fetch) = (metrics, logger, fetch);
        var badInput = new BadInputLog(logGate, logger);
        var actions = new BinanceSocketActions(Post, End, () => changed(this), channel => _ = FetchHistoryAsync(channel));
        _subscriptions = new BinanceSubscriptions(options, lifetime, time, metrics, badInput, actions);
        _readLoop = new BinanceReadLoop(time, metrics, badInput, actions, _subscriptions);
    }

    /// <summary>The exchange's sockets do not say who they are; its list of symbols does.</summary>
    public override bool IsSimulated => false;

    protected override SocketSubscriptions Subscriptions => _subscriptions;

    /// <summary>Opens a socket. The exchange does not greet: an open socket is ready.</summary>
    /// <param name="connect">Makes the WebSocket.</param>
    /// <param name="options">Limits and time-outs.</param>
    /// <param name="lifetime">How long it is used.</param>
    /// <param name="time">The clock of everything.</param>
    /// <param name="metrics">Counts frames and channels.</param>
    /// <param name="logGate">Keeps logs of bad input short.</param>
    /// <param name="logger">Where they go.</param>
    /// <param name="fetch">Fetches the history that a channel begins with.</param>
    /// <param name="changed">Called when a channel became free or the connection ended.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ConnectFailedException">It could not be had, with the reason.</exception>
    public static Task<BinanceConnection> OpenAsync(
        Func<CancellationToken, Task<WebSocket>> connect, BinanceOptions options, TimeSpan lifetime, TimeProvider time,
        ExchangeMetrics metrics, LogGate logGate, ILogger logger, Func<SeriesKey, CancellationToken, Task<BinanceHistory>> fetch,
        Action<IExchangeSocket> changed, CancellationToken cancel) =>
        OpenAsync(
            connect, socket => new BinanceConnection(socket, options, lifetime, time, metrics, logGate, logger, fetch, changed),
            options.ConnectTimeout, time, cancel);

    protected override void OnMessage(ReadOnlySpan<byte> message) => _readLoop.OnMessage(message);

    protected override void OnSkipped() => _readLoop.OnSkipped();

    // After the acknowledgement: what the exchange pushes from then on follows what REST tells now. Where REST shuts us out, the series is
    // followed all the same; what is not known of it is a gap.
    private async Task FetchHistoryAsync(BinanceChannel channel)
    {
        var history = BinanceHistory.None;
        try
        {
            history = await _fetch(channel.Listener.Series, Ending);
        }
        catch (CandleProviderException e) when (e.IsRefusal)
        {
            _subscriptions.Finish(channel, new ChannelEnd(ChannelEndKind.Refused, $"the exchange refused the series ({e.Message})"));
            return;
        }
        catch (CandleProviderException e)
        {
            LogNoHistory(channel.Listener.Series, e.Message);
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The socket ended meanwhile.
            return;
        }
        catch (Exception e)
        {
            // The gap stays named and is repaired.
            LogFetchFailed(channel.Listener.Series, e);
        }

        if (history.AsOf is { } asOf) _readLoop.SuggestTime(asOf);
        _subscriptions.OnLive(channel);
        for (var losses = channel.GoLive(history.Candles, history.AsOf, history.Running); losses > 0; losses--) _metrics.SequenceGap();
    }

    [LoggerMessage(LogLevel.Warning, "{Series} is followed without history, which stays a gap until REST answers: {Reason}")]
    private partial void LogNoHistory(SeriesKey series, string reason);

    [LoggerMessage(LogLevel.Error, "{Series}: fetching its history failed because of a bug")]
    private partial void LogFetchFailed(SeriesKey series, Exception error);
}

/// <summary>What a channel begins with.</summary>
/// <param name="Candles">The newest candles, oldest first.</param>
/// <param name="AsOf">Of when the answer is (exchange time); null where there was none.</param>
/// <param name="Running">The open time of the last interval that it tells, an empty one included; null where it tells none.</param>
internal sealed record BinanceHistory(IReadOnlyList<Candle> Candles, long? AsOf, long? Running)
{
    public static BinanceHistory None { get; } = new([], null, null);
}
