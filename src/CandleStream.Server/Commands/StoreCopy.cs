using CandleStream.Storage;

namespace CandleStream.Server.Commands;

/// <summary>
/// Copies one store into another. A server may go on recording into the first one: the copy never claims more than it holds.
/// </summary>
internal sealed class StoreCopy(ICandleStore source, ICandleStore target, int batchRows)
{
    public CandleTally Tally { get; } = new();

    /// <summary>Copies one series, revs and origins included; returns how many candles it handled.</summary>
    public async Task<long> CopyAsync(SeriesKey series, CancellationToken stop)
    {
        // What is known before a candle is read vouches for candles that will be read. What is known no longer afterwards was deleted
        // meanwhile.
        var before = await source.FindSeriesAsync(series, stop);
        var highest = await source.HighestRevAsync(stop);
        var candles = await SaveAsync(
            series, source.ReadAsync(series, new TimeRange(0, long.MaxValue), int.MaxValue, newestFirst: false, stop), stop);
        // What changed behind the reader's back.
        candles += await SaveAsync(series, source.ChangesSinceAsync(series, highest, int.MaxValue, stop), stop);
        if (before is null || await source.FindSeriesAsync(series, stop) is not { } after) return candles;
        var verified = before.Verified.Subtract(before.Verified.Subtract(after.Verified));
        var promise = new SeriesChange(series, verified, TimeRangeSet.Empty, Rev.Max(before.CompleteFrom, after.CompleteFrom),
            Math.Min(before.ToldFrom, after.ToldFrom));
        await target.SaveAsync(new StoreBatch([], [promise]), CancellationToken.None);
        return candles;
    }

    private async Task<long> SaveAsync(SeriesKey series, IAsyncEnumerable<Candle> candles, CancellationToken stop)
    {
        var count = 0L;
        await foreach (var batch in candles.Chunk(batchRows).WithCancellation(stop))
        {
            Array.Sort(batch, CandleTimes);
            var held = await CandleTally.HeldAsync(target, series, batch, stop);
            foreach (var candle in batch)
            {
                Candle? old = held.TryGetValue(candle.Time, out var stored) ? stored : null;
                Tally.Count(candle, old, isTaken: candle.Rev > stored.Rev);
            }

            await target.SaveAsync(new StoreBatch([.. batch.Select(c => new StoredCandle(series, c))], []), CancellationToken.None);
            count += batch.Length;
        }

        return count;
    }

    private static int CandleTimes(Candle left, Candle right) => left.Time.CompareTo(right.Time);
}
