using System.Collections.Immutable;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Binance;

/// <summary>
/// One stream: its subscribers, and the bar that it tells. A push every two seconds while something changes, at the end of each interval
/// the closed bar, and a flat one where nothing was traded. Guarded by the market's gate.
/// </summary>
internal sealed class BinanceFeed : IDisposable
{
    // The exchange closes a bar some milliseconds after its end.
    private const long CloseDelay = 5;

    private readonly BinanceExchange _exchange;
    private readonly string _symbol;
    private readonly string _interval;
    private readonly ITimer _timer;

    private ImmutableArray<BinanceSession> _sessions = [];
    private BinanceBar? _bar;
    private long _pushedAt;
    private bool _hasNews;

    public BinanceFeed(BinanceExchange exchange, CandleKey key, string stream)
    {
        (_exchange, Key, Stream) = (exchange, key, stream);
        _symbol = exchange.Symbols.Of(key).Name;
        _interval = BinanceSymbols.IntervalOf(key.Timeframe);
        _timer = exchange.Time.CreateTimer(_ => exchange.Advance(this), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public CandleKey Key { get; }

    public string Stream { get; }

    public bool HasSessions => !_sessions.IsEmpty;

    /// <summary>Pushes made so far, each counted once however many connections got it.</summary>
    public long Updates { get; private set; }

    public void Add(BinanceSession session) => _sessions = _sessions.Add(session);

    public void Remove(BinanceSession session)
    {
        _sessions = _sessions.Remove(session);
        if (!HasSessions)
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>
    /// The first subscriber is there: the present bar is where the stream begins. Nothing is told of it until it changes.
    /// </summary>
    public void Begin()
    {
        var now = _exchange.Market.Now;
        var open = Key.Timeframe.Floor(now);
        _bar = null;
        if (_exchange.Market.Candles(Key, 0, now, 1) is [var newest])
            _bar = newest.Time == open ? BarOf(newest, now) : BinanceBar.Flat(open, newest.Close);
        _hasNews = false;
        _pushedAt = now;
        Schedule(now);
    }

    /// <summary>The market traded.</summary>
    public void Publish(in MarketCandle candle, long marketTime)
    {
        while (_bar is { } bar && bar.Candle.Time < candle.Time)
            Close(bar, Math.Max(Key.Timeframe.Next(bar.Candle.Time) + CloseDelay, Math.Min(marketTime, candle.Time)));
        // What is reported of an earlier interval is not pushed any more; REST tells it.
        if (_bar is { } running && running.Candle.Time > candle.Time)
            return;
        _bar = BarOf(candle, marketTime);
        _hasNews = true;
        Advance(marketTime);
    }

    /// <summary>Sends one bar now, whatever the pace.</summary>
    public void Send(in MarketCandle candle, long marketTime)
    {
        while (_bar is { } bar && bar.Candle.Time < candle.Time && Key.Timeframe.Next(bar.Candle.Time) <= candle.Time)
            Close(bar, Key.Timeframe.Next(bar.Candle.Time) + CloseDelay);
        _bar = BarOf(candle, marketTime);
        Push(_bar.Value, isOver: false, marketTime);
    }

    /// <summary>Time has passed: what is over is closed, and what changed is pushed when it is its turn.</summary>
    public void Advance(long now)
    {
        while (_bar is { } bar && Key.Timeframe.Next(bar.Candle.Time) + CloseDelay <= now)
            Close(bar, now);
        if (_hasNews && now - _pushedAt >= _exchange.Options.PushInterval.TotalMilliseconds)
            Push(_bar!.Value, isOver: false, now);
        Schedule(now);
    }

    public void Dispose() => _timer.Dispose();

    private BinanceBar BarOf(in MarketCandle candle, long asOf) => new(candle, _exchange.Market.Figures(Key, candle, asOf));

    private void Close(in BinanceBar bar, long now)
    {
        Push(bar, isOver: true, now);
        _bar = BinanceBar.Flat(Key.Timeframe.Next(bar.Candle.Time), bar.Candle.Close);
        _hasNews = true;
    }

    private void Push(in BinanceBar bar, bool isOver, long now)
    {
        _hasNews = false;
        _pushedAt = now;
        Updates++;
        if (!HasSessions)
            return;
        var end = Key.Timeframe.Next(bar.Candle.Time);
        if (BinanceBadRows.Stray(bar, _exchange.Faults, Key.Text) is { } stray)
            Tell(time => BinanceText.Event(stray, _symbol, _interval, Key.Timeframe.Next(stray.Candle.Time), isOver: false, time), now);
        var told = bar;
        var spoiled = BinanceBadRows.InPlaceOf(bar, _exchange.Faults, Key.Text,
            (in row, high, close, volume) => BinanceText.Event(row, _symbol, _interval, end, isOver, now, high, close, volume));
        Tell(time => spoiled ?? BinanceText.Event(told, _symbol, _interval, end, isOver, time), now);
    }

    private void Tell(Func<long, string> text, long now)
    {
        foreach (var session in _sessions)
            session.SendEvent(this, text, now);
    }

    private void Schedule(long now)
    {
        if (!HasSessions || _bar is not { } bar)
            return;
        var due = Key.Timeframe.Next(bar.Candle.Time) + CloseDelay;
        if (_hasNews)
            due = Math.Min(due, _pushedAt + (long)_exchange.Options.PushInterval.TotalMilliseconds);
        // No timer waits longer than some weeks; it is set again when it goes off.
        _timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(due - now, 1, MarketTimeframe.Day)), Timeout.InfiniteTimeSpan);
    }
}
