using System.Globalization;
using CandleStream.Providers;
using CandleStream.Storage;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Commands;

/// <summary>Compares stored candles with the exchange's, page by page.</summary>
internal sealed class VerifyCommand(CommandHost host)
{
    private long _compared;
    private long _missing;
    private long _different;
    private long _unknownToExchange;

    /// <returns>0 when nothing differs or everything was repaired, else 1.</returns>
    public async Task<int> RunAsync(SeriesKey series, TimeRange range, bool repair, CancellationToken stop)
    {
        range = range with
        {
            From = Math.Max(range.From, CandleHistory.FirstTime),
            To = Math.Min(range.To, host.Time.GetUtcNow().ToUnixTimeMilliseconds())
        };
        for (var rest = range; !rest.IsEmpty;)
        {
            var page = await host.Provider.FetchAsync(series, rest, FetchPurpose.History, stop);
            var (candles, verified) = HistoryFill.Trusted(series.Timeframe, page);
            if (verified.IsEmpty) break;
            var wrong = await CompareAsync(series, candles, verified.Ranges[0], stop);
            if (repair) await RepairAsync(series, wrong, verified);
            rest = rest with { From = page.Range.To };
        }

        Console.WriteLine(
            $"{series}: {_compared} candles compared, {_missing} missing, {_different} different, {_unknownToExchange} that the exchange does not have{(repair ? "; missing and different ones repaired" : "")}.");
        return (repair || _missing + _different == 0) && _unknownToExchange == 0 ? 0 : 1;
    }

    private async Task<List<Candle>> CompareAsync(SeriesKey series, IReadOnlyList<Candle> exchange, TimeRange range, CancellationToken stop)
    {
        var stored = new Dictionary<long, Candle>();
        await foreach (var row in host.Store.ReadAsync(series, range, int.MaxValue, newestFirst: false, stop)) stored.Add(row.Time, row);
        var wrong = new List<Candle>();
        foreach (var candle in exchange)
        {
            _compared++;
            if (!stored.Remove(candle.Time, out var row))
            {
                _missing++;
                Print(candle.Time, "missing in the store", Text(candle));
            }
            else if (row.HasSameValues(candle))
            {
                continue;
            }
            else
            {
                _different++;
                Print(candle.Time, Text(row), Text(candle));
            }

            wrong.Add(candle);
        }

        foreach (var row in stored.Values.OrderBy(c => c.Time))
        {
            _unknownToExchange++;
            Print(row.Time, Text(row), "not at the exchange");
        }

        return wrong;
    }

    // A repair is a change: it gets a new rev, so that it wins over what is stored and clients that resume are sent it.
    private Task RepairAsync(SeriesKey series, List<Candle> wrong, TimeRangeSet verified) => host.Store.SaveAsync(
        new StoreBatch([.. wrong.Select(c => new StoredCandle(series, c with { Rev = host.Revs.Next() }))],
            [new SeriesChange(series, verified, TimeRangeSet.Empty)]), CancellationToken.None);

    private static void Print(long time, string stored, string exchange) =>
        Console.WriteLine($"{DateTimeOffset.FromUnixTimeMilliseconds(time):yyyy-MM-ddTHH:mm:ssZ}  store: {stored}  exchange: {exchange}");

    private static string Text(in Candle c) =>
        string.Create(CultureInfo.InvariantCulture, $"o={c.Open} h={c.High} l={c.Low} c={c.Close} v={c.Volume}");
}
