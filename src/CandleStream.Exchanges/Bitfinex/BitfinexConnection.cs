using System.Net.WebSockets;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges.Bitfinex;

/// <summary>
/// One socket, one life, no retries: opened, greeted, configured, then read until it ends, with the reason. It holds up to
/// <see cref="BitfinexOptions.ChannelsPerSocket"/> channels and tells each one's listener what arrives.
/// </summary>
internal sealed partial class BitfinexConnection : IExchangeSocket
{
    private const ConfFlags WantedFlags = ConfFlags.Timestamp | ConfFlags.SequenceAll;

    private readonly WebSocket _socket;
    private readonly BitfinexOptions _options;
    private readonly TimeProvider _time;
    private readonly ExchangeMetrics _metrics;
    private readonly LogGate _logGate;
    private readonly ILogger _logger;
    private readonly Action<IExchangeSocket> _changed;
    private readonly MessageReader _reader;
    private readonly Outbox _outbox;
    private readonly ITimer _watch;
    private readonly CancellationTokenSource _ending = new();
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _work = Task.CompletedTask;

    // Guarded by _gate: the read loop, the timer and subscribers meet here. Listeners and the pool are never called under it.
    private readonly Lock _gate = new();
    private readonly ChannelTable _channels = new();
    private ChannelEnd? _end;

    private BitfinexConnection(
        WebSocket socket, BitfinexOptions options, TimeProvider time, ExchangeMetrics metrics, LogGate logGate, ILogger logger, Action<IExchangeSocket> changed)
    {
        _socket = socket;
        _options = options;
        _time = time;
        _metrics = metrics;
        _logGate = logGate;
        _logger = logger;
        _changed = changed;
        _reader = new MessageReader(socket, options.MaxMessageBytes);
        _outbox = new Outbox(socket);
        _malformed = new SlidingWindow(MalformedPerMinute, TimeSpan.FromMinutes(1), time);
        _gaps = new SlidingWindow(SequenceGapsPerMinute, TimeSpan.FromMinutes(1), time);
        _clock = new ExchangeClock(time);
        OpenedAt = _lastFrameAt = time.GetTimestamp();
        _watch = time.CreateTimer(_ => CheckDeadlines(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>True once the other side greeted us as the simulator.</summary>
    public bool IsSimulated { get; private set; }

    /// <summary>Its number among the open sockets, from 1, used again when it is free; 0 before it is counted among them. Set by the pool.</summary>
    public int Slot { get; set; }

    /// <summary>When it was opened (timestamp).</summary>
    public long OpenedAt { get; }

    /// <summary>Since when nothing was received on it, in timestamps.</summary>
    public long LastFrameAt => Volatile.Read(ref _lastFrameAt);

    public bool HasEnded
    {
        get
        {
            lock (_gate) return _end is not null;
        }
    }

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
            await connection.WaitUntilReadyAsync(either.Token, cancel);
            return connection;
        }
        catch (Exception e) when (!cancel.IsCancellationRequested && IsConnectionTrouble(e))
        {
            var ended = connection?.EndReason;
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

    // An exchange that greets and never answers about the flags is used without them.
    private async Task WaitUntilReadyAsync(CancellationToken timeout, CancellationToken givenUp)
    {
        try
        {
            await _ready.Task.WaitAsync(timeout);
        }
        catch (OperationCanceledException) when (_isGreeted && !givenUp.IsCancellationRequested)
        {
            LogNotConfigured("no answer");
            _ready.TrySetResult();
        }
    }

    /// <summary>Says goodbye and ends; channels that are left end too.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate) _isClosing = true;
        try
        {
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(2), _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token, timeout.Token);
            if (_socket.State == WebSocketState.Open) await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, either.Token);
        }
        catch (Exception e) when (IsConnectionTrouble(e))
        {
            // It ends all the same.
        }

        End(new ChannelEnd(ChannelEndKind.Released, "closed"));
        await _work;
    }

    /// <summary>True when it ended, and not because we closed it.</summary>
    public bool HasFailed => EndReason is { Kind: not ChannelEndKind.Released };

    private ChannelEnd? EndReason
    {
        get
        {
            lock (_gate) return _end;
        }
    }

    /// <summary>What a socket throws when the connection is gone. A cancellation that is not ours means the same: it is how a failed keep-alive shows.</summary>
    internal static bool IsConnectionTrouble(Exception e) =>
        e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException
            or System.Net.Http.HttpRequestException or System.Net.Sockets.SocketException or ConnectFailedException or UpgradeRefusedException;

    private async Task RunAsync()
    {
        var sending = SendAsync();
        await ReadAsync();
        await sending;
        await _watch.DisposeAsync();
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
        catch (Exception e) when (IsConnectionTrouble(e))
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
        catch (Exception e) when (IsConnectionTrouble(e) || e is InvalidOperationException)
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
        BitfinexChannel[] channels;
        lock (_gate)
        {
            if (_end is not null) return;

            // What ends while we close it ends by our own doing, even where the other side was first.
            if (_isClosing && end.Kind != ChannelEndKind.Released) end = new ChannelEnd(ChannelEndKind.Released, "closed");
            _end = end;
            channels = _channels.TakeAll();
        }

        if (end.Kind != ChannelEndKind.Released) LogEnded(end.Reason, channels.Length);
        _metrics.SocketEnded(end.Kind);
        _ready.TrySetException(new ConnectFailedException(end.Reason, end.Kind));
        _ = _ready.Task.Exception;
        _watch.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _ = _ending.CancelAsync();
        _socket.Abort();
        _metrics.Channels(-channels.Length);
        foreach (var channel in channels) channel.End(end);
        _changed(this);
    }

    private static string Describe(WebSocket socket) =>
        socket.CloseStatus is { } status ? $" ({(int)status}{(string.IsNullOrEmpty(socket.CloseStatusDescription) ? "" : " " + socket.CloseStatusDescription)})" : "";

    [LoggerMessage(LogLevel.Warning, "Socket to the exchange ended with {Channels} channels: {Reason}")]
    private partial void LogEnded(string reason, int channels);

    [LoggerMessage(LogLevel.Warning, "Exchange sent {Kind}: {Text}")]
    private partial void LogBadInput(string kind, string text);

    [LoggerMessage(LogLevel.Information, "Exchange says {Code}: {Text}")]
    private partial void LogNotice(int code, string? text);

    [LoggerMessage(LogLevel.Warning, "Exchange refused the time and sequence flags: {Text}; lost frames cannot be detected, and a candle closes only when a later one appears")]
    private partial void LogNotConfigured(string? text);

    [LoggerMessage(LogLevel.Error, "Reading from the exchange failed because of a bug")]
    private partial void LogReadFailed(Exception error);
}
