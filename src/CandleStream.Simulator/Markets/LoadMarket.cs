using System.Globalization;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Markets;

/// <summary>
/// As many series as asked for, each updated so many times a second, every update different: work for a server under test.
/// Updates are spread evenly, or come in bursts; candles are those that were streamed, from the start on.
/// </summary>
public sealed class LoadMarket : IMarket
{
    private const int Kept = 300;

    // Longer than a timer's resolution, short enough to look even.
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);

    private readonly TimeProvider _time;
    private readonly double _burstsPerSecond;
    private readonly int _burst;
    private readonly LoadSeries[] _series;
    private readonly Dictionary<string, LoadSeries> _byKey;
    private readonly long _started;
    private readonly ITimer _timer;

    // Guarded by the sink's gate.
    private IMarketSink? _sink;
    private long _turns;

    public LoadMarket(SimulatorOptions options)
    {
        _time = options.TimeProvider;
        _burst = Math.Max(1, options.Burst);
        _burstsPerSecond = options.Rate / _burst;
        _series = [.. Enumerable.Range(0, options.Series).Select(index => new LoadSeries(index))];
        _byKey = _series.ToDictionary(series => series.Key.Text);
        Pairs = [.. _series.Select(series => series.Key.Pair)];
        foreach (var series in _series)
            series.Update(Now);
        _started = _time.GetTimestamp();
        _timer = _time.CreateTimer(_ => Advance(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public IReadOnlyList<string> Pairs { get; }

    public long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    public void Start(IMarketSink sink)
    {
        _sink = sink;
        _timer.Change(Tick, Tick);
    }

    public bool Lists(CandleKey key) => _byKey.ContainsKey(key.Text);

    public IReadOnlyList<MarketCandle> Candles(CandleKey key, long first, long last, int limit, bool oldest = false)
    {
        var candles = _byKey.TryGetValue(key.Text, out var series) ? series.Candles : [];
        var inRange = candles.Where(candle => candle.Time >= first && candle.Time <= last);
        return oldest ? [.. inRange.Take(limit)] : [.. inRange.TakeLast(limit)];
    }

    public void Watch(CandleKey key)
    {
    }

    public void Unwatch(CandleKey key)
    {
    }

    public bool AddLateTrade(string pair) => false;

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    /// <summary>One turn updates one series; with bursts, one turn updates all of them, several times each.</summary>
    private void Advance()
    {
        lock (_sink!.Gate)
        {
            var perSecond = _burst == 1 ? _burstsPerSecond * _series.Length : _burstsPerSecond;
            var due = (long)(_time.GetElapsedTime(_started).TotalSeconds * perSecond);
            // A pause of the machine is not made up for: that would be a burst nobody asked for.
            if (due - _turns > perSecond)
                _turns = due - 1;
            var now = Now;
            for (; _turns < due; _turns++)
                TakeTurn(now);
        }
    }

    private void TakeTurn(long now)
    {
        if (_burst == 1)
        {
            Update(_series[_turns % _series.Length], now);
            return;
        }
        foreach (var series in _series)
        {
            for (var i = 0; i < _burst; i++)
                Update(series, now);
        }
    }

    private void Update(LoadSeries series, long now)
    {
        series.Update(now);
        _sink!.PublishAlone(series.Key, series.Candles[^1], now);
    }

    private sealed class LoadSeries(int index)
    {
        private long _updates;

        public CandleKey Key { get; } = CandleKey.For("1m", string.Create(CultureInfo.InvariantCulture, $"LOAD{index:D3}USD"));

        public List<MarketCandle> Candles { get; } = [];

        /// <summary>
        /// The close walks over a range without repeating itself soon, the volume only grows: no two updates of a minute are equal.
        /// </summary>
        public void Update(long now)
        {
            _updates++;
            var price = new decimal((int)(1_000_000 + (index * 1_000) + (_updates * 7919 % 9973)), 0, 0, false, 2);
            var amount = new decimal((int)(1 + (_updates % 97)), 0, 0, false, 4);
            var minute = now - (now % MarketTimeframe.Minute);
            if (Candles.Count > 0 && Candles[^1].Time >= minute)
            {
                Candles[^1] = Candles[^1].Add(price, amount);
                return;
            }
            if (Candles.Count == Kept)
                Candles.RemoveAt(0);
            Candles.Add(MarketCandle.FromTrade(minute, price, amount));
        }
    }
}
