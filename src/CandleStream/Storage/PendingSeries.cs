namespace CandleStream.Storage;

/// <summary>What waits to be saved of one series: the newest version of each candle, and what is known of the series once they are saved. Guarded by its owner.</summary>
internal sealed class PendingSeries(SeriesKey series)
{
    private readonly SortedDictionary<long, Candle> _candles = [];
    private TimeRangeSet _verified = TimeRangeSet.Empty;
    private TimeRangeSet _unverified = TimeRangeSet.Empty;
    private long? _completeFrom;

    public int Count => _candles.Count;

    public IReadOnlyCollection<Candle> Candles => _candles.Values;

    public void Add(in Candle candle)
    {
        if (!_candles.TryGetValue(candle.Time, out var held) || candle.Rev > held.Rev) _candles[candle.Time] = candle;
    }

    public void Add(SeriesChange change)
    {
        _verified = _verified.Union(change.Verified);
        _unverified = _unverified.Subtract(change.Verified);
        Unverify(change.Unverified);
        _completeFrom = change.CompleteFrom ?? _completeFrom;
    }

    /// <summary>Takes back what could not be saved; what came since is newer.</summary>
    public void AddOlder(PendingSeries failed)
    {
        foreach (var candle in failed._candles.Values) Add(candle);
        var (verified, unverified) = (failed._verified.Subtract(_unverified), failed._unverified.Subtract(_verified));
        (_verified, _unverified) = (_verified.Union(verified), _unverified.Union(unverified));
        _completeFrom ??= failed._completeFrom;
    }

    /// <summary>Gives up the waiting candles; returns the range they were in, which is no longer verified.</summary>
    public TimeRange GiveUp()
    {
        var range = new TimeRange(_candles.Keys.First(), series.Timeframe.EndOf(_candles.Keys.Last()));
        _candles.Clear();
        Unverify(TimeRangeSet.Of(range));
        return range;
    }

    public SeriesChange? Change =>
        _verified.IsEmpty && _unverified.IsEmpty && _completeFrom is null ? null : new SeriesChange(series, _verified, _unverified, _completeFrom);

    private void Unverify(TimeRangeSet ranges)
    {
        _verified = _verified.Subtract(ranges);
        _unverified = _unverified.Union(ranges);
    }
}
