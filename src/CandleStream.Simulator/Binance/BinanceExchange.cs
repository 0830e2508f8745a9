using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Markets;
using CandleStream.Simulator.Protocol;
using CandleStream.Simulator.Rest;

namespace CandleStream.Simulator.Binance;

/// <summary>Binance behind the routes: the market, the sessions and their streams, limits and faults.</summary>
internal sealed class BinanceExchange : IMarketSink, ISimulatedExchange
{
    private const int RoomPerSession = 500;

    private static readonly TimeSpan ConnectWindow = TimeSpan.FromMinutes(5);

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<int, BinanceSession> _sessions = [];
    private readonly ConcurrentDictionary<Task, byte> _running = [];
    private readonly SlidingLimit _connects;
    private int _lastSession;

    // Guarded by Gate.
    private readonly Dictionary<string, BinanceFeed> _feeds = [];

    public BinanceExchange(SimulatorOptions options)
    {
        Options = options;
        Time = options.TimeProvider;
        Faults = new FaultBoard(Time, Strike);
        Log = new ConnectionLog(Time);
        _connects = new SlidingLimit(options.BinanceConnectLimit, Time, ConnectWindow);
        Market = options.CustomMarket ?? MarketFactory.Create(options);
        Symbols = new BinanceSymbols(Market.Pairs);
        Market.Start(this);
        Started = Market.Now;
        Rest = new BinanceRest(this);
    }

    public SimulatorOptions Options { get; }

    public TimeProvider Time { get; }

    public IMarket Market { get; }

    public BinanceSymbols Symbols { get; }

    public SimulatorRest Rest { get; }

    public FaultBoard Faults { get; }

    public ConnectionLog Log { get; }

    public Lock Gate { get; } = new();

    public long Started { get; }

    public bool IsBusy => Rest.IsBusy || _sessions.Values.Any(session => session.IsBusy);

    public IReadOnlyList<SimulatorConnection> Connections =>
    [
        .. Sessions.Select(session => new SimulatorConnection(
            session.Id,
            session.Opened.ToUnixTimeMilliseconds(),
            0,
            0,
            session.Waiting,
            session.IsHalfOpen,
            [.. session.Streams.Select(stream => new SimulatorSubscription(0, Symbols.KeyOfStream(stream)?.Text ?? stream))])),
    ];

    public IReadOnlyList<string> SocketRoutes => ["/ws/{**streams}", "/stream"];

    // Pings are frames, every 20 s, and who does not answer for a minute is gone.
    public WebSocketCreationOptions SocketOptions => new()
    {
        IsServer = true,
        KeepAliveInterval = TimeSpan.FromSeconds(20),
        KeepAliveTimeout = TimeSpan.FromSeconds(60),
    };

    private IEnumerable<BinanceSession> Sessions => _sessions.Values.OrderBy(session => session.Id);

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
        var session = new BinanceSession(this, Interlocked.Increment(ref _lastSession), socket, stream, pathAndQuery);
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

    /// <summary>Puts a session on a stream, and the acknowledgement before the first push.</summary>
    public void Subscribe(BinanceSession session, string stream, CandleKey key)
    {
        if (!_feeds.TryGetValue(key.Text, out var feed))
            _feeds[key.Text] = feed = new BinanceFeed(this, key, stream);
        var isFirst = !feed.HasSessions;
        feed.Add(session);
        if (isFirst)
        {
            Market.Watch(key);
            feed.Begin();
        }
        Log.Subscribe(session.Id, 0, key.Text);
        (Market as ScriptedMarket)?.Opened(key);
    }

    public void Unsubscribe(BinanceSession session, CandleKey key, bool asked)
    {
        var feed = _feeds[key.Text];
        feed.Remove(session);
        if (!feed.HasSessions)
            Market.Unwatch(key);
        Log.Unsubscribe(session.Id, 0, key.Text, asked);
    }

    public long Updates(string key)
    {
        lock (Gate)
            return _feeds.TryGetValue(key, out var feed) ? feed.Updates : 0;
    }

    /// <summary>A stream's time has come to look at the clock.</summary>
    public void Advance(BinanceFeed feed)
    {
        lock (Gate)
        {
            // The market's own trades come before what time alone does.
            var now = Market.Now;
            _ = Market.Candles(feed.Key, feed.Key.Timeframe.Floor(now), now, 1);
            feed.Advance(Math.Max(now, Market.Now));
        }
    }

    public void SendRaw(byte[] frame)
    {
        foreach (var session in Sessions)
            session.Send(frame);
    }

    public void Publish(CandleKey key, in MarketCandle candle, long marketTime) =>
        _feeds.GetValueOrDefault(key.Text)?.Publish(candle, marketTime);

    public void PublishAlone(CandleKey key, in MarketCandle candle, long marketTime) =>
        _feeds.GetValueOrDefault(key.Text)?.Send(candle, marketTime);

    public void PublishText(CandleKey key, ReadOnlyMemory<byte> payload, long marketTime)
    {
        if (_feeds.GetValueOrDefault(key.Text) is not { } feed)
            return;
        foreach (var session in Sessions.Where(session => session.Streams.Contains(feed.Stream)))
            session.Send(BinanceText.Combined(feed.Stream, Encoding.UTF8.GetString(payload.Span)));
    }

    public void Heartbeat()
    {
        foreach (var feed in _feeds.Values)
            feed.Advance(Market.Now);
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
        foreach (var feed in _feeds.Values)
            feed.Dispose();
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
        foreach (var session in Sessions)
        {
            var isMeant = (fault.Connection is null || fault.Connection == session.Id)
                && (fault.Key is null || session.Streams.Any(stream => Symbols.KeyOfStream(stream)?.Text == fault.Key));
            if (isMeant)
                session.Strike(fault);
        }
    }

    private void Revise(string? key)
    {
        lock (Gate)
        {
            var pairs = key is null
                ? _feeds.Values.Where(feed => feed.HasSessions).Select(feed => feed.Key.Pair).Distinct()
                : [CandleKey.Parse(key).Pair];
            foreach (var pair in pairs.ToList())
                Market.AddLateTrade(pair);
        }
    }
}
