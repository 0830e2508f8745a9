using System.Net.WebSockets;
using System.Text.Json;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.InProcess;
using CandleStream.Simulator.Markets;
using CandleStream.Simulator.Protocol;
using CandleStream.Simulator.Rest;

namespace CandleStream.Simulator;

/// <summary>Bitfinex behind the routes: the sessions with their channels, and maintenance.</summary>
internal sealed class SimulatorExchange : SimulatedExchange<SimulatorSession>
{
    private int _lastChannel = Random.Shared.Next(1_000, 400_000);

    // Guarded by Gate.
    private readonly Dictionary<string, CandleFeed> _feeds = [];

    public SimulatorExchange(SimulatorOptions options)
        : base(options, new SlidingLimit(options.ConnectLimit, options.TimeProvider)) => Rest = new BitfinexRest(this);

    public override SimulatorRest Rest { get; }

    /// <summary>False between 20060 and 20061.</summary>
    public bool IsOperative { get; private set; } = true;

    public override IReadOnlyList<string> SocketRoutes => ["/ws/2"];

    public override WebSocketCreationOptions SocketOptions => InProcessConnection.Server;

    protected override IEnumerable<string> WatchedPairs =>
        _feeds.Values.Where(feed => !feed.Channels.IsEmpty).Select(feed => feed.Key.Pair);

    public int NewChannelId() => Interlocked.Increment(ref _lastChannel);

    public bool IsChannelLimitReached(SimulatorSession session)
    {
        var limit = Options.ChannelLimit;
        if (limit > 0 && session.Channels.Count >= limit)
            return true;
        var address = Faults.Strike(FaultKind.AddressLimit)?.Limit ?? Options.AddressChannelLimit;
        return address > 0 && Sessions.Sum(other => other.Channels.Count) >= address;
    }

    /// <summary>Opens a channel; called inside the gate, so that no update falls between snapshot and stream.</summary>
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

    public override long Updates(string key)
    {
        lock (Gate)
            return _feeds.TryGetValue(key, out var feed) ? feed.Updates : 0;
    }

    public override void Publish(CandleKey key, in MarketCandle candle, long marketTime) =>
        _feeds.GetValueOrDefault(key.Text)?.Publish(candle, marketTime);

    public override void PublishAlone(CandleKey key, in MarketCandle candle, long marketTime) =>
        _feeds.GetValueOrDefault(key.Text)?.Send(candle, marketTime);

    public override void PublishText(CandleKey key, ReadOnlyMemory<byte> payload, long marketTime) =>
        _feeds.GetValueOrDefault(key.Text)?.SendText(payload, marketTime);

    public override void Heartbeat()
    {
        foreach (var channel in Sessions.SelectMany(session => session.Channels))
            channel.Session.SendHeartbeat(channel);
    }

    protected override SimulatorSession CreateSession(int id, WebSocket socket, SessionStream? stream, string pathAndQuery) =>
        new(this, id, socket, stream);

    protected override SimulatorConnection View(SimulatorSession session) => new(
        session.Id,
        session.Opened.ToUnixTimeMilliseconds(),
        (int)session.Flags,
        session.Sequence,
        session.Waiting,
        session.IsHalfOpen,
        [.. session.Channels.Select(channel => new SimulatorSubscription(channel.Id, channel.Key.Text))]);

    protected override void OnStrike(Fault fault)
    {
        if (fault.Kind == FaultKind.Maintenance)
            Maintain(fault);
    }

    private void Maintain(Fault fault)
    {
        IsOperative = false;
        var timer = Time.CreateTimer(_ => EndMaintenance(fault), null, TimeSpan.FromMilliseconds(fault.DelayMs), Timeout.InfiniteTimeSpan);
        Stopping.Register(timer.Dispose);
    }

    private void EndMaintenance(Fault fault)
    {
        IsOperative = true;
        foreach (var session in Sessions)
        {
            if (IsMeant(fault, session))
                session.Send(ControlFrames.Info(20061, "Resync end"));
        }
    }
}
