using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.InProcess;
using CandleStream.Simulator.Markets;
using CandleStream.Simulator.Protocol;
using CandleStream.Simulator.Rest;

namespace CandleStream.Simulator;

/// <summary>
/// The exchange behind the routes: its market, the sessions and their subscriptions, limits and faults. Sockets reach it through
/// <see cref="ServeAsync"/>, REST through <see cref="SimulatorRest"/>, whether over loopback or in the process.
/// </summary>
internal sealed class SimulatorExchange : IMarketSink, ISimulatedExchange
{
    // Far more than a healthy socket ever holds; a replay at full speed waits here instead of filling memory.
    private const int RoomPerSession = 500;

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<int, SimulatorSession> _sessions = [];
    private readonly ConcurrentDictionary<Task, byte> _running = [];
    private readonly SlidingLimit _connects;
    private int _lastSession;
    private int _lastChannel = Random.Shared.Next(1_000, 400_000);

    // Guarded by Gate.
    private readonly Dictionary<string, CandleFeed> _feeds = [];

    public SimulatorExchange(SimulatorOptions options)
    {
        Options = options;
        Time = options.TimeProvider;
        Faults = new FaultBoard(Time, Strike);
        Log = new ConnectionLog(Time);
        _connects = new SlidingLimit(options.ConnectLimit, Time);
        Market = options.CustomMarket ?? MarketFactory.Create(options);
        Market.Start(this);
        Started = Market.Now;
        Rest = new BitfinexRest(this);
    }

    public SimulatorOptions Options { get; }

    public TimeProvider Time { get; }

    public IMarket Market { get; }

    public SimulatorRest Rest { get; }

    public FaultBoard Faults { get; }

    public ConnectionLog Log { get; }

    public Lock Gate { get; } = new();

    /// <summary>False between 20060 and 20061.</summary>
    public bool IsOperative { get; private set; } = true;

    /// <summary>Market time (Unix ms) when the exchange began.</summary>
    public long Started { get; }

    public IReadOnlyList<SimulatorConnection> Connections =>
    [
        .. Sessions.Select(session => new SimulatorConnection(
            session.Id,
            session.Opened.ToUnixTimeMilliseconds(),
            (int)session.Flags,
            session.Sequence,
            session.Waiting,
            session.IsHalfOpen,
            [.. session.Channels.Select(channel => new SimulatorSubscription(channel.Id, channel.Key.Text))])),
    ];

    public IReadOnlyList<string> SocketRoutes => ["/ws/2"];

    public WebSocketCreationOptions SocketOptions => InProcessConnection.Server;

    public IReadOnlyList<SimulatorSession> Sessions => [.. _sessions.Values.OrderBy(session => session.Id)];

    public bool IsBusy => Rest.IsBusy || _sessions.Values.Any(session => session.IsBusy);

    public UpgradeRefusal? RefuseUpgrade()
    {
        var refusal = Faults.Strike(FaultKind.Dns) is not null ? UpgradeRefusal.Dns
            : Faults.Strike(FaultKind.Unreachable) is not null ? UpgradeRefusal.Unreachable
            : Faults.Strike(FaultKind.Upgrade429) is not null || !_connects.TryTake() ? UpgradeRefusal.TooMany
            : (UpgradeRefusal?)null;
        Log.Connect(accepted: refusal is null);
        return refusal;
    }

    public async Task ServeAsync(WebSocket socket, SessionStream? stream, string pathAndQuery, CancellationToken gone)
    {
        var session = new SimulatorSession(this, Interlocked.Increment(ref _lastSession), socket, stream);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(gone, _stopping.Token);
        var running = session.RunAsync(ending.Token);
        _sessions[session.Id] = session;
        _running[running] = 0;
        try
        {
            await running;
        }
        finally
        {
            _sessions.TryRemove(session.Id, out _);
            _running.TryRemove(running, out _);
        }
    }

    public int NewChannelId() => Interlocked.Increment(ref _lastChannel);

    public bool IsChannelLimitReached(SimulatorSession session)
    {
        var limit = Options.ChannelLimit;
        if (limit > 0 && session.Channels.Count >= limit)
            return true;
        var address = Faults.Strike(FaultKind.AddressLimit)?.Limit ?? Options.AddressChannelLimit;
        return address > 0 && _sessions.Values.Sum(other => other.Channels.Count) >= address;
    }

    /// <summary>Opens a channel; called inside <see cref="Gate"/>, so that no update falls between snapshot and stream.</summary>
    public void Subscribe(SimulatorSession session, CandleKey key, int channelId, JsonElement? subId)
    {
        if (!_feeds.TryGetValue(key.Text, out var feed))
            _feeds[key.Text] = feed = new CandleFeed(key, Faults);
        if (feed.Channels.IsEmpty)
            Market.Watch(key);
        var candles = Market.Candles(key, 0, long.MaxValue, Options.SnapshotCandles);
        if (feed.Channels.IsEmpty)
            feed.Begin(candles);
        var channel = new SessionChannel(session, channelId, key);
        feed.Add(channel);
        var snapshot = SnapshotText.Write(candles, Faults, key, session.Id);
        session.Open(channel, ControlFrames.Subscribed(channelId, key.Text, subId), snapshot, Market.Now);
        Log.Subscribe(session.Id, channelId, key.Text);
        (Market as ScriptedMarket)?.Opened(key);
    }

    public void Unsubscribe(SessionChannel channel, bool asked)
    {
        lock (Gate)
        {
            channel.Dispose();
            var feed = _feeds[channel.Key.Text];
            feed.Remove(channel);
            if (feed.Channels.IsEmpty)
                Market.Unwatch(channel.Key);
            Log.Unsubscribe(channel.Session.Id, channel.Id, channel.Key.Text, asked);
        }
    }

    public void SendRaw(byte[] frame)
    {
        foreach (var session in Sessions)
            session.SendObject(frame);
    }

    public long Updates(string key)
    {
        lock (Gate)
            return _feeds.TryGetValue(key, out var feed) ? feed.Updates : 0;
    }

    public void Publish(CandleKey key, in MarketCandle candle, long marketTime) =>
        _feeds.GetValueOrDefault(key.Text)?.Publish(candle, marketTime);

    public void PublishAlone(CandleKey key, in MarketCandle candle, long marketTime) =>
        _feeds.GetValueOrDefault(key.Text)?.Send(candle, marketTime);

    public void PublishText(CandleKey key, ReadOnlyMemory<byte> payload, long marketTime) =>
        _feeds.GetValueOrDefault(key.Text)?.SendText(payload, marketTime);

    public void Heartbeat()
    {
        foreach (var channel in _sessions.Values.SelectMany(session => session.Channels))
            channel.Session.SendHeartbeat(channel);
    }

    public async ValueTask WaitForRoomAsync(CancellationToken stopping)
    {
        while (_sessions.Values.Any(session => session.Waiting > RoomPerSession))
            await Task.Delay(1, stopping);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        foreach (var session in _sessions.Values)
            session.Cut();
        await Task.WhenAll(_running.Keys);
        await Market.DisposeAsync();
        _stopping.Dispose();
    }

    private void Strike(Fault fault)
    {
        if (fault.Kind == FaultKind.LateRevision)
        {
            Revise(fault.Key);
            return;
        }
        if (fault.Kind == FaultKind.Maintenance)
            Maintain(fault);
        foreach (var session in Sessions)
        {
            if (IsMeant(fault, session))
                SuddenFaults.Strike(fault, session);
        }
    }

    private static bool IsMeant(Fault fault, SimulatorSession session) =>
        (fault.Connection is null || fault.Connection == session.Id)
        && (fault.Key is null || session.Channels.Any(channel => channel.Key.Text == fault.Key));

    private void Revise(string? key)
    {
        lock (Gate)
        {
            var pairs = key is null
                ? _feeds.Values.Where(feed => !feed.Channels.IsEmpty).Select(feed => feed.Key.Pair).Distinct()
                : [CandleKey.Parse(key).Pair];
            foreach (var pair in pairs.ToList())
                Market.AddLateTrade(pair);
        }
    }

    private void Maintain(Fault fault)
    {
        IsOperative = false;
        var timer = Time.CreateTimer(_ => EndMaintenance(fault), null, TimeSpan.FromMilliseconds(fault.DelayMs), Timeout.InfiniteTimeSpan);
        _stopping.Token.Register(timer.Dispose);
    }

    private void EndMaintenance(Fault fault)
    {
        IsOperative = true;
        foreach (var session in Sessions)
        {
            if (IsMeant(fault, session))
                session.SendObject(ControlFrames.Info(20061, "Resync end"));
        }
    }
}
