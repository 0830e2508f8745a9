using CandleStream.Providers;

namespace CandleStream.Streaming.Series;

/// <summary>
/// Decides what of the provider's news is believed: which candles, and which time. Puts it into the candles and their coverage, and
/// collects what changed by it. The lock of its series guards it.
/// </summary>
internal sealed class SeriesIntake(HubMemory memory, SeriesCoverage coverage, RefusedCandles refused, TimeProvider time)
{
    private readonly SeriesCandles _candles = memory.Candles;
    private readonly SeriesCoverage _coverage = coverage;
    private readonly RefusedCandles _refused = refused;
    private readonly PresentTime _present = new(time);
    private readonly TimeProvider _time = time;
    private readonly List<Candle> _changes = [];

    // Times of rows that were refused since they were last told to the coverage.
    private readonly List<TimeRange> _spoiled = [];

    // When the series was opened (timestamp): its clients wait for it since.
    private readonly long _openedAt = time.GetTimestamp();

    // When the newest candle of the channel was first heard (timestamp), and up to when the channel can have been heard then: its own
    // candle, or the snapshot's time.
    private long _heardAt;
    private long _heardFrom;

    // The snapshot was empty and no time was known yet: following begins with the first that is told.
    private bool _beginsLater;

    /// <summary>Every change since they were last published; a candle may be in it twice, the newest last.</summary>
    public List<Candle> Changes => _changes;

    /// <summary>
    /// The latest that exchange time can be by what this series was told of it; null before it was told any. It closes nothing.
    /// </summary>
    public long? Present => _present.Latest;

    private SeriesKey Series => memory.Key;

    /// <summary>
    /// A time told by other means than a frame of the series, as far as it is believed. True where the present went back to it.
    /// </summary>
    public (long Time, bool IsBack) Judge(long exchangeTime) => _present.Judge(exchangeTime);

    /// <summary>A whole snapshot, oldest candle first.</summary>
    public void Snapshot(IReadOnlyList<Candle> candles, long? exchangeTime)
    {
        Doubt(exchangeTime);
        if (exchangeTime is { } heard) HearTime(heard);
        candles = _coverage.Wanted(candles);
        long? oldest = null;
        foreach (var candle in candles)
        {
            if (!Admit(candle, exchangeTime)) continue;
            oldest ??= candle.Time;
            Push(candle, exchangeTime);
        }

        // Afterwards: what time closes now was last heard before the interruption, and the snapshot may know better.
        if (exchangeTime is { } now) PassTime(now);

        // Without exchange time the newest candle is the best lower bound of it; it serves coverage only and closes nothing.
        var began = exchangeTime ?? _candles.Newest?.Time;
        _beginsLater = began is null;
        if (began is { } time)
        {
            HearFrom(time);
            Begin(oldest, time, exchangeTime is null ? _present.Latest : null);
        }

        _candles.AddEarly(_changes);
        Spoil();
    }

    /// <summary>Takes the candles of a REST answer.</summary>
    /// <param name="page">The answer.</param>
    /// <param name="asOf">Its time as far as it is believed.</param>
    /// <param name="tellsTime">True where the answer advances time.</param>
    public void Fetch(HistoryPage page, long asOf, bool tellsTime)
    {
        if (tellsTime && _candles.ExchangeTime is null) SetTime(asOf);
        foreach (var candle in page.Candles)
        {
            if (Admit(candle, asOf)) _candles.Fetch(candle, asOf, _changes, tellsTime ? asOf : null);
        }

        if (tellsTime) PassTime(asOf);

        _candles.AddEarly(_changes);
        TellOpening(asOf);
        // A row that was refused says nothing: what is known of its time, or is not, stays as it was.
        _coverage.Fetched(page.Range, asOf, page.Unreadable.Union(TimeRangeSet.Of(_spoiled)), page.ProvedTo);
        _spoiled.Clear();
    }

    public bool Admit(in Candle candle, long? asOf)
    {
        var timeframe = Series.Timeframe;
        var isPresent = asOf is { } time
            ? candle.Time <= Math.Max(time, _candles.ExchangeTime ?? time) + SeriesCandles.FutureToleranceMs
            : _present.Admits(candle.Time);
        if (candle.IsPlausible(timeframe) && isPresent)
        {
            if (timeframe.StartOf(candle.Time) != candle.Time) _refused.Unexpected(candle);
            return true;
        }

        _refused.Add(candle);
        _spoiled.Add(new TimeRange(timeframe.StartOf(candle.Time), timeframe.EndOf(timeframe.StartOf(candle.Time))));
        return false;
    }

    public void Push(in Candle candle, long? exchangeTime)
    {
        if (candle.Time > (_candles.Newest?.Time ?? long.MinValue)) HearFrom(Series.Timeframe.EndOf(candle.Time));
        _candles.Push(candle, _changes, exchangeTime);
    }

    /// <summary>The times of rows that were refused are no longer certain.</summary>
    public void Spoil()
    {
        foreach (var times in _spoiled) _coverage.Spoil(times);
        _spoiled.Clear();
    }

    /// <summary>Something may have been missed from here on.</summary>
    public void Interrupt()
    {
        _beginsLater = false;
        _coverage.Interrupt();
        Doubt(_candles.ExchangeTime);
    }

    // Any candle since the last verified one may have been in what could not be read: following begins with the next candle.
    public void BeginAnew()
    {
        _coverage.Interrupt();
        Doubt(_candles.ExchangeTime);
        if ((_candles.ExchangeTime ?? _candles.Newest?.Time) is { } now) Begin(null, now, _present.Latest);
    }

    // After an empty snapshot that came before any time was told.
    public void BeginLater(long time)
    {
        if (!_beginsLater) return;
        _beginsLater = false;
        HearFrom(time);
        Begin(null, time, _present.Latest);
    }

    public bool IsNextSecond(long exchangeTime) => _candles.ExchangeTime is not { } known || known / 1000 < exchangeTime / 1000;

    public void PassTime(long exchangeTime) => _candles.PassTime(exchangeTime, _changes);

    /// <summary>
    /// A time told by a frame. Where none was known, or a later one was, the series starts anew from it: what later time said was wrong.
    /// </summary>
    public void HearTime(long exchangeTime)
    {
        if (GoBack(exchangeTime))
        {
            _present.Set(exchangeTime);
            return;
        }

        if (_candles.ExchangeTime is null) SetTime(exchangeTime);
        _present.Told(exchangeTime);
    }

    /// <summary>True where a later time was known than this one, which replaces it.</summary>
    public bool GoBack(long exchangeTime)
    {
        var known = Math.Max(_candles.ExchangeTime ?? 0, _coverage.Now ?? 0);
        if (exchangeTime >= known - SeriesCandles.FutureToleranceMs) return false;
        _refused.WrongTime(known, exchangeTime);
        SetTime(exchangeTime);
        return true;
    }

    /// <summary>
    /// The times of the channel's own frames vouch for it no further than its newest candle and what passed since: two wrong ones in a row
    /// are believed.
    /// </summary>
    public long HeardAtMost() => _heardFrom + (long)_time.GetElapsedTime(_heardAt).TotalMilliseconds + PresentTime.SlackMs;

    private void Begin(long? oldest, long exchangeTime, long? latest)
    {
        TellOpening(exchangeTime);
        _coverage.Begin(oldest, exchangeTime, latest);
    }

    // Clients have waited since the series was opened: what was traded before the exchange was heard is missing, and no history.
    private void TellOpening(long exchangeTime) =>
        _coverage.OpenedAt(exchangeTime - (long)_time.GetElapsedTime(_openedAt).TotalMilliseconds);

    private void HearFrom(long time) => (_heardFrom, _heardAt) = (time, _time.GetTimestamp());

    private void SetTime(long exchangeTime)
    {
        foreach (var candle in _candles.SetTime(exchangeTime, _changes)) _refused.Add(candle);
        _coverage.SetTime(exchangeTime);
        if (_candles.Newest is null || _candles.Newest.Value.Time < memory.Latest?.Candle.Time) memory.ResetLatest();
        HearFrom(exchangeTime);
    }

    // The exchange revises the candle before the running one. While nobody listened, that was one of the last two heard, or a later one.
    private void Doubt(long? exchangeTime)
    {
        if (_candles.Latest(2) is [var first, ..]) _coverage.Doubt(first.Time, exchangeTime ?? 0);
    }
}
