using CandleStream.Storage;

namespace CandleStream.Server.Commands;

/// <summary>Copies one store into another, series by series, revs and coverage included, so that clients can resume at a server that uses the copy.</summary>
internal sealed class CopyToCommand(CommandHost host)
{
    public async Task<int> RunAsync(string url, CancellationToken stop)
    {
        await using var target = CandleStoreFactory.Create(host.Storage, url, host.Time, host.Loggers);
        await target.OpenAsync(host.Source, exclusive: false, stop);
        var all = await host.Store.ListSeriesAsync(stop);
        var copied = await CommandProgress.ShowAsync("copy", async report =>
        {
            var candles = 0L;
            for (var i = 0; i < all.Count; i++)
            {
                candles += await CopyAsync(all[i], target, stop);
                report((i + 1.0) / all.Count, candles);
            }

            return candles;
        });
        if (await host.Store.FindSymbolsAsync(stop) is { } symbols) await target.SaveSymbolsAsync(symbols, stop);
        Console.WriteLine($"{all.Count} series with {copied} candles copied.");
        return 0;
    }

    private async Task<long> CopyAsync(SeriesKey series, ICandleStore target, CancellationToken stop)
    {
        var candles = 0L;
        await foreach (var batch in host.Store.ReadAsync(series, new TimeRange(0, long.MaxValue), int.MaxValue, newestFirst: false, stop).Chunk(host.Storage.ImportBatchRows).WithCancellation(stop))
        {
            await target.SaveAsync(new StoreBatch([.. batch.Select(c => new StoredCandle(series, c))], []), CancellationToken.None);
            candles += batch.Length;
        }

        // Last, as it vouches for the candles.
        if (await host.Store.FindSeriesAsync(series, stop) is { } record)
            await target.SaveAsync(new StoreBatch([], [new SeriesChange(series, record.Verified, TimeRangeSet.Empty, record.CompleteFrom, record.ToldFrom)]), CancellationToken.None);
        return candles;
    }
}
