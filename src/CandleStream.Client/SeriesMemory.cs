using System.Text.Json;

namespace CandleStream.Client;

/// <summary>What a client remembers of its series: the newest rev of each recent candle, so that nothing old or repeated is handed on, and the candle that deltas build on.</summary>
internal sealed class SeriesMemory
{
    // Revisions are accepted at any age; remembering the revs of this many candles is enough to filter the overlap of a resume.
    private const int Remembered = 6_000;

    private readonly Dictionary<SeriesKey, SortedList<long, Candle>> _series = [];

    /// <summary>True when the candle is newer than what was handed on before; it is then remembered.</summary>
    public bool Accept(SeriesKey series, in Candle candle)
    {
        var candles = Candles(series);
        if (candles.TryGetValue(candle.Time, out var held) && candle.Rev <= held.Rev) return false;
        candles[candle.Time] = candle;
        if (candles.Count > Remembered) candles.RemoveAt(0);
        return true;
    }

    /// <summary>The candle that a delta describes; null when its base is not held, which a whole candle will soon mend.</summary>
    public Candle? Rebuild(SeriesKey series, JsonElement delta)
    {
        var time = delta.GetProperty("time").GetInt64();
        if (!Candles(series).TryGetValue(time, out var held) || held.Rev != delta.GetProperty("base").GetInt64()) return null;
        return CandleReader.Over(delta, held);
    }

    public void Forget(SeriesKey series) => _series.Remove(series);

    private SortedList<long, Candle> Candles(SeriesKey series)
    {
        if (!_series.TryGetValue(series, out var candles)) _series.Add(series, candles = []);
        return candles;
    }
}
