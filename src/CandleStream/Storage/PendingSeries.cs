namespace CandleStream.Storage;

/// <summary>What waits to be saved of one series: the newest version of each candle, and what is known of the series once they are saved. Guarded by its owner.</summary>
internal sealed class PendingSeries(SeriesKey series)
{
    private readonly SortedDictionary<long, Candle> _candles = [];
    private TimeRangeSet _verified = TimeRangeSet.Empty;
    private TimeRangeSet _lost = TimeRangeSet.Empty;
    private long? _completeFrom;

    public int Count => _candles.Count;

    public bool IsEmpty => _candles.Count == 0 && _verified.IsEmpty && _lost.IsEmpty && _completeFrom is null;

    public IReadOnlyCollection<Candle> Candles => _candles.Values;

    public void Add(in Candle candle)
    {
        if (!_candles.TryGetValue(candle.Time, out var held) || candle.Rev > held.Rev) _candles[candle.Time] = candle;
    }

    public void Add(SeriesChange change)
    {
        _verified = _verified.Union(change.Verified);
        foreach (var range in change.Verified.Ranges) _lost = _lost.Subtract(range);
        foreach (var range in change.Unverified.Ranges) Lose(range);
        _completeFrom = change.CompleteFrom ?? _completeFrom;
    }

    /// <summary>Takes back what could not be saved; what came since is newer.</summary>
    public void AddOlder(PendingSeries failed)
    {
        foreach (var candle in failed._candles.Values) Add(candle);
        var verified = failed._verified;
        foreach (var range in _lost.Ranges) verified = verified.Subtract(range);
        _verified = _verified.Union(verified);
        _lost = _lost.Union(failed._lost);
        _completeFrom ??= failed._completeFrom;
    }

    /// <summary>Gives up the waiting candles; returns the range they were in, which is no longer verified.</summary>
    public TimeRange LoseCandles()
    {
        var lost = new TimeRange(_candles.Keys.First(), series.Timeframe.EndOf(_candles.Keys.Last()));
        _candles.Clear();
        Lose(lost);
        return lost;
    }

    public SeriesChange? Change =>
        _verified.IsEmpty && _lost.IsEmpty && _completeFrom is null ? null : new SeriesChange(series, _verified, _lost, _completeFrom);

    private void Lose(TimeRange range)
    {
        _verified = _verified.Subtract(range);
        _lost = _lost.Add(range);
    }
}
