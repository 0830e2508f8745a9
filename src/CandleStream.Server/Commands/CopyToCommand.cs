using CandleStream.Storage;

namespace CandleStream.Server.Commands;

/// <summary>
/// Copies one store into another, series by series, revs and coverage included, so that clients can resume at a server that uses the copy.
/// </summary>
internal sealed class CopyToCommand(CommandHost host)
{
    public async Task<int> RunAsync(string url, CancellationToken stop)
    {
        await using var target = CandleStoreFactory.Create(host.Storage, url, host.Time, host.Loggers);
        await target.OpenAsync(host.Source, exclusive: false, stop);
        var all = await host.Store.ListSeriesAsync(stop);
        var copy = new StoreCopy(host.Store, target, host.Storage.ImportBatchRows);
        await CommandProgress.ShowAsync("copy", async report =>
        {
            var candles = 0L;
            for (var i = 0; i < all.Count; i++)
            {
                candles += await copy.CopyAsync(all[i], stop);
                report((i + 1.0) / all.Count, candles);
            }

            return candles;
        });
        if (await host.Store.FindSymbolsAsync(stop) is { } symbols) await target.SaveSymbolsAsync(symbols, stop);
        Console.WriteLine($"{all.Count} series copied.");
        Console.WriteLine(copy.Tally);
        return 0;
    }
}
