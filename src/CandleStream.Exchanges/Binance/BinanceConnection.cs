using System.Net.WebSockets;
using CandleStream.Providers;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges.Binance;

/// <summary>
/// One socket, one life, no retries: opened, then read until it ends, with the reason. The pool and subscribers meet in
/// <see cref="BinanceSubscriptions"/>, under its lock; what arrives is <see cref="BinanceReadLoop"/>'s alone. The exchange sends no history
/// on a subscription: it is fetched here, once the subscription was acknowledged.
/// </summary>
internal sealed partial class BinanceConnection : IExchangeSocket
{
    private readonly WebSocket _socket;
    private readonly ExchangeMetrics _metrics;
    private readonly ILogger _logger;
    private readonly Action<IExchangeSocket> _changed;
    private readonly Func<SeriesKey, CancellationToken, Task<BinanceHistory>> _fetch;
    private readonly MessageReader _reader;
    private readonly Outbox _outbox;
    private readonly BinanceSubscriptions _subscriptions;
    private readonly BinanceReadLoop _readLoop;
    private readonly CancellationTokenSource _ending = new();
    private readonly TimeProvider _time;
    private Task _work = Task.CompletedTask;

    private BinanceConnection(
        WebSocket socket, BinanceOptions options, TimeSpan lifetime, TimeProvider time, ExchangeMetrics metrics, LogGate logGate,
        ILogger logger, Func<SeriesKey, CancellationToken, Task<BinanceHistory>> fetch, Action<IExchangeSocket> changed)
    {
        (_socket, _time, _metrics, _logger, _fetch, _changed) = (socket, time, metrics, logger, fetch, changed);
        _reader = new MessageReader(socket, options.MaxMessageBytes);
        _outbox = new Outbox(socket);
        var badInput = new BadInputLog(logGate, logger);
        var actions = new BinanceSocketActions(Post, End, () => changed(this), channel => _ = FetchHistoryAsync(channel));
        _subscriptions = new BinanceSubscriptions(options, lifetime, time, metrics, badInput, actions);
        _readLoop = new BinanceReadLoop(time, metrics, badInput, actions, _subscriptions);
        OpenedAt = _subscriptions.LastFrameAt;
    }

    /// <summary>The exchange's sockets do not say who they are; its list of symbols does.</summary>
    public bool IsSimulated => false;

    public int Slot { get; set; }

    public long OpenedAt { get; }

    public long LastFrameAt => _subscriptions.LastFrameAt;

    public int ChannelCount => _subscriptions.Count;

    public bool HasEnded => _subscriptions.EndReason is not null;

    public bool HasFailed => _subscriptions.EndReason is { Kind: not ChannelEndKind.Released };

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
    public static async Task<BinanceConnection> OpenAsync(
        Func<CancellationToken, Task<WebSocket>> connect, BinanceOptions options, TimeSpan lifetime, TimeProvider time,
        ExchangeMetrics metrics, LogGate logGate, ILogger logger, Func<SeriesKey, CancellationToken, Task<BinanceHistory>> fetch,
        Action<IExchangeSocket> changed, CancellationToken cancel)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
        try
        {
            var socket = await connect(either.Token);
            var connection = new BinanceConnection(socket, options, lifetime, time, metrics, logGate, logger, fetch, changed);
            connection._work = connection.RunAsync();
            return connection;
        }
        catch (Exception e) when (!cancel.IsCancellationRequested && ConnectFailedException.IsConnectionTrouble(e))
        {
            throw timeout.IsCancellationRequested
                ? new ConnectFailedException("the exchange did not answer in time")
                : ConnectFailedException.From(e);
        }
    }

    public IExchangeChannel? TrySubscribe(IChannelListener listener) => _subscriptions.TrySubscribe(listener);

    public bool TryRetire() => _subscriptions.TryRetire();

    /// <summary>Says goodbye and ends; channels that are left end too.</summary>
    public async ValueTask DisposeAsync()
    {
        _subscriptions.BeginClosing();
        try
        {
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(2), _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token, timeout.Token);
            if (_socket.State == WebSocketState.Open)
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, either.Token);
        }
        catch (Exception e) when (ConnectFailedException.IsConnectionTrouble(e))
        {
            // It ends all the same.
        }

        End(new ChannelEnd(ChannelEndKind.Released, "closed"));
        await _work;
    }

    private async Task RunAsync()
    {
        var sending = SendAsync();
        await ReadAsync();
        await sending;
        await _subscriptions.DisposeAsync();
        _socket.Dispose();
        _ending.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                var kind = await _reader.ReadAsync(_ending.Token);
                if (kind == MessageKind.Closed)
                {
                    End(new ChannelEnd(ChannelEndKind.SocketEnded, "the exchange closed the socket"));
                    return;
                }

                if (kind == MessageKind.Skipped) _readLoop.OnSkipped();
                else _readLoop.OnMessage(_reader.Message);
            }
        }
        catch (Exception e) when (ConnectFailedException.IsConnectionTrouble(e))
        {
            End(new ChannelEnd(ChannelEndKind.SocketEnded, "the connection was lost"));
        }
        catch (Exception e)
        {
            // A bug must cost one socket, not the process.
            LogReadFailed(e);
            End(new ChannelEnd(ChannelEndKind.SocketEnded, "an internal error"));
        }
    }

    private async Task SendAsync()
    {
        try
        {
            await _outbox.SendAsync(_ending.Token);
        }
        catch (Exception e) when (ConnectFailedException.IsConnectionTrouble(e) || e is InvalidOperationException)
        {
            // A socket that is let go while something is being sent calls itself not connected: an InvalidOperationException.
            End(new ChannelEnd(ChannelEndKind.SocketEnded, "the connection was lost"));
        }
    }

    // After the acknowledgement: what the exchange pushes from then on follows what REST tells now. Where REST shuts us out, the series is
    // followed all the same; what is not known of it is a gap.
    private async Task FetchHistoryAsync(BinanceChannel channel)
    {
        var history = BinanceHistory.None;
        try
        {
            history = await _fetch(channel.Listener.Series, _ending.Token);
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

    private void Post(byte[] message)
    {
        if (!_outbox.TryPost(message)) End(new ChannelEnd(ChannelEndKind.SocketEnded, "the exchange takes no messages"));
    }

    private void End(ChannelEnd end)
    {
        if (!_subscriptions.TryEnd(ref end, out var channels)) return;
        if (end.Kind != ChannelEndKind.Released) LogEnded(end.Reason, channels.Length);
        _metrics.SocketEnded(end.Kind);
        _ = _ending.CancelAsync();
        _socket.Abort();
        foreach (var channel in channels) channel.End(end);
        _changed(this);
    }

    [LoggerMessage(LogLevel.Warning, "Socket to Binance ended with {Channels} channels: {Reason}")]
    private partial void LogEnded(string reason, int channels);

    [LoggerMessage(LogLevel.Error, "Reading from Binance failed because of a bug")]
    private partial void LogReadFailed(Exception error);

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
