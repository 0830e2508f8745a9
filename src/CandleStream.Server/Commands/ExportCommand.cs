using System.IO.Compression;
using CandleStream.Server.Endpoints;

namespace CandleStream.Server.Commands;

/// <summary>Writes stored candles as CSV, in the same columns as <c>GET /candles</c> does.</summary>
internal sealed class ExportCommand(CommandHost host)
{
    public async Task<int> RunAsync(SeriesKey series, TimeRange range, FileInfo? file, CancellationToken stop)
    {
        await using var output = file is null ? Console.OpenStandardOutput() : file.Create();
        await using var body = file?.Extension == ".gz" ? new GZipStream(output, CompressionLevel.Optimal) : output;
        var rows = await CandleCsv.WriteRowsAsync(body, host.Store.ReadAsync(series, range, int.MaxValue, newestFirst: false, stop), stop);
        if (file is not null) Console.WriteLine($"{series}: {rows} candles written to {file.Name}.");
        return 0;
    }
}
