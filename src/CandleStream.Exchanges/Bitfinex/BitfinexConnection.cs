using System.Net.WebSockets;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges.Bitfinex;

/// <summary>
/// One socket, one life, no retries: opened, greeted, configured, then read until it ends, with the reason. It has two owners, each with
/// its own part: the pool and subscribers meet in <see cref="BitfinexSubscriptions"/>, under its lock; what arrives is
/// <see cref="BitfinexReadLoop"/>'s alone.
/// </summary>
internal sealed partial class BitfinexConnection : IExchangeSocket
{
    private readonly WebSocket _socket;
    private readonly ExchangeMetrics _metrics;
    private readonly ILogger _logger;
    private readonly Action<IExchangeSocket> _changed;
    private readonly MessageReader _reader;
    private readonly Outbox _outbox;
    private readonly BitfinexSubscriptions _subscriptions;
    private readonly BitfinexReadLoop _readLoop;
    private readonly CancellationTokenSource _ending = new();
    private readonly TimeProvider _time;
    private Task _work = Task.CompletedTask;

    private BitfinexConnection(
        WebSocket socket, BitfinexOptions options, TimeProvider time, ExchangeMetrics metrics, LogGate logGate, ILogger logger,
        Action<IExchangeSocket> changed)
    {
        (_socket, _time, _metrics, _logger, _changed) = (socket, time, metrics, logger, changed);
        _reader = new MessageReader(socket, options.MaxMessageBytes);
        _outbox = new Outbox(socket);
        var badInput = new BadInputLog(logGate, logger);
        var actions = new BitfinexSocketActions(Post, End, () => changed(this));
        _subscriptions = new BitfinexSubscriptions(options, time, metrics, badInput, actions);
        _readLoop = new BitfinexReadLoop(time, metrics, badInput, logger, actions, _subscriptions);
        OpenedAt = _subscriptions.LastFrameAt;
    }

    /// <summary>True once the other side greeted us as the simulator.</summary>
    public bool IsSimulated => _readLoop.IsSimulated;

    /// <summary>
    /// Its number among the open sockets, from 1, used again when it is free; 0 before it is counted among them. Set by the pool.
    /// </summary>
    public int Slot { get; set; }

    /// <summary>When it was opened (timestamp).</summary>
    public long OpenedAt { get; }

    /// <summary>Since when nothing was received on it, in timestamps.</summary>
    public long LastFrameAt => _subscriptions.LastFrameAt;

    public int ChannelCount => _subscriptions.Count;

    public bool HasEnded => _subscriptions.EndReason is not null;

    /// <summary>True when it ended, and not because we closed it.</summary>
    public bool HasFailed => _subscriptions.EndReason is { Kind: not ChannelEndKind.Released };

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
    public static async Task<BitfinexConnection> OpenAsync(
        Func<CancellationToken, Task<WebSocket>> connect, BitfinexOptions options, TimeProvider time, ExchangeMetrics metrics,
        LogGate logGate, ILogger logger, Action<IExchangeSocket> changed, CancellationToken cancel)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
        BitfinexConnection? connection = null;
        try
        {
            connection = new BitfinexConnection(await connect(either.Token), options, time, metrics, logGate, logger, changed);
            connection._work = connection.RunAsync();
            await connection._readLoop.WaitUntilReadyAsync(either.Token, cancel);
            return connection;
        }
        catch (Exception e) when (!cancel.IsCancellationRequested && ConnectFailedException.IsConnectionTrouble(e))
        {
            var ended = connection?._subscriptions.EndReason;
            connection?.End(new ChannelEnd(ChannelEndKind.ConnectFailed, "not ready in time"));
            throw ended is not null ? new ConnectFailedException(ended.Reason, ended.Kind)
                : timeout.IsCancellationRequested ? new ConnectFailedException("the exchange did not answer in time")
                : ConnectFailedException.From(e);
        }
        catch
        {
            connection?.End(new ChannelEnd(ChannelEndKind.Released, "given up"));
            throw;
        }
    }

    /// <summary>Subscribes a series; null when there is no room for it here.</summary>
    public IExchangeChannel? TrySubscribe(IChannelListener listener) => _subscriptions.TrySubscribe(listener);

    /// <summary>Marks the connection as closing if it has no channel; then none is added any more.</summary>
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
                    End(new ChannelEnd(ChannelEndKind.SocketEnded, $"the exchange closed the socket{Describe(_socket)}"));
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

    private void Post(byte[] message)
    {
        if (!_outbox.TryPost(message)) End(new ChannelEnd(ChannelEndKind.SocketEnded, "the exchange takes no messages"));
    }

    private void End(ChannelEnd end)
    {
        if (!_subscriptions.TryEnd(ref end, out var channels)) return;
        if (end.Kind != ChannelEndKind.Released) LogEnded(end.Reason, channels.Length);
        _metrics.SocketEnded(end.Kind);
        _readLoop.End(end);
        _ = _ending.CancelAsync();
        _socket.Abort();
        foreach (var channel in channels) channel.End(end);
        _changed(this);
    }

    private static string Describe(WebSocket socket) =>
        socket.CloseStatus is { } status
            ? $" ({(int)status}{(string.IsNullOrEmpty(socket.CloseStatusDescription) ? "" : " " + socket.CloseStatusDescription)})"
            : "";

    [LoggerMessage(LogLevel.Warning, "Socket to the exchange ended with {Channels} channels: {Reason}")]
    private partial void LogEnded(string reason, int channels);

    [LoggerMessage(LogLevel.Error, "Reading from the exchange failed because of a bug")]
    private partial void LogReadFailed(Exception error);
}

/// <summary>What both owners of a socket do with it.</summary>
/// <param name="Post">Sends a message, in its turn.</param>
/// <param name="End">Ends the socket, with the reason.</param>
/// <param name="Changed">Tells the pool that a channel became free.</param>
internal sealed record BitfinexSocketActions(Action<byte[]> Post, Action<ChannelEnd> End, Action Changed);
