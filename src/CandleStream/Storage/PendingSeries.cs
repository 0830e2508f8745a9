namespace CandleStream.Storage;

/// <summary>
/// What waits to be saved of one series: the newest version of each candle, and what is known of the series once they are saved. Guarded by
/// its owner.
/// </summary>
internal sealed class PendingSeries(SeriesKey series)
{
    private readonly SortedDictionary<long, Candle> _candles = [];
    private TimeRangeSet _verified = TimeRangeSet.Empty;
    private TimeRangeSet _unverified = TimeRangeSet.Empty;
    private Rev? _completeFrom;
    private long _toldFrom = SeriesRecord.NothingTold;

    public int Count => _candles.Count;

    public IReadOnlyCollection<Candle> Candles => _candles.Values;

    public SeriesChange? Change =>
        _verified.IsEmpty && _unverified.IsEmpty && _completeFrom is null && _toldFrom == SeriesRecord.NothingTold
        ? null
        : new SeriesChange(series, _verified, _unverified, _completeFrom, _toldFrom);

    public void Add(in Candle candle)
    {
        if (!_candles.TryGetValue(candle.Time, out var held) || candle.Rev > held.Rev) _candles[candle.Time] = candle;
    }

    public void Add(SeriesChange change)
    {
        _verified = _verified.Union(change.Verified);
        _unverified = _unverified.Subtract(change.Verified);
        Unverify(change.Unverified);
        // What was told before the promise moved counts no longer; where it is not known whether it moved, it still may.
        _toldFrom = change.CompleteFrom > _completeFrom ? change.ToldFrom : Math.Min(_toldFrom, change.ToldFrom);
        _completeFrom = Later(_completeFrom, change.CompleteFrom);
    }

    /// <summary>Takes back what could not be saved; what came since is newer.</summary>
    public void AddOlder(PendingSeries failed)
    {
        foreach (var candle in failed._candles.Values) Add(candle);
        var (verified, unverified) = (failed._verified.Subtract(_unverified), failed._unverified.Subtract(_verified));
        (_verified, _unverified) = (_verified.Union(verified), _unverified.Union(unverified));
        if (!(_completeFrom > failed._completeFrom)) _toldFrom = Math.Min(_toldFrom, failed._toldFrom);
        _completeFrom = Later(_completeFrom, failed._completeFrom);
    }

    /// <summary>Gives up the waiting candles; returns the range they were in, which is no longer verified.</summary>
    public TimeRange GiveUp()
    {
        var range = new TimeRange(_candles.Keys.First(), series.Timeframe.EndOf(_candles.Keys.Last()));
        _candles.Clear();
        Unverify(TimeRangeSet.Of(range));
        return range;
    }

    /// <summary>
    /// Drops what opened before <paramref name="time"/>; returns the highest rev among it, <see cref="Rev.None"/> where there was none.
    /// </summary>
    public Rev Forget(long time)
    {
        var highestRev = Rev.None;
        foreach (var old in _candles.Values.TakeWhile(c => c.Time < time).ToList())
        {
            _candles.Remove(old.Time);
            highestRev = Rev.Max(highestRev, old.Rev);
        }

        _verified = _verified.Subtract(new TimeRange(long.MinValue, time));
        return highestRev;
    }

    private static Rev? Later(Rev? one, Rev? other) => one > other || other is null ? one : other;

    private void Unverify(TimeRangeSet ranges)
    {
        _verified = _verified.Subtract(ranges);
        _unverified = _unverified.Union(ranges);
    }
}
