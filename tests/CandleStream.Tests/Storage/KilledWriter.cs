using System.Diagnostics;
using System.Runtime.CompilerServices;
using CandleStream.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using static CandleStream.Tests.Storage.SomeCandles;

namespace CandleStream.Tests.Storage;

/// <summary>The test program itself, started as another process that saves until it is killed.</summary>
internal static class KilledWriter
{
    /// <summary>Candles of one batch.</summary>
    public const int RowsPerBatch = 40;

    private const string PathVariable = "CANDLESTREAM_TEST_WRITER_PATH", UrlVariable = "CANDLESTREAM_TEST_WRITER_URL";

    /// <summary>Lets a child save, kills it after some batches and answers how many it had reported as saved.</summary>
    public static async Task<int> RunAsync(TestDatabase database, int batches, CancellationToken cancel)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(KilledWriter).Assembly.Location]) { RedirectStandardOutput = true };
        start.Environment[PathVariable] = database.SqlitePath;
        start.Environment[UrlVariable] = database.Url ?? "";
        using var child = Process.Start(start)!;
        try
        {
            var saved = 0;
            while (saved < batches && await child.StandardOutput.ReadLineAsync(cancel) is { } line)
                saved = int.Parse(line, System.Globalization.CultureInfo.InvariantCulture);
            Assert.True(saved >= batches, "the writer ended by itself");
            return saved;
        }
        finally
        {
            child.Kill();
            await child.WaitForExitAsync(cancel);
        }
    }

    [ModuleInitializer]
    internal static void WriteForEver()
    {
        if (Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } path)
            Write(path, Environment.GetEnvironmentVariable(UrlVariable));
    }

    // Blocking: as long as the module is being initialised no other thread may enter it, so nothing here
    // may go on elsewhere after an await, and the store's threads may not meet a type of this module, such as a collection expression
    // makes.
    private static void Write(string path, string? url)
    {
        var options = new StorageOptions { SqlitePath = path, LockWait = TimeSpan.FromSeconds(30) };
        var store = CandleStoreFactory.Create(options, url, TimeProvider.System, NullLoggerFactory.Instance);
        store.OpenAsync(TestDatabase.Source, true, CancellationToken.None).GetAwaiter().GetResult();
        var next = (int)(store.FindSeriesAsync(Btc, CancellationToken.None).GetAwaiter().GetResult()?.CompleteFrom.Value ?? 0);
        for (var batch = 1; ; batch++, next += RowsPerBatch)
        {
            var candles = Enumerable.Range(next, RowsPerBatch).Select(m => new StoredCandle(Btc, At(m, m + 1))).ToArray();
            var verified = TimeRangeSet.Of(Range(next * Minute, (next + RowsPerBatch) * Minute));
            var changes = new List<SeriesChange> { new(Btc, verified, TimeRangeSet.Empty, new Rev(next + RowsPerBatch)) };
            store.SaveAsync(new StoreBatch(candles, changes), CancellationToken.None).GetAwaiter().GetResult();
            Console.WriteLine(batch);
        }
    }
}
