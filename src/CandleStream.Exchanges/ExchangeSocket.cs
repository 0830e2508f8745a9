using System.Net.WebSockets;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges;

/// <summary>
/// One socket to any exchange, one life, no retries: opened, then read until it ends, with the reason. What is said on it, each dialect
/// knows: its read loop takes what arrives, and its subscriptions meet the pool and subscribers.
/// </summary>
internal abstract partial class ExchangeSocket : IExchangeSocket
{
    private static readonly TimeSpan GoodbyeLimit = TimeSpan.FromSeconds(2);

    private readonly string _exchange;
    private readonly WebSocket _socket;
    private readonly TimeProvider _time;
    private readonly ExchangeMetrics _metrics;
    private readonly ILogger _logger;
    private readonly Action<IExchangeSocket> _changed;
    private readonly MessageReader _reader;
    private readonly Outbox _outbox;
    private readonly CancellationTokenSource _ending = new();
    private Task _work = Task.CompletedTask;

    /// <param name="exchange">Its name, for the log.</param>
    /// <param name="socket">The open WebSocket.</param>
    /// <param name="maxMessageBytes">The longest message read.</param>
    /// <param name="time">The clock of everything.</param>
    /// <param name="metrics">Counts sockets that end.</param>
    /// <param name="logger">Where it is told that it ended.</param>
    /// <param name="changed">Called when the socket ended.</param>
    protected ExchangeSocket(
        string exchange, WebSocket socket, int maxMessageBytes, TimeProvider time, ExchangeMetrics metrics, ILogger logger,
        Action<IExchangeSocket> changed)
    {
        (_exchange, _socket, _time, _metrics, _logger, _changed) = (exchange, socket, time, metrics, logger, changed);
        _reader = new MessageReader(socket, maxMessageBytes);
        _outbox = new Outbox(socket);
        OpenedAt = time.GetTimestamp();
    }

    public abstract bool IsSimulated { get; }

    public int Slot { get; set; }

    public long OpenedAt { get; }

    public long LastFrameAt => Subscriptions.LastFrameAt;

    public int ChannelCount => Subscriptions.Count;

    public bool HasEnded => Subscriptions.EndReason is not null;

    public bool HasFailed => Subscriptions.EndReason is { Kind: not ChannelEndKind.Released };

    /// <summary>Its channels.</summary>
    protected abstract SocketSubscriptions Subscriptions { get; }

    /// <summary>Cancelled when the socket ends.</summary>
    protected CancellationToken Ending => _ending.Token;

    public IExchangeChannel? TrySubscribe(IChannelListener listener) => Subscriptions.TrySubscribe(listener);

    public bool TryRetire() => Subscriptions.TryRetire();

    /// <summary>Says goodbye and ends; channels that are left end too.</summary>
    public async ValueTask DisposeAsync()
    {
        Subscriptions.BeginClosing();
        try
        {
            using var timeout = new CancellationTokenSource(GoodbyeLimit, _time);
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

    /// <summary>Opens a socket and waits until the exchange is ready to be asked.</summary>
    /// <param name="connect">Makes the WebSocket.</param>
    /// <param name="create">Makes the dialect's socket of it.</param>
    /// <param name="limit">How long all of it may take.</param>
    /// <param name="time">The clock of the limit.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="ConnectFailedException">It could not be had, with the reason.</exception>
    protected static async Task<T> OpenAsync<T>(
        Func<CancellationToken, Task<WebSocket>> connect, Func<WebSocket, T> create, TimeSpan limit, TimeProvider time,
        CancellationToken cancel)
        where T : ExchangeSocket
    {
        using var timeout = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, timeout.Token);
        T? opened = null;
        try
        {
            opened = create(await connect(either.Token));
            opened._work = opened.RunAsync();
            await opened.WaitUntilReadyAsync(either.Token, cancel);
            return opened;
        }
        catch (Exception e) when (!cancel.IsCancellationRequested && ConnectFailedException.IsConnectionTrouble(e))
        {
            var ended = opened?.Subscriptions.EndReason;
            opened?.End(new ChannelEnd(ChannelEndKind.ConnectFailed, "not ready in time"));
            throw ended is not null ? new ConnectFailedException(ended.Reason, ended.Kind)
                : timeout.IsCancellationRequested ? new ConnectFailedException("the exchange did not answer in time")
                : ConnectFailedException.From(e);
        }
        catch
        {
            opened?.End(new ChannelEnd(ChannelEndKind.Released, "given up"));
            throw;
        }
    }

    /// <summary>One message arrived; it is valid during the call.</summary>
    protected abstract void OnMessage(ReadOnlySpan<byte> message);

    /// <summary>A message arrived that is too long, or no text.</summary>
    protected abstract void OnSkipped();

    /// <summary>Waits until the exchange may be asked; at once where it does not greet.</summary>
    /// <param name="timeout">Ends the wait.</param>
    /// <param name="givenUp">Gives the socket up.</param>
    protected virtual Task WaitUntilReadyAsync(CancellationToken timeout, CancellationToken givenUp) => Task.CompletedTask;

    /// <summary>The socket ended, before its channels are told.</summary>
    protected virtual void OnEnded(ChannelEnd end)
    {
    }

    /// <summary>Sends a message, in its turn.</summary>
    protected void Post(byte[] message)
    {
        if (!_outbox.TryPost(message)) End(new ChannelEnd(ChannelEndKind.SocketEnded, "the exchange takes no messages"));
    }

    /// <summary>Ends the socket, with the reason; the first one counts.</summary>
    protected void End(ChannelEnd end)
    {
        if (!Subscriptions.TryEnd(ref end, out var channels)) return;
        if (end.Kind != ChannelEndKind.Released) LogEnded(_exchange, end.Reason, channels.Count);
        _metrics.SocketEnded(end.Kind);
        OnEnded(end);
        _ = _ending.CancelAsync();
        _socket.Abort();
        foreach (var channel in channels) channel.End(end);
        _changed(this);
    }

    private async Task RunAsync()
    {
        var sending = SendAsync();
        await ReadAsync();
        await sending;
        await Subscriptions.DisposeAsync();
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

                if (kind == MessageKind.Skipped) OnSkipped();
                else OnMessage(_reader.Message);
            }
        }
        catch (Exception e) when (ConnectFailedException.IsConnectionTrouble(e))
        {
            End(new ChannelEnd(ChannelEndKind.SocketEnded, "the connection was lost"));
        }
        catch (Exception e)
        {
            // A bug must cost one socket, not the process.
            LogReadFailed(_exchange, e);
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

    private static string Describe(WebSocket socket) =>
        socket.CloseStatus is { } status
            ? $" ({(int)status}{(string.IsNullOrEmpty(socket.CloseStatusDescription) ? "" : " " + socket.CloseStatusDescription)})"
            : "";

    [LoggerMessage(LogLevel.Warning, "Socket to {Exchange} ended with {Channels} channels: {Reason}")]
    private partial void LogEnded(string exchange, string reason, int channels);

    [LoggerMessage(LogLevel.Error, "Reading from {Exchange} failed because of a bug")]
    private partial void LogReadFailed(string exchange, Exception error);
}
