using CandleStream.Providers;
using CandleStream.Storage;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Commands;

/// <summary>
/// Fetches what the store does not know of a range, page by page. Each page is saved with its coverage, so that stopping loses nothing and
/// starting again goes on.
/// </summary>
internal sealed class BackfillCommand(CommandHost host)
{
    private readonly CandleTally _tally = new();

    public async Task<int> RunAsync(SeriesKey series, TimeRange range, CancellationToken stop)
    {
        range = range with
        {
            From = Math.Max(range.From, CandleHistory.FirstTime),
            To = Math.Min(range.To, host.Time.GetUtcNow().ToUnixTimeMilliseconds())
        };
        var record = await host.Store.FindSeriesAsync(series, stop);
        var missing = (record?.Verified ?? TimeRangeSet.Empty).MissingIn(new TimeRange(series.Timeframe.CeilingOf(range.From), range.To));
        var candles = await CommandProgress.ShowAsync($"{series}", report => FetchAsync(series, missing, report, stop));
        Console.WriteLine($"{series}: {candles} candles fetched; {missing.Ranges.Length} unknown ranges filled.");
        Console.WriteLine(_tally);
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
                var (trusted, verified) = HistoryFill.Trusted(series.Timeframe, page);
                // It may still change: the server follows it live.
                if (verified.IsEmpty && HistoryFill.IsYoung(series.Timeframe, page)) return candles;
                rest = rest with { From = page.Range.To };
                await SaveAsync(series, page, trusted, verified, stop);
                candles += trusted.Count;
                done += page.Range.To - page.Range.From;
                report(done / total, candles);
            }
        }

        return candles;
    }

    private async Task SaveAsync(
        SeriesKey series, HistoryPage page, IReadOnlyList<Candle> trusted, TimeRangeSet verified, CancellationToken stop)
    {
        foreach (var candle in page.Candles.Where(c => !c.IsPlausible(series.Timeframe)))
        {
            _tally.Refused++;
            await Console.Error.WriteLineAsync(
                $"candlestream: {series}: the exchange's candle of {candle.Time} was refused: no real candle looks like that.");
        }

        if (verified.IsEmpty) return; // No row of the answer can be believed: its times stay unknown.
        var saved = new TimeRange(verified.Ranges[0].From, verified.Ranges[^1].To);
        var held = await host.Store.ReadAsync(series, saved, int.MaxValue, newestFirst: false, stop).ToListAsync(stop);
        _tally.Count(trusted, held.ToDictionary(c => c.Time));
        // Read anew for each page: a server beside this command may have told its clients of times that were history before.
        var told = await CandleArchive.MayBeToldFromAsync(host.Store, series, stop);
        await host.Store.SaveAsync(
            new StoreBatch(
                [.. CandleArchive.Numbered(trusted, held, told, host.Revs).Select(c => new StoredCandle(series, c))],
                [new SeriesChange(series, verified, TimeRangeSet.Empty, ToldFrom: told)]),
            CancellationToken.None);
    }
}
