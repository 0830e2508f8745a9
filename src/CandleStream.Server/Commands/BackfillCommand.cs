using CandleStream.Storage;
using CandleStream.Streaming;

namespace CandleStream.Server.Commands;

/// <summary>Fetches what the store does not know of a range, page by page. Each page is saved with its coverage, so that stopping loses nothing and starting again goes on.</summary>
internal sealed class BackfillCommand(CommandHost host)
{
    private readonly RevCounter _revs = new(host.Time);

    public async Task<int> RunAsync(SeriesKey series, TimeRange range, CancellationToken stop)
    {
        _revs.Raise(await host.Store.HighestRevAsync(stop));
        range = range with { From = Math.Max(range.From, CandleHistory.FirstTime), To = Math.Min(range.To, host.Time.GetUtcNow().ToUnixTimeMilliseconds()) };
        var record = await host.Store.FindSeriesAsync(series, stop);
        var missing = (record?.Verified ?? TimeRangeSet.Empty).MissingIn(new TimeRange(series.Timeframe.CeilingOf(range.From), range.To));
        var candles = await CommandProgress.ShowAsync($"{series}", report => FetchAsync(series, missing, report, stop));
        Console.WriteLine($"{series}: {candles} candles fetched; {missing.Ranges.Length} unknown ranges were filled.");
        return 0;
    }

    private async Task<long> FetchAsync(SeriesKey series, TimeRangeSet missing, Action<double, long> report, CancellationToken stop)
    {
        var total = missing.Ranges.Sum(r => (double)(r.To - r.From));
        double done = 0;
        long candles = 0;
        foreach (var range in missing.Ranges)
        {
            for (var rest = range; !rest.IsEmpty;)
            {
                var page = await host.Provider.FetchAsync(series, rest, FetchPurpose.History, stop);
                var (trusted, verified) = HistoryFetcher.Trusted(series.Timeframe, page);
                if (verified.IsEmpty) return candles; // What is younger than a minute may still change: the server follows it live.
                // Read anew for each page: a server beside this command may have told its clients of times that were history before.
                var told = (await host.Store.FindSeriesAsync(series, stop))?.ToldFrom ?? SeriesRecord.NothingTold;
                var held = new List<Candle>();
                await foreach (var row in host.Store.ReadAsync(series, verified.Ranges[0], int.MaxValue, newestFirst: false, stop)) held.Add(row);
                await host.Store.SaveAsync(
                    new StoreBatch([.. CandleArchive.Numbered(trusted, held, told, _revs).Select(c => new StoredCandle(series, c))], [new SeriesChange(series, verified, TimeRangeSet.Empty)]), CancellationToken.None);
                candles += trusted.Count;
                done += page.Range.To - rest.From;
                rest = rest with { From = page.Range.To };
                report(done / total, candles);
            }
        }

        return candles;
    }
}
