using System.Net.WebSockets;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator;

/// <summary>
/// One client's socket, from greeting to close: reads its requests (<see cref="SessionCommands"/> answers them), numbers and stamps
/// what is sent to it. Knows nothing of Kestrel: any <see cref="WebSocket"/> will do.
/// </summary>
internal sealed class SimulatorSession
{
    private const int LongestRequest = 64 * 1024;

    private const long LeapMs = 365L * 86_400_000;

    private readonly SimulatorExchange _exchange;
    private readonly WebSocket _socket;
    private readonly SessionStream? _stream;
    private readonly SessionOutbox _outbox;
    private readonly SessionCommands _commands;
    private readonly ITimer _idle;

    // Guards everything below: market, heartbeat timers and the read loop all send.
    private readonly Lock _gate = new();
    private readonly Dictionary<int, SessionChannel> _channels = [];
    private byte[]? _heldBack;
    private volatile bool _isAnswering;
    private long _sequence;
    private long _lastStamp;
    private bool _hasLeapt;
    private DateTimeOffset _lastActivity;

    public SimulatorSession(SimulatorExchange exchange, int id, WebSocket socket, SessionStream? stream)
    {
        _exchange = exchange;
        _socket = socket;
        _stream = stream;
        Id = id;
        Opened = exchange.Time.GetUtcNow();
        _lastActivity = Opened;
        _outbox = new SessionOutbox(socket, exchange.Time);
        _commands = new SessionCommands(exchange, this);
        var cut = exchange.Options.IdleCut;
        _idle = exchange.Time.CreateTimer(_ => CutIfIdle(), null, cut, cut);
    }

    public int Id { get; }

    public DateTimeOffset Opened { get; }

    public ConfFlags Flags { get; private set; }

    /// <summary>Number of the last array frame, where the client asked for numbers.</summary>
    public long Sequence => Volatile.Read(ref _sequence);

    public int Waiting => _outbox.Waiting;

    /// <summary>True while a request is being answered, or a frame could leave without the clock moving.</summary>
    public bool IsBusy => _isAnswering || (!IsHalfOpen && _outbox.IsBusy);

    public bool IsHalfOpen { get; private set; }

    public IReadOnlyList<SessionChannel> Channels
    {
        get
        {
            lock (_gate)
                return [.. _channels.Values];
        }
    }

    /// <summary>Lives until either side closes or <paramref name="stopping"/> is cancelled. Never throws for what a client does.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        SendObject(ControlFrames.Greeting(_exchange.Options, _exchange.IsOperative));
        var writing = WriteAsync(ending);
        try
        {
            await ReadAsync(ending.Token);
            CloseChannels();
            _outbox.Complete();
            await writing;
            if (_socket.State == WebSocketState.CloseReceived)
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, stopping);
        }
        catch (Exception reason) when (reason is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client is gone, or the socket was cut on purpose: both are everyday here.
        }
        finally
        {
            await ending.CancelAsync();
            CloseChannels();
            _outbox.Complete();
            await writing;
            await _idle.DisposeAsync();
            _socket.Abort();
        }
    }

    /// <summary>Ends the connection without a close frame: the other side sees 1006.</summary>
    public void Cut()
    {
        _stream?.Cut();
        _socket.Abort();
    }

    /// <summary>From now on nothing leaves, not even answers to pings, while the connection stays open.</summary>
    public void BecomeHalfOpen()
    {
        IsHalfOpen = true;
        _stream?.Mute();
    }

    /// <summary>Replaces the flags once their acknowledgement is on its way: it applies to the frames behind it.</summary>
    public void SetFlags(ConfFlags flags, byte[] acknowledgement)
    {
        lock (_gate)
        {
            Enqueue(acknowledgement);
            Flags = flags;
        }
    }

    /// <summary>Opens a channel: acknowledgement, then snapshot, with nothing in between.</summary>
    public void Open(SessionChannel channel, byte[] acknowledgement, ReadOnlySpan<byte> snapshot, long marketTime)
    {
        lock (_gate)
        {
            _channels[channel.Id] = channel;
            Enqueue(acknowledgement);
            if (!snapshot.IsEmpty)
                EnqueueNumbered(channel, snapshot, marketTime);
        }
        channel.StartHeartbeat(_exchange.Time, _exchange.Options.Heartbeat);
    }

    public SessionChannel? Close(int channelId, bool asked)
    {
        SessionChannel? channel;
        lock (_gate)
        {
            _channels.Remove(channelId, out channel);
            _lastActivity = _exchange.Time.GetUtcNow();
        }
        if (channel is not null)
            _exchange.Unsubscribe(channel, asked);
        return channel;
    }

    public SessionChannel? Find(Func<SessionChannel, bool> condition)
    {
        lock (_gate)
            return _channels.Values.FirstOrDefault(condition);
    }

    public void SendObject(byte[] frame)
    {
        lock (_gate)
            Enqueue(frame);
    }

    /// <summary>Sends <c>[chanId,payload,…]</c> with number and time as the client's flags ask.</summary>
    public void SendPayload(SessionChannel channel, ReadOnlySpan<byte> payload, long marketTime)
    {
        lock (_gate)
            EnqueueNumbered(channel, payload, marketTime);
    }

    public void SendHeartbeat(SessionChannel channel)
    {
        lock (_gate)
        {
            if (_channels.ContainsKey(channel.Id))
                EnqueueNumbered(channel, "\"hb\""u8, _exchange.Market.Now);
        }
    }

    private void EnqueueNumbered(SessionChannel channel, ReadOnlySpan<byte> payload, long marketTime)
    {
        var faults = _exchange.Faults;
        // A market that catches up tells older times than the last heartbeat; stamps never step back.
        _lastStamp = Math.Max(_lastStamp, marketTime);
        if (faults.IsEmpty)
        {
            Enqueue(ArrayFrame.Write(channel.Id, payload, Flags, NextNumber(), _lastStamp));
            return;
        }
        var key = channel.Key.Text;
        if (faults.Strike(FaultKind.Silence, key, Id) is not null)
            return;
        if (faults.Strike(FaultKind.SequenceGap, key, Id) is not null)
            NextNumber();
        // Never two in a row: the frame behind it shows the truth.
        _hasLeapt = !_hasLeapt && faults.Strike(FaultKind.TimeLeap, key, Id) is not null;
        var frame = ArrayFrame.Write(channel.Id, payload, Flags, NextNumber(), _lastStamp + WrongBy(key));
        if (faults.Strike(FaultKind.Drop, key, Id) is not null)
            return;
        if (faults.Strike(FaultKind.Malformed, key, Id) is not null)
            frame = [.. "[[,"u8, .. frame];
        if (faults.Strike(FaultKind.Truncated, key, Id) is not null)
            frame = frame[..(frame.Length / 2)];
        if (faults.Strike(FaultKind.Reorder, key, Id) is not null && _heldBack is null)
        {
            _heldBack = frame;
            return;
        }
        var delay = faults.Strike(FaultKind.Delay, key, Id) is { } slow ? TimeSpan.FromMilliseconds(slow.DelayMs) : TimeSpan.Zero;
        Enqueue(frame, delay);
        if (faults.Strike(FaultKind.Duplicate, key, Id) is not null)
            Enqueue(frame, delay);
    }

    private long WrongBy(string key)
    {
        if (_hasLeapt)
            return LeapMs;
        if (_exchange.Faults.Strike(FaultKind.TimeAhead, key, Id) is { } ahead)
            return ahead.DelayMs;
        return _exchange.Faults.Strike(FaultKind.TimeBehind, key, Id) is { } behind ? -behind.DelayMs : 0;
    }

    private void Enqueue(ReadOnlyMemory<byte> frame, TimeSpan delay = default)
    {
        if (IsHalfOpen)
            return;
        _outbox.Add(frame, delay);
        if (_heldBack is { } held)
        {
            _heldBack = null;
            _outbox.Add(held, delay);
        }
    }

    private long NextNumber() => (Flags & ConfFlags.Sequence) != 0 ? ++_sequence : _sequence;

    private async Task WriteAsync(CancellationTokenSource ending)
    {
        try
        {
            await _outbox.WriteAsync(ending.Token);
        }
        catch (Exception reason) when (reason is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The read loop sees the same end; wake it where it does not.
            await ending.CancelAsync();
        }
    }

    private async Task ReadAsync(CancellationToken ending)
    {
        var buffer = new byte[LongestRequest];
        while (true)
        {
            var length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                if (length == buffer.Length)
                    return;
                part = await _socket.ReceiveAsync(buffer.AsMemory(length), ending);
                length += part.Count;
            }
            while (!part.EndOfMessage);
            if (part.MessageType == WebSocketMessageType.Close)
                return;
            _isAnswering = true;
            lock (_gate)
                _lastActivity = _exchange.Time.GetUtcNow();
            if (part.MessageType == WebSocketMessageType.Text && !IsHalfOpen)
                _commands.Answer(buffer.AsMemory(0, length));
            _isAnswering = false;
        }
    }

    private void CutIfIdle()
    {
        TimeSpan left;
        lock (_gate)
        {
            if (_channels.Count > 0)
                return;
            left = _lastActivity + _exchange.Options.IdleCut - _exchange.Time.GetUtcNow();
        }
        if (left <= TimeSpan.Zero)
            Cut();
        else
            _idle.Change(left, _exchange.Options.IdleCut);
    }

    private void CloseChannels()
    {
        foreach (var channel in Channels)
            Close(channel.Id, asked: false);
    }
}
