using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Markets;

/// <summary>
/// An invented market that any two runs with the same seed agree on: nothing is remembered between runs because nothing needs to be.
/// One timer, set to the next trade of a watched pair, drives it; nothing runs while nothing is watched.
/// </summary>
public sealed class SyntheticMarket : IMarket
{
    public static readonly IReadOnlyList<string> DefaultPairs =
        ["BTCUSD", "ETHUSD", "SOLUSD", "XRPUSD", "LTCUSD", "DUSK:USD", "NEOUSD", "BTCF0:USTF0"];

    // No wait is longer: a sparse pair is looked at again after an hour without a trade.
    private const long LongestWait = MarketTimeframe.Hour;

    // Of the first trade of the day on which the market was made: those before it have numbers, too.
    private const long FirstNumber = 1_000_000_000;

    private readonly TimeProvider _time;
    private readonly Dictionary<string, SyntheticSeries> _series;
    private readonly long _listed;
    private readonly ITimer _timer;

    // Guarded by the sink's gate.
    private readonly Dictionary<string, HashSet<CandleKey>> _watched = [];
    private long _streamedTo;
    private IMarketSink? _sink;

    private readonly long _numberedFrom;

    /// <param name="seed">The same seed is the same market.</param>
    /// <param name="pairs">What is traded.</param>
    /// <param name="time">The clock.</param>
    /// <param name="reportsLate">True where trades are reported after their minute now and then, as Bitfinex does.</param>
    public SyntheticMarket(long seed, IReadOnlyList<string> pairs, TimeProvider time, bool reportsLate = true)
    {
        Pairs = pairs;
        _time = time;
        _series = pairs.ToDictionary(pair => pair, pair => new SyntheticSeries(new SyntheticPair(seed, pair, reportsLate)));
        _timer = time.CreateTimer(_ => Advance(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _listed = Listed(time.GetUtcNow());
        _streamedTo = Now;
        _numberedFrom = Now - (Now % MarketTimeframe.Day);
    }

    public IReadOnlyList<string> Pairs { get; }

    public long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    public void Start(IMarketSink sink) => _sink = sink;

    public bool Lists(CandleKey key) => key.Symbol[0] == 't' && _series.ContainsKey(key.Pair);

    public IReadOnlyList<MarketCandle> Candles(CandleKey key, long first, long last, int limit, bool oldest = false)
    {
        var now = CatchUp();
        first = Math.Max(first, _listed);
        last = Math.Min(last, now);
        return oldest ? Ascending(key, first, last, limit, now) : Descending(key, first, last, limit, now);
    }

    /// <summary>The candle that opens at <paramref name="time"/> as it was at a moment; null where nothing had been traded.</summary>
    public MarketCandle? CandleAt(CandleKey key, long time, long moment) =>
        _series[key.Pair].Candle(time, key.Timeframe.Next(time), moment);

    public MarketFigures Figures(CandleKey key, in MarketCandle candle, long asOf)
    {
        var series = _series[key.Pair];
        var before = candle.Time >= _numberedFrom
            ? series.Count(_numberedFrom, candle.Time, asOf)
            : -series.Count(candle.Time, _numberedFrom, asOf);
        var trades = series.Count(candle.Time, key.Timeframe.Next(candle.Time), asOf);
        return trades == 0 ? MarketFigures.None : MarketFigures.Invented(candle, trades, FirstNumber + before);
    }

    public void Watch(CandleKey key)
    {
        CatchUp();
        if (!_watched.TryGetValue(key.Pair, out var keys))
            _watched[key.Pair] = keys = [];
        keys.Add(key);
        Schedule();
    }

    public void Unwatch(CandleKey key)
    {
        if (_watched.TryGetValue(key.Pair, out var keys) && keys.Remove(key) && keys.Count == 0)
            _watched.Remove(key.Pair);
        Schedule();
    }

    public bool AddLateTrade(string pair)
    {
        var now = CatchUp();
        var minute = now - (now % MarketTimeframe.Minute) - MarketTimeframe.Minute;
        if (!_series.TryGetValue(pair, out var series) || series.AddLate(minute, now) is not { } trade)
            return false;
        Publish(pair, trade);
        return true;
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    // The pairs' first candles: a year back, at the beginning of a month, so that a restart seldom moves them.
    private static long Listed(DateTimeOffset now) =>
        new DateTimeOffset(now.Year - 1, now.Month, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    private List<MarketCandle> Ascending(CandleKey key, long first, long last, int limit, long now)
    {
        var candles = new List<MarketCandle>();
        var time = key.Timeframe.Floor(first);
        if (time < first)
            time = key.Timeframe.Next(time);
        for (; time <= last && candles.Count < limit; time = key.Timeframe.Next(time))
        {
            if (_series[key.Pair].Candle(time, key.Timeframe.Next(time), now) is { } candle)
                candles.Add(candle);
        }
        return candles;
    }

    private List<MarketCandle> Descending(CandleKey key, long first, long last, int limit, long now)
    {
        var candles = new List<MarketCandle>();
        for (var time = key.Timeframe.Floor(last); time >= first && candles.Count < limit; time = key.Timeframe.Previous(time))
        {
            if (_series[key.Pair].Candle(time, key.Timeframe.Next(time), now) is { } candle)
                candles.Add(candle);
        }
        candles.Reverse();
        return candles;
    }

    private void Advance()
    {
        lock (_sink!.Gate)
        {
            CatchUp();
            Schedule();
        }
    }

    /// <summary>Streams what is due. Also before any answer, so that neither a snapshot nor REST is ever ahead of the stream.</summary>
    private long CatchUp()
    {
        var now = Math.Max(_streamedTo, Now);
        var due = _watched.Keys
            .SelectMany(pair => _series[pair].Visible(_streamedTo, now).Select(trade => (Pair: pair, Trade: trade)))
            .OrderBy(reported => reported.Trade.VisibleAt)
            .ToList();
        _streamedTo = now;
        foreach (var (pair, trade) in due)
            Publish(pair, trade);
        return now;
    }

    private void Publish(string pair, SyntheticTrade trade)
    {
        foreach (var key in _watched.GetValueOrDefault(pair) ?? [])
        {
            var time = key.Timeframe.Floor(trade.Time);
            if (_series[pair].Candle(time, key.Timeframe.Next(time), trade.VisibleAt) is { } candle)
                _sink!.Publish(key, candle, trade.VisibleAt);
        }
    }

    private void Schedule()
    {
        if (_watched.Count == 0)
        {
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }
        var now = Now;
        var next = _watched.Keys.Min(pair => _series[pair].NextVisible(_streamedTo, now + LongestWait));
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(1, next - now)), Timeout.InfiniteTimeSpan);
    }
}
