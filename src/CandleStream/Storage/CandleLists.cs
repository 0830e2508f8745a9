namespace CandleStream.Storage;

/// <summary>Lists of candles, changed in place: an answer of ten thousand candles is a megabyte, held once.</summary>
internal static class CandleLists
{
    /// <summary>Oldest first.</summary>
    public static Comparer<Candle> ByTime { get; } = Comparer<Candle>.Create((a, b) => a.Time.CompareTo(b.Time));

    /// <summary>
    /// Lays <paramref name="others"/> over <paramref name="candles"/>, both oldest first, and returns it; of two versions of a candle the
    /// one with the higher rev stays. Only the end, where the two overlap, is copied.
    /// </summary>
    public static List<Candle> Merge(this List<Candle> candles, IReadOnlyList<Candle> others)
    {
        if (others.Count == 0) return candles;
        var apart = candles.BinarySearch(others[0], ByTime);
        if (apart < 0) apart = ~apart;
        var overlap = candles.GetRange(apart, candles.Count - apart);
        candles.RemoveRange(apart, overlap.Count);
        int i = 0, k = 0;
        while (i < overlap.Count && k < others.Count)
        {
            var (one, other) = (overlap[i], others[k]);
            if (one.Time <= other.Time) i++;
            if (other.Time <= one.Time) k++;
            candles.Add(one.Time < other.Time || (one.Time == other.Time && one.Rev >= other.Rev) ? one : other);
        }

        for (; i < overlap.Count; i++) candles.Add(overlap[i]);
        for (; k < others.Count; k++) candles.Add(others[k]);
        return candles;
    }

    /// <summary>Keeps <paramref name="limit"/> candles at most, of the newest or the oldest end.</summary>
    public static List<Candle> Limit(this List<Candle> candles, int limit, bool newestEnd)
    {
        var excess = candles.Count - limit;
        if (excess > 0) candles.RemoveRange(newestEnd ? 0 : limit, excess);
        return candles;
    }
}
