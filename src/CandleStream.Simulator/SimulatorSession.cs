using System.Net.WebSockets;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator;

/// <summary>
/// One client's socket at Bitfinex, from greeting to close: <see cref="SessionCommands"/> answers its requests; what is sent to it is
/// numbered and stamped here.
/// </summary>
internal sealed class SimulatorSession : SimulatedSession
{
    private readonly SimulatorExchange _exchange;
    private readonly SessionCommands _commands;
    private readonly ITimer _idle;

    // Guarded by Gate.
    private readonly Dictionary<int, SessionChannel> _channels = [];
    private long _sequence;
    private long _lastStamp;
    private DateTimeOffset _lastActivity;

    public SimulatorSession(SimulatorExchange exchange, int id, WebSocket socket, SessionStream? stream)
        : base(id, socket, stream, exchange.Faults, exchange.Time)
    {
        _exchange = exchange;
        _lastActivity = Opened;
        _commands = new SessionCommands(exchange, this);
        var cut = exchange.Options.IdleCut;
        _idle = exchange.Time.CreateTimer(_ => CutIfIdle(), null, cut, cut);
    }

    public ConfFlags Flags { get; private set; }

    /// <summary>Number of the last array frame, where the client asked for numbers.</summary>
    public long Sequence => Volatile.Read(ref _sequence);

    public IReadOnlyList<SessionChannel> Channels
    {
        get
        {
            lock (Gate)
                return [.. _channels.Values];
        }
    }

    public override IEnumerable<string> Keys => Channels.Select(channel => channel.Key.Text);

    /// <summary>Replaces the flags once their acknowledgement is on its way: it applies to the frames behind it.</summary>
    public void SetFlags(ConfFlags flags, byte[] acknowledgement)
    {
        lock (Gate)
        {
            Enqueue(acknowledgement);
            Flags = flags;
        }
    }

    /// <summary>Opens a channel: acknowledgement, then snapshot, with nothing in between.</summary>
    public void Open(SessionChannel channel, byte[] acknowledgement, ReadOnlySpan<byte> snapshot, long marketTime)
    {
        lock (Gate)
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
        lock (Gate)
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
        lock (Gate)
            return _channels.Values.FirstOrDefault(condition);
    }

    /// <summary>Sends <c>[chanId,payload,…]</c> with number and time as the client's flags ask.</summary>
    public void SendPayload(SessionChannel channel, ReadOnlySpan<byte> payload, long marketTime)
    {
        lock (Gate)
            EnqueueNumbered(channel, payload, marketTime);
    }

    public void SendHeartbeat(SessionChannel channel)
    {
        lock (Gate)
        {
            if (_channels.ContainsKey(channel.Id))
                EnqueueNumbered(channel, "\"hb\""u8, _exchange.Market.Now);
        }
    }

    public override void Strike(Fault fault) => SuddenFaults.Strike(fault, this);

    protected override void Begin() => Send(ControlFrames.Greeting(_exchange.Options, _exchange.IsOperative));

    protected override bool TryTake()
    {
        lock (Gate)
            _lastActivity = _exchange.Time.GetUtcNow();
        return true;
    }

    protected override void Answer(ReadOnlyMemory<byte> text) => _commands.Answer(text);

    protected override void Leave()
    {
        foreach (var channel in Channels)
            Close(channel.Id, asked: false);
    }

    protected override ValueTask EndAsync() => _idle.DisposeAsync();

    // Called under Gate.
    private void EnqueueNumbered(SessionChannel channel, ReadOnlySpan<byte> payload, long marketTime)
    {
        // A market that catches up tells older times than the last heartbeat; stamps never step back.
        _lastStamp = Math.Max(_lastStamp, marketTime);
        if (_exchange.Faults.IsEmpty)
        {
            Enqueue(ArrayFrame.Write(channel.Id, payload, Flags, NextNumber(), _lastStamp));
            return;
        }
        var bytes = payload.ToArray();
        EnqueueFaulty(channel.Key.Text, wrongBy =>
        {
            if (_exchange.Faults.Strike(FaultKind.SequenceGap, channel.Key.Text, Id) is not null)
                NextNumber();
            return ArrayFrame.Write(channel.Id, bytes, Flags, NextNumber(), _lastStamp + wrongBy);
        });
    }

    private long NextNumber() => (Flags & ConfFlags.Sequence) != 0 ? ++_sequence : _sequence;

    private void CutIfIdle()
    {
        TimeSpan left;
        lock (Gate)
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
}
