using System.IO.Compression;
using System.Text;
using CandleStream.Server.History;

namespace CandleStream.Server.Commands;

/// <summary>Writes stored candles as CSV, in the same columns as <c>GET /candles</c> does, and after them what is known of their times.</summary>
internal sealed class ExportCommand(CommandHost host)
{
    public async Task<int> RunAsync(SeriesKey series, TimeRange range, FileInfo? file, CancellationToken stop)
    {
        await using var output = file is null ? Console.OpenStandardOutput() : file.Create();
        await using var body = file?.Extension == ".gz" ? new GZipStream(output, CompressionLevel.Optimal) : output;
        var before = await VerifiedAsync(series, stop);
        var rows = await CandleCsv.WriteRowsAsync(body, host.Store.ReadAsync(series, range, int.MaxValue, newestFirst: false, stop), stop);
        // A server may record, or delete old candles, meanwhile: the file vouches for what was known before its rows were read, and still is.
        var verified = before.Subtract(before.Subtract(await VerifiedAsync(series, stop))).Intersect(range);
        foreach (var note in FileNotes.Write(series, host.Source, host.IsSimulated, verified, rows)) await body.WriteAsync(Encoding.UTF8.GetBytes(note + "\r\n"), stop);
        if (file is not null) Console.WriteLine($"{series}: {rows} candles written to {file.Name}.");
        return 0;
    }

    private async Task<TimeRangeSet> VerifiedAsync(SeriesKey series, CancellationToken stop) => (await host.Store.FindSeriesAsync(series, stop))?.Verified ?? TimeRangeSet.Empty;
}
