using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Markets;

/// <summary>
/// Recorded trades, built into candles one by one. The replay begins with the first subscription; until then only the first trade has
/// happened. At full speed the recording drives market time and waits for the subscribers' sockets; otherwise the clock drives it.
/// </summary>
public sealed class TradesMarket : IMarket
{
    // Contract of the candle's end: an exchange time this far past it closes the last candle too.
    private const long Grace = 5_000;

    private readonly TimeProvider _time;
    private readonly double _speed;
    private readonly bool _isAtFullSpeed;
    private readonly RecordedTrade[] _trades;
    private readonly long _shift;
    private readonly ITimer _timer;
    private readonly CancellationTokenSource _stopping = new();

    // Guarded by the sink's gate.
    private readonly Dictionary<string, RecordedSeries> _series = [];
    private readonly HashSet<CandleKey> _watched = [];
    private IMarketSink? _sink;
    private Task _replay = Task.CompletedTask;
    private int _played;
    private bool _hasBegun;

    // Market time = _base + (clock − _baseClock) x speed once the clock drives; else _base alone. Swapped whole, read without the gate.
    private volatile MarketClock _clock;

    public TradesMarket(SimulatorOptions options)
    {
        _time = options.TimeProvider;
        _isAtFullSpeed = double.IsPositiveInfinity(options.Speed);
        _speed = _isAtFullSpeed ? 1 : options.Speed;
        _trades = RecordedTrades.Read(options.Trades);
        if (_trades.Length == 0)
            throw new InvalidDataException("The trades market needs a recording: --trades BTCUSD=FILE.");
        _shift = options.ShiftToNow ? MinuteOf(_time.GetUtcNow().ToUnixTimeMilliseconds()) - MinuteOf(_trades[0].Time) : 0;
        Pairs = [.. options.Trades.Select(file => file.Pair).Distinct()];
        _clock = MarketClock.Still(_trades[0].Time + _shift);
        _timer = _time.CreateTimer(_ => Advance(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _played = 1;
    }

    public IReadOnlyList<string> Pairs { get; }

    public long Now => _clock.At(_time);

    /// <summary>True once the last trade was published.</summary>
    public bool IsOver => Volatile.Read(ref _played) == _trades.Length;

    public void Start(IMarketSink sink) => _sink = sink;

    public bool Lists(CandleKey key) => key.Symbol[0] == 't' && Pairs.Contains(key.Pair);

    public IReadOnlyList<MarketCandle> Candles(CandleKey key, long first, long last, int limit, bool oldest = false)
    {
        CatchUp();
        return Series(key).Read(first, last, limit, oldest);
    }

    public MarketFigures Figures(CandleKey key, in MarketCandle candle, long asOf) => Series(key).FiguresAt(candle.Time);

    public void Watch(CandleKey key)
    {
        CatchUp();
        _watched.Add(key);
        if (_hasBegun)
            return;
        _hasBegun = true;
        if (_isAtFullSpeed)
        {
            _replay = Task.Run(ReplayAsync);
            return;
        }
        _clock = MarketClock.Running(_clock.At(_time), _time, _speed);
        Schedule();
    }

    public void Unwatch(CandleKey key) => _watched.Remove(key);

    public bool AddLateTrade(string pair)
    {
        var key = CandleKey.For("1m", pair);
        if (Series(key).Read(0, MinuteOf(Now) - 1, 1, oldest: false) is not [var last])
            return false;
        foreach (var series in _series.Values.Where(series => series.Key.Pair == pair))
        {
            if (series.Revise(last.Time, last.Close, 0.125m) is { } candle && _watched.Contains(series.Key))
                _sink!.Publish(series.Key, candle, Now);
        }
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _replay;
        await _timer.DisposeAsync();
        _stopping.Dispose();
    }

    private static long MinuteOf(long time) => time - (time % MarketTimeframe.Minute);

    private RecordedSeries Series(CandleKey key)
    {
        if (_series.TryGetValue(key.Text, out var series))
            return series;
        series = new RecordedSeries(key);
        foreach (var trade in _trades.AsSpan(0, _played))
        {
            if (trade.Pair == key.Pair)
                series.Add(trade.Time + _shift, trade);
        }
        return _series[key.Text] = series;
    }

    private async Task ReplayAsync()
    {
        try
        {
            while (!IsOver)
            {
                lock (_sink!.Gate)
                    PlayNext();
                await _sink.WaitForRoomAsync(_stopping.Token);
            }
            lock (_sink!.Gate)
                PassTheEnd();
        }
        catch (OperationCanceledException)
        {
            // The simulator stops in the middle of a replay.
        }
    }

    private void PlayNext()
    {
        var trade = _trades[_played];
        Volatile.Write(ref _played, _played + 1);
        var time = trade.Time + _shift;
        if (_isAtFullSpeed)
            _clock = MarketClock.Still(time);
        foreach (var series in _series.Values)
        {
            if (series.Key.Pair != trade.Pair)
                continue;
            var candle = series.Add(time, trade);
            if (_watched.Contains(series.Key))
                _sink!.Publish(series.Key, candle, time);
        }
    }

    /// <summary>
    /// At full speed nobody waits for the last candle to end: heartbeats at once tell a time past its end, then time goes on as usual.
    /// </summary>
    private void PassTheEnd()
    {
        var last = _trades[^1].Time + _shift;
        var end = _watched.Select(key => key.Timeframe.Next(key.Timeframe.Floor(last))).DefaultIfEmpty(last).Max();
        _clock = MarketClock.Running(end + Grace, _time, 1);
        _sink!.Heartbeat();
    }

    private void Advance()
    {
        lock (_sink!.Gate)
        {
            CatchUp();
            Schedule();
        }
    }

    private void CatchUp()
    {
        if (_isAtFullSpeed || !_hasBegun)
            return;
        var now = Now;
        while (!IsOver && _trades[_played].Time + _shift <= now)
            PlayNext();
    }

    private void Schedule()
    {
        if (IsOver)
            return;
        var wait = (_trades[_played].Time + _shift - Now) / _speed;
        _timer.Change(TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(wait))), Timeout.InfiniteTimeSpan);
    }
}
