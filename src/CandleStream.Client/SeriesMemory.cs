namespace CandleStream.Client;

/// <summary>
/// What a client remembers of its series: the newest rev of each recent candle, so that nothing old or repeated is handed on.
/// </summary>
internal sealed class SeriesMemory
{
    // Revisions are accepted at any age; remembering the revs of this many candles is enough to filter the overlap of a resume.
    private const int Remembered = 6_000;

    private readonly Dictionary<SeriesKey, SortedList<long, Rev>> _revs = [];

    /// <summary>True when the candle is newer than what was handed on before; it is then remembered.</summary>
    public bool Accept(SeriesKey series, in Candle candle)
    {
        if (!_revs.TryGetValue(series, out var revs)) _revs.Add(series, revs = []);
        if (revs.TryGetValue(candle.Time, out var held) && candle.Rev <= held) return false;
        revs[candle.Time] = candle.Rev;
        if (revs.Count > Remembered) revs.RemoveAt(0);
        return true;
    }

    public void Forget(SeriesKey series) => _revs.Remove(series);
}
