using System.Runtime.CompilerServices;

namespace CandleStream.Storage.Shared;

/// <summary>
/// Streams long answers as short queries, each going on where the one before ended. A reader may be as slow as a browser on a train;
/// between two pages it holds neither a connection of PostgreSQL nor a snapshot that keeps SQLite from trimming its log.
/// </summary>
internal static class CandlePages
{
    /// <summary>Rows a query fetches: enough that its fixed cost does not count.</summary>
    public const int Rows = 2000;

    /// <summary>Candles by time; <paramref name="page"/> is asked for a range and a number of rows.</summary>
    public static async IAsyncEnumerable<Candle> ByTimeAsync(
        Func<TimeRange, int, CancellationToken, ValueTask<List<Candle>>> page, TimeRange range, int limit, bool newestFirst,
        [EnumeratorCancellation] CancellationToken cancel)
    {
        while (limit > 0 && !range.IsEmpty)
        {
            var wanted = Math.Min(limit, Rows);
            var candles = await page(range, wanted, cancel);
            foreach (var candle in candles) yield return candle;
            if (candles.Count < wanted) yield break;
            limit -= wanted;
            range = newestFirst ? range with { To = candles[^1].Time } : range with { From = candles[^1].Time + 1 };
        }
    }

    /// <summary>Candles by rev; <paramref name="page"/> is asked for those after a rev and, among equal revs, after a time.</summary>
    public static async IAsyncEnumerable<Candle> ByRevAsync(
        Func<Rev, long, int, CancellationToken, ValueTask<List<Candle>>> page, Rev rev, int limit, [EnumeratorCancellation]
            CancellationToken cancel)
    {
        var time = long.MaxValue;
        while (limit > 0)
        {
            var wanted = Math.Min(limit, Rows);
            var candles = await page(rev, time, wanted, cancel);
            foreach (var candle in candles) yield return candle;
            if (candles.Count < wanted) yield break;
            limit -= wanted;
            (rev, time) = (candles[^1].Rev, candles[^1].Time);
        }
    }
}
