using System.Collections.Immutable;
using System.Net.WebSockets;
using System.Text;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.InProcess;
using CandleStream.Simulator.Protocol;
using CandleStream.Simulator.Rest;

namespace CandleStream.Simulator.Kraken;

/// <summary>
/// Kraken behind the routes: the sessions and their subscriptions. A push comes with each trade and at no other time: the end of an
/// interval is not told, nor one without a trade.
/// </summary>
internal sealed class KrakenExchange : SimulatedExchange<KrakenSession>
{
    private static readonly TimeSpan ConnectWindow = TimeSpan.FromMinutes(10);

    // Guarded by Gate.
    private readonly Dictionary<string, ImmutableArray<KrakenSession>> _subscribers = [];
    private readonly Dictionary<string, long> _updates = [];

    public KrakenExchange(SimulatorOptions options)
        : base(options, new SlidingLimit(options.KrakenConnectLimit, options.TimeProvider, ConnectWindow))
    {
        Symbols = new KrakenSymbols(Market.Pairs);
        Rest = new KrakenRest(this);
    }

    public KrakenSymbols Symbols { get; }

    public override SimulatorRest Rest { get; }

    /// <summary>False during maintenance.</summary>
    public bool IsOperative { get; private set; } = true;

    public override IReadOnlyList<string> SocketRoutes => ["/v2"];

    public override WebSocketCreationOptions SocketOptions => InProcessConnection.Server;

    protected override IEnumerable<string> WatchedPairs =>
        _subscribers.Where(feed => !feed.Value.IsEmpty).Select(feed => CandleKey.Parse(feed.Key).Pair);

    /// <summary>Puts a session on a key. Called inside the gate.</summary>
    public void Subscribe(KrakenSession session, CandleKey key)
    {
        var before = _subscribers.GetValueOrDefault(key.Text, []);
        _subscribers[key.Text] = before.Add(session);
        if (before.IsEmpty)
            Market.Watch(key);
        Log.Subscribe(session.Id, 0, key.Text);
    }

    /// <summary>Takes a session off a key. Called inside the gate.</summary>
    public void Unsubscribe(KrakenSession session, CandleKey key, bool asked)
    {
        var left = _subscribers[key.Text] = _subscribers[key.Text].Remove(session);
        if (left.IsEmpty)
            Market.Unwatch(key);
        Log.Unsubscribe(session.Id, 0, key.Text, asked);
    }

    /// <summary>The newest candles of a key, oldest first; those without a trade are not among them. Called inside the gate.</summary>
    public IReadOnlyList<string> Snapshot(CandleKey key, int session)
    {
        var candles = Market.Candles(key, 0, long.MaxValue, Options.KrakenSnapshotCandles).ToList();
        if (Faults.Strike(FaultKind.EmptySnapshot, key.Text, session) is not null)
            candles = [];
        else if (Faults.Strike(FaultKind.OneCandleSnapshot, key.Text, session) is not null)
            candles = [.. candles.TakeLast(1)];
        else if (Faults.Strike(FaultKind.SnapshotHole, key.Text, session) is not null && candles.Count > 2)
            candles.RemoveAt(candles.Count - 2);
        return [.. candles.SelectMany(candle => Rows(key, candle))];
    }

    public override long Updates(string key)
    {
        lock (Gate)
            return _updates.GetValueOrDefault(key);
    }

    public override void Publish(CandleKey key, in MarketCandle candle, long marketTime) => PublishAlone(key, candle, marketTime);

    public override void PublishAlone(CandleKey key, in MarketCandle candle, long marketTime)
    {
        _updates[key.Text] = _updates.GetValueOrDefault(key.Text) + 1;
        var subscribers = _subscribers.GetValueOrDefault(key.Text, []);
        if (subscribers.IsEmpty)
            return;
        var rows = Rows(key, candle);
        foreach (var session in subscribers)
            session.SendRows(key, rows, marketTime);
    }

    public override void PublishText(CandleKey key, ReadOnlyMemory<byte> payload, long marketTime)
    {
        foreach (var session in _subscribers.GetValueOrDefault(key.Text, []))
            session.SendRows(key, [Encoding.UTF8.GetString(payload.Span)], marketTime);
    }

    public override void Heartbeat()
    {
        foreach (var session in Sessions)
            session.SendHeartbeat();
    }

    /// <summary>A candle with the number of its trades.</summary>
    public KrakenBar BarOf(CandleKey key, in MarketCandle candle) =>
        new(candle, Math.Max(1, Market.Figures(key, candle, Market.Now).Trades));

    protected override KrakenSession CreateSession(int id, WebSocket socket, SessionStream? stream, string pathAndQuery) =>
        new(this, id, socket, stream);

    protected override SimulatorConnection View(KrakenSession session) => new(
        session.Id,
        session.Opened.ToUnixTimeMilliseconds(),
        0,
        0,
        session.Waiting,
        session.IsHalfOpen,
        [.. session.Keys.Select(key => new SimulatorSubscription(0, key))]);

    protected override void OnStrike(Fault fault)
    {
        if (fault.Kind != FaultKind.Maintenance)
            return;
        IsOperative = false;
        var timer = Time.CreateTimer(
            _ => IsOperative = true, null, TimeSpan.FromMilliseconds(fault.DelayMs), Timeout.InfiniteTimeSpan);
        Stopping.Register(timer.Dispose);
    }

    private IReadOnlyList<string> Rows(CandleKey key, in MarketCandle candle)
    {
        var (symbol, bar) = (Symbols.Of(key).Name, BarOf(key, candle));
        var row = KrakenText.Row(bar, symbol, key.Timeframe, KrakenBadRows.InPlaceOf(candle, Faults, key.Text));
        return KrakenBadRows.Stray(bar, Faults, key.Text) is { } stray ? [KrakenText.Row(stray, symbol, key.Timeframe), row] : [row];
    }
}
