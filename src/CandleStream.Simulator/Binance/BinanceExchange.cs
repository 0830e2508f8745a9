using System.Net.WebSockets;
using System.Text;
using CandleStream.Simulator.Markets;
using CandleStream.Simulator.Protocol;
using CandleStream.Simulator.Rest;

namespace CandleStream.Simulator.Binance;

/// <summary>Binance behind the routes: the sessions and their streams.</summary>
internal sealed class BinanceExchange : SimulatedExchange<BinanceSession>
{
    private static readonly TimeSpan ConnectWindow = TimeSpan.FromMinutes(5);

    // Guarded by Gate.
    private readonly Dictionary<string, BinanceFeed> _feeds = [];

    public BinanceExchange(SimulatorOptions options)
        : base(options, new SlidingLimit(options.BinanceConnectLimit, options.TimeProvider, ConnectWindow))
    {
        Symbols = new BinanceSymbols(Market.Pairs);
        Rest = new BinanceRest(this);
    }

    public BinanceSymbols Symbols { get; }

    public override SimulatorRest Rest { get; }

    public override IReadOnlyList<string> SocketRoutes => ["/ws/{**streams}", "/stream"];

    // Pings are frames, every 20 s, and who does not answer for a minute is gone.
    public override WebSocketCreationOptions SocketOptions => new()
    {
        IsServer = true,
        KeepAliveInterval = TimeSpan.FromSeconds(20),
        KeepAliveTimeout = TimeSpan.FromSeconds(60),
    };

    protected override IEnumerable<string> WatchedPairs => _feeds.Values.Where(feed => feed.HasSessions).Select(feed => feed.Key.Pair);

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

    public override long Updates(string key)
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

    public override void Publish(CandleKey key, in MarketCandle candle, long marketTime) =>
        _feeds.GetValueOrDefault(key.Text)?.Publish(candle, marketTime);

    public override void PublishAlone(CandleKey key, in MarketCandle candle, long marketTime) =>
        _feeds.GetValueOrDefault(key.Text)?.Send(candle, marketTime);

    public override void PublishText(CandleKey key, ReadOnlyMemory<byte> payload, long marketTime)
    {
        if (_feeds.GetValueOrDefault(key.Text) is not { } feed)
            return;
        foreach (var session in Sessions.Where(session => session.Streams.Contains(feed.Stream)))
            session.Send(BinanceText.Combined(feed.Stream, Encoding.UTF8.GetString(payload.Span)));
    }

    public override void Heartbeat()
    {
        foreach (var feed in _feeds.Values)
            feed.Advance(Market.Now);
    }

    protected override BinanceSession CreateSession(int id, WebSocket socket, SessionStream? stream, string pathAndQuery) =>
        new(this, id, socket, stream, pathAndQuery);

    protected override SimulatorConnection View(BinanceSession session) => new(
        session.Id,
        session.Opened.ToUnixTimeMilliseconds(),
        0,
        0,
        session.Waiting,
        session.IsHalfOpen,
        [.. session.Keys.Select(key => new SimulatorSubscription(0, key))]);

    protected override void EndFeeds()
    {
        foreach (var feed in _feeds.Values)
            feed.Dispose();
    }
}
