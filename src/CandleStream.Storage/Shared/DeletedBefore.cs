namespace CandleStream.Storage.Shared;

/// <summary>What a deletion of old candles makes of their series' record.</summary>
internal static class DeletedBefore
{
    /// <summary>
    /// Saved before the candles go: candles without coverage are fetched again at worst, coverage without candles would be a lie. A client
    /// that knew of none of the deleted changes starts anew; what the others were told still counts.
    /// </summary>
    public static SeriesChange ChangeOf(SeriesKey series, long time, Rev highestRev, SeriesRecord record) => new(
        series, TimeRangeSet.Empty, TimeRangeSet.Of(new TimeRange(long.MinValue, time)), record.CompleteFrom > Rev.None
            && highestRev > Rev.None
            ? highestRev
            : null, record.ToldFrom);
}
