using System.Globalization;
using System.IO.Compression;
using CandleStream.Storage;
using CsvHelper;

namespace CandleStream.Server.Commands;

/// <summary>
/// Reads candles from CSV into the store. They are final history: each is numbered by its end, and never replaces one the server saw live.
/// The whole file is checked before anything is saved.
/// </summary>
internal sealed class ImportCommand(CommandHost host)
{
    private static readonly string[] Columns = ["open", "high", "low", "close", "volume"];

    public async Task<int> RunAsync(SeriesKey series, FileInfo file, bool complete, CancellationToken stop)
    {
        if (!file.Exists) throw new CommandException($"There is no file {file.Name}.");
        long rows = 0, previous = long.MinValue, first = 0;
        await foreach (var candle in ReadAsync(series, file, stop))
        {
            if (candle.Time <= previous) throw new CommandException($"{file.Name}, row {rows + 2}: times must rise, {candle.Time} does not.");
            if (rows++ == 0) first = candle.Time;
            previous = candle.Time;
        }

        await SaveAsync(series, file, rows, stop);
        if (complete && rows > 0) await SaveCoverageAsync(series, TimeRangeSet.Of(new TimeRange(first, series.Timeframe.EndOf(previous))));
        Console.WriteLine($"{series}: {rows} candles read from {file.Name}.");
        return 0;
    }

    private Task<long> SaveAsync(SeriesKey series, FileInfo file, long total, CancellationToken stop) => CommandProgress.ShowAsync($"{series}", async report =>
    {
        var saved = 0L;
        await foreach (var batch in ReadAsync(series, file, stop).Chunk(host.Storage.ImportBatchRows).WithCancellation(stop))
        {
            // A candle vouches for its own time only; what lies between two is unknown unless the file is said to be complete.
            var verified = TimeRangeSet.Of(batch.Select(c => new TimeRange(c.Time, series.Timeframe.EndOf(c.Time))));
            await host.Store.SaveAsync(new StoreBatch([.. batch.Select(c => new StoredCandle(series, c))], [new SeriesChange(series, verified, TimeRangeSet.Empty)]), CancellationToken.None);
            saved += batch.Length;
            report((double)saved / total, saved);
        }

        return saved;
    });

    private Task SaveCoverageAsync(SeriesKey series, TimeRangeSet verified) =>
        host.Store.SaveAsync(new StoreBatch([], [new SeriesChange(series, verified, TimeRangeSet.Empty)]), CancellationToken.None);

    private static async IAsyncEnumerable<Candle> ReadAsync(SeriesKey series, FileInfo file, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        await using var raw = file.OpenRead();
        await using Stream text = file.Extension == ".gz" ? new GZipStream(raw, CompressionMode.Decompress) : raw;
        await using var csv = CsvReader.Create(text);
        await csv.ReadHeaderAsync(stop);
        if (!csv.TryGetFieldIndex("time", out var time) && !csv.TryGetFieldIndex("mts", out time)) throw new CommandException($"{file.Name}: no column is named time or mts.");
        var columns = Columns.Select(name => csv.TryGetFieldIndex(name, out var index) ? index : throw new CommandException($"{file.Name}: no column is named {name}.")).ToArray();
        for (var row = 2; await csv.ReadAsync(stop); row++) yield return ToCandle(series, csv, time, columns, $"{file.Name}, row {row}");
    }

    private static Candle ToCandle(SeriesKey series, CsvReader csv, int time, int[] columns, string where)
    {
        if (!long.TryParse(csv.GetString(time), NumberStyles.None, CultureInfo.InvariantCulture, out var opened)) throw new CommandException($"{where}: '{csv.GetString(time)}' is not a time in ms.");
        var numbers = Array.ConvertAll(columns, c => decimal.TryParse(csv.GetString(c), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new CommandException($"{where}: '{csv.GetString(c)}' is not a number."));
        var candle = new Candle(opened, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], Closed: true, Rev: series.Timeframe.EndOf(opened) * 1000);
        if (!candle.IsConsistent) throw new CommandException($"{where}: no real candle looks like that (low ≤ open, close ≤ high, volume ≥ 0).");
        if (series.Timeframe.HasFixedStarts && series.Timeframe.StartOf(opened) != opened) throw new CommandException($"{where}: {opened} is no start of a {series.Timeframe} candle.");
        return candle;
    }
}
