using System.Text;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Markets;

/// <summary>
/// Exactly the candles or payloads that a test says, in that order, in its own time. Time stands where <see cref="SetTime"/> put it.
/// A snapshot tells the candles set so far; REST answers from the same list.
/// </summary>
public sealed class ScriptedMarket(params string[] pairs) : IMarket
{
    private readonly Dictionary<string, SortedDictionary<long, MarketCandle>> _candles = [];
    private readonly Dictionary<string, List<string>> _onOpen = [];
    private readonly Dictionary<string, SortedDictionary<long, MarketFigures>> _figures = [];
    private readonly Lock _ownGate = new();
    private IMarketSink? _sink;
    private long _now;

    public IReadOnlyList<string> Pairs => pairs;

    public long Now => Interlocked.Read(ref _now);

    public void Start(IMarketSink sink) => _sink = sink;

    public bool Lists(CandleKey key) => pairs.Contains(key.Pair);

    public IReadOnlyList<MarketCandle> Candles(CandleKey key, long first, long last, int limit, bool oldest = false)
    {
        var inRange = Of(key.Text).Values.Where(candle => candle.Time >= first && candle.Time <= last);
        return oldest ? [.. inRange.Take(limit)] : [.. inRange.TakeLast(limit)];
    }

    /// <summary>Market time, Unix ms.</summary>
    public void SetTime(long now) => Interlocked.Exchange(ref _now, now);

    /// <summary>Puts a candle where snapshots and REST find it, without streaming it.</summary>
    public void Set(string key, params MarketCandle[] candles)
    {
        lock (Gate)
        {
            foreach (var candle in candles)
                Put(key, candle);
        }
    }

    /// <summary>Puts what is known of the trades of a candle; by default each candle told is one trade more.</summary>
    public void SetFigures(string key, long time, MarketFigures figures)
    {
        lock (Gate)
            FiguresOf(key)[time] = figures;
    }

    public MarketFigures Figures(CandleKey key, in MarketCandle candle, long asOf) =>
        FiguresOf(key.Text).TryGetValue(candle.Time, out var figures) ? figures : MarketFigures.None;

    /// <summary>The same, and sends it as one update to the subscribers.</summary>
    public void Send(string key, MarketCandle candle)
    {
        lock (Gate)
        {
            Put(key, candle);
            _sink?.PublishAlone(CandleKey.Parse(key), candle, Now);
        }
    }

    /// <summary>Sends <c>[chanId,payload]</c> to the subscribers of the key: the payload is any text.</summary>
    public void SendPayload(string key, string payload)
    {
        lock (Gate)
            _sink?.PublishText(CandleKey.Parse(key), Encoding.UTF8.GetBytes(payload), Now);
    }

    /// <summary>Payloads sent, each once, when a channel of the key has been opened, after its snapshot.</summary>
    public void SendWhenOpened(string key, params string[] payloads)
    {
        if (!_onOpen.TryGetValue(key, out var list))
            _onOpen[key] = list = [];
        list.AddRange(payloads);
    }

    /// <summary>Heartbeats on every channel, now.</summary>
    public void Heartbeat()
    {
        lock (Gate)
            _sink?.Heartbeat();
    }

    public void Watch(CandleKey key)
    {
    }

    public void Unwatch(CandleKey key)
    {
    }

    public bool AddLateTrade(string pair) => false;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    internal void Opened(CandleKey key)
    {
        if (!_onOpen.Remove(key.Text, out var payloads))
            return;
        foreach (var payload in payloads)
            SendPayload(key.Text, payload);
    }

    // Before the market belongs to a simulator nobody else can be reading it.
    private Lock Gate => _sink?.Gate ?? _ownGate;

    private void Put(string key, in MarketCandle candle)
    {
        Of(key)[candle.Time] = candle;
        var all = FiguresOf(key);
        var next = all.Count == 0 ? 1 : all.Values.Max(known => known.LastTrade) + 1;
        if (!all.TryGetValue(candle.Time, out var figures))
            all[candle.Time] = MarketFigures.Invented(candle, 1, next);
        else if (next == figures.LastTrade + 1)
            all[candle.Time] = MarketFigures.Invented(candle, figures.Trades + 1, figures.FirstTrade);
    }

    private SortedDictionary<long, MarketFigures> FiguresOf(string key)
    {
        if (!_figures.TryGetValue(key, out var figures))
            _figures[key] = figures = [];
        return figures;
    }

    private SortedDictionary<long, MarketCandle> Of(string key)
    {
        if (!_candles.TryGetValue(key, out var candles))
            _candles[key] = candles = [];
        return candles;
    }
}
