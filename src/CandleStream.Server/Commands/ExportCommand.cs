using System.IO.Compression;
using System.Text;
using CandleStream.Server.History;

namespace CandleStream.Server.Commands;

/// <summary>
/// Writes stored candles as CSV or Parquet, in the same columns as <c>GET /candles</c> does, and what is known of their times.
/// </summary>
internal sealed class ExportCommand(CommandHost host)
{
    /// <summary>The formats that can be written.</summary>
    public static readonly string[] Formats = ["csv", "parquet"];

    public Task<int> RunAsync(SeriesKey series, TimeRange range, FileInfo? file, string format, CancellationToken stop) =>
        format == "parquet" ? WriteParquetAsync(series, range, file, stop) : WriteCsvAsync(series, range, file, stop);

    private async Task<int> WriteParquetAsync(SeriesKey series, TimeRange range, FileInfo? file, CancellationToken stop)
    {
        if (file is null) throw new CommandException("A Parquet file is no text for a terminal or a pipe: name it with --out.");
        var rows = await CommandProgress.ShowAsync($"{series}", async report =>
        {
            await using var body = file.Create();
            var before = await VerifiedAsync(series, stop);
            return await ParquetCandles.WriteAsync(body, ReadAll, async written => FileNotes.Write(
                series, host.Source, host.IsSimulated, await StillVerifiedAsync(series, before, range, stop), written), stop);

            // The bar counts candles; how many there are is not known before.
            IAsyncEnumerable<Candle> ReadAll() =>
                host.Store.ReadAsync(series, range, int.MaxValue, newestFirst: false, stop).Select((c, i) =>
            {
                if (i % 10_000 == 0) report(0, i);
                return c;
            });
        });
        Console.WriteLine($"{series}: {rows} candles written to {file.Name}.");
        return 0;
    }

    private async Task<int> WriteCsvAsync(SeriesKey series, TimeRange range, FileInfo? file, CancellationToken stop)
    {
        await using var output = file is null ? Console.OpenStandardOutput() : file.Create();
        await using var body = file?.Extension == ".gz" ? new GZipStream(output, CompressionLevel.Optimal) : output;
        var before = await VerifiedAsync(series, stop);
        var rows = await CandleCsv.WriteRowsAsync(
            body, series, host.Store.ReadAsync(series, range, int.MaxValue, newestFirst: false, stop), stop);
        var verified = await StillVerifiedAsync(series, before, range, stop);
        foreach (var note in FileNotes.Write(series, host.Source, host.IsSimulated, verified, rows))
            await body.WriteAsync(Encoding.UTF8.GetBytes(note + "\r\n"), stop);
        if (file is not null) Console.WriteLine($"{series}: {rows} candles written to {file.Name}.");
        return 0;
    }

    // A server may record, or delete old candles, meanwhile: the file vouches for what was known before its rows were read, and still is.
    private async Task<TimeRangeSet> StillVerifiedAsync(SeriesKey series, TimeRangeSet before, TimeRange range, CancellationToken stop) =>
        before.Subtract(before.Subtract(await VerifiedAsync(series, stop))).Intersect(range);

    private async Task<TimeRangeSet> VerifiedAsync(SeriesKey series, CancellationToken stop) =>
        (await host.Store.FindSeriesAsync(series, stop))?.Verified ?? TimeRangeSet.Empty;
}
