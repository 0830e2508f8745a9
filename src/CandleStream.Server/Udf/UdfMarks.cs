using System.Globalization;
using CandleStream.Streaming;

namespace CandleStream.Server.Udf;

/// <summary>Marks of gaps. A hole cannot be drawn over UDF: the first bar behind it says that something may be missing before it.</summary>
internal static class UdfMarks
{
    /// <param name="answer">Candles, oldest first, and the gaps between them.</param>
    /// <param name="start">Bars before this time (Unix ms) get no mark.</param>
    public static IEnumerable<UdfMark> Of(HistoryAnswer answer, long start) => answer.Gaps
        .Select(gap => (Gap: gap, Bar: answer.Candles.FirstOrDefault(c => c.Time >= gap.To)))
        .Where(m => m.Bar.Time > 0 && m.Bar.Time >= start)
        .GroupBy(m => m.Bar.Time)
        .Select(m => MarkOf(m.Key, new TimeRange(m.Min(g => g.Gap.From), m.Max(g => g.Gap.To))));

    private static UdfMark MarkOf(long bar, TimeRange gap) => new(
        $"gap-{gap.From / 1000}",
        bar / 1000,
        "red",
        $"Candles may be missing from {Text(gap.From)} to {Text(gap.To)} UTC: the server was not connected then.",
        "?");

    private static string Text(long time) =>
        DateTimeOffset.FromUnixTimeMilliseconds(time).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
