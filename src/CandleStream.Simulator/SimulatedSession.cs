using System.Net.WebSockets;
using CandleStream.Simulator.Faults;

namespace CandleStream.Simulator;

/// <summary>
/// One client's socket, from the upgrade to its end, as every exchange has it: reads requests, sends frames in their order, and lets the
/// faults of a connection strike. What is asked and answered, each dialect knows. Knows nothing of Kestrel: any <see cref="WebSocket"/>
/// will do.
/// </summary>
internal abstract class SimulatedSession
{
    private const int LongestRequest = 64 * 1024;

    private const long LeapMs = 365L * 86_400_000;

    private readonly FaultBoard _faults;
    private readonly WebSocket _socket;
    private readonly SessionStream? _stream;
    private readonly SessionOutbox _outbox;

    // Guarded by Gate.
    private byte[]? _heldBack;
    private bool _hasLeapt;
    private volatile bool _isAnswering;

    protected SimulatedSession(int id, WebSocket socket, SessionStream? stream, FaultBoard faults, TimeProvider time)
    {
        (Id, _socket, _stream, _faults) = (id, socket, stream, faults);
        Opened = time.GetUtcNow();
        _outbox = new SessionOutbox(socket, time);
    }

    public int Id { get; }

    public DateTimeOffset Opened { get; }

    public int Waiting => _outbox.Waiting;

    /// <summary>True while a request is being answered, or a frame could leave without the clock moving.</summary>
    public bool IsBusy => _isAnswering || (!IsHalfOpen && _outbox.IsBusy);

    /// <summary>True once nothing leaves any more, not even answers to pings, while the connection stays open.</summary>
    public bool IsHalfOpen { get; private set; }

    /// <summary>The texts of the candles keys that it is subscribed to.</summary>
    public abstract IEnumerable<string> Keys { get; }

    /// <summary>Guards what is sent: market, timers and the read loop all send.</summary>
    protected Lock Gate { get; } = new();

    /// <summary>Lives until either side closes or <paramref name="stopping"/> is cancelled. Never throws for what a client does.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Begin();
        var writing = WriteAsync(ending);
        try
        {
            await ReadAsync(ending.Token);
            Leave();
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
            Leave();
            _outbox.Complete();
            await writing;
            await EndAsync();
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

    /// <summary>Sends a frame as it stands.</summary>
    public void Send(byte[] frame)
    {
        lock (Gate)
            Enqueue(frame);
    }

    /// <summary>What the faults do that strike a connection once.</summary>
    public abstract void Strike(Fault fault);

    /// <summary>The socket is open: the first word is the exchange's.</summary>
    protected abstract void Begin();

    /// <summary>Answers a text of the client.</summary>
    protected abstract void Answer(ReadOnlyMemory<byte> text);

    /// <summary>Gives up every subscription; called more than once.</summary>
    protected abstract void Leave();

    /// <summary>Nothing is sent or received any more.</summary>
    protected abstract ValueTask EndAsync();

    /// <summary>A message came. False: one too many, and the connection is cut.</summary>
    protected virtual bool TryTake() => true;

    /// <summary>Puts a frame of a key on its way, with the faults that strike it. Called under <see cref="Gate"/>.</summary>
    /// <param name="key">The candles key.</param>
    /// <param name="write">Writes the frame; its time is wrong by so many ms.</param>
    protected void EnqueueFaulty(string key, Func<long, byte[]> write)
    {
        if (_faults.IsEmpty)
        {
            Enqueue(write(0));
            return;
        }
        if (_faults.Strike(FaultKind.Silence, key, Id) is not null)
            return;
        // Never two in a row: the frame behind it shows the truth.
        _hasLeapt = !_hasLeapt && _faults.Strike(FaultKind.TimeLeap, key, Id) is not null;
        var frame = write(WrongBy(key));
        if (_faults.Strike(FaultKind.Drop, key, Id) is not null)
            return;
        if (_faults.Strike(FaultKind.Malformed, key, Id) is not null)
            frame = [.. "[[,"u8, .. frame];
        if (_faults.Strike(FaultKind.Truncated, key, Id) is not null)
            frame = frame[..(frame.Length / 2)];
        if (_faults.Strike(FaultKind.Reorder, key, Id) is not null && _heldBack is null)
        {
            _heldBack = frame;
            return;
        }
        var delay = _faults.Strike(FaultKind.Delay, key, Id) is { } slow ? TimeSpan.FromMilliseconds(slow.DelayMs) : TimeSpan.Zero;
        Enqueue(frame, delay);
        if (_faults.Strike(FaultKind.Duplicate, key, Id) is not null)
            Enqueue(frame, delay);
    }

    /// <summary>Puts a frame on its way as it stands. Called under <see cref="Gate"/>.</summary>
    protected void Enqueue(ReadOnlyMemory<byte> frame, TimeSpan delay = default)
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

    private long WrongBy(string key)
    {
        if (_hasLeapt)
            return LeapMs;
        if (_faults.Strike(FaultKind.TimeAhead, key, Id) is { } ahead)
            return ahead.DelayMs;
        return _faults.Strike(FaultKind.TimeBehind, key, Id) is { } behind ? -behind.DelayMs : 0;
    }

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
            if (!TryTake())
            {
                Cut();
                return;
            }
            if (part.MessageType == WebSocketMessageType.Text && !IsHalfOpen)
                Answer(buffer.AsMemory(0, length));
            _isAnswering = false;
        }
    }
}
