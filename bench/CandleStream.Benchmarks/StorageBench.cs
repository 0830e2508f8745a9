using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using CandleStream.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.Benchmarks;

/// <summary>
/// <c>storage [rows] [repeats] [series] [sqlite|postgres]</c>: what the stores can do, side by side with the databases' own tools on the
/// same rows in one run. SQLite always; PostgreSQL where <c>DATABASE_URL</c> names an empty database. bench/storage/run.sh starts one for
/// it. Rows of several series are written minute by minute, all series in turn, as a server that follows them does; what is read is one of
/// them. With 0 repeats the table is filled once and the tools are not timed at it; then rows may be several numbers,
/// <c>1000000,10000000</c>: the table grows from one to the next and is measured at each.
/// </summary>
internal static class StorageBench
{
    private const int LiveBatches = 200;
    private const int ColdReads = 200;

    private static readonly StorageOptions Options = new();

    // The series the rows are of, in the order of their ids; the first one is read.
    private static SeriesKey[] _series = [];

    public static async Task<int> RunAsync(string[] args)
    {
        int[] sizes = args.Length > 0 ? [.. args[0].Split(',').Select(n => int.Parse(n, CultureInfo.InvariantCulture))] : [1_000_000];
        var repeats = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 3;
        var series = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 1;
        _series = [.. Enumerable.Range(0, series).Select(i => SeriesKey.Parse($"BENCH{i:D3}USD:1m"))];
        if (repeats > 0 && sizes.Length > 1)
        {
            await Console.Error.WriteLineAsync("Several sizes are measured with 0 repeats only.");
            return 1;
        }

        var folder = Directory.CreateTempSubdirectory("candlestream-bench-").FullName;
        try
        {
            var only = args.Length > 3 ? args[3] : null;
            if (only is null or "sqlite")
                await using (var sqlite = new SqliteBenchDatabase(folder)) await BenchAsync(sqlite, folder, sizes, repeats);
            if (only is null or "postgres" && Environment.GetEnvironmentVariable("DATABASE_URL") is { Length: > 0 } url)
                await using (var postgres = new PostgresBenchDatabase(url)) await BenchAsync(postgres, folder, sizes, repeats);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task BenchAsync(IBenchDatabase database, string folder, int[] sizes, int repeats)
    {
        if (repeats > 0)
        {
            await CompareImportAsync(database, Path.Combine(folder, database.Name + ".csv"), sizes[0], repeats);
            await MeasureAsync(database, sizes[0], stage: 0);
            return;
        }

        await EmptyAsync(database);
        for (var stage = 0; stage < sizes.Length; stage++)
        {
            var before = stage == 0 ? 0 : sizes[stage - 1];
            var seconds = await TimeAsync(() => ImportAsync(database, before, sizes[stage]));
            Announce(database, sizes[stage]);
            Report("import", [seconds], [], s => $"{s:F2} s ({(sizes[stage] - before) / s / 1000:F0} k rows/s)");
            await MeasureAsync(database, sizes[stage], stage);
        }
    }

    private static async Task CompareImportAsync(IBenchDatabase database, string csv, int rows, int repeats)
    {
        Announce(database, rows);
        await WriteCsvAsync(csv, rows);
        List<double> ours = [], tool = [];
        for (var i = 0; i < repeats; i++)
        {
            await EmptyAsync(database);
            tool.Add(await TimeAsync(() => database.ImportAsync(csv)));
            await EmptyAsync(database);
            ours.Add(await TimeAsync(() => ImportAsync(database, 0, rows)));
        }

        Report("import", ours, tool, seconds => $"{seconds:F2} s ({rows / seconds / 1000:F0} k rows/s)");
    }

    private static async Task MeasureAsync(IBenchDatabase database, int rows, int stage)
    {
        Console.WriteLine($"  size                   {await database.SizeAsync() / (double)rows:F0} bytes a candle");
        await database.AnalyzeAsync();
        await using var store = await OpenAsync(database);
        await ReadLatestAsync(store, database);
        await ReadJsonAsync(store, database);
        await ReadChangesAsync(store, rows);
        await ReadColdAsync(store, database, rows);
        await WriteLiveAsync(store, stage);
    }

    private static void Announce(IBenchDatabase database, int rows) =>
        Console.WriteLine($"{database.Name}, {rows:N0} rows of {_series.Length} series");

    private static async Task ImportAsync(IBenchDatabase database, int from, int rows)
    {
        await using var store = await OpenAsync(database);
        for (; from < rows; from += Options.ImportBatchRows)
            await store.SaveAsync(new StoreBatch([.. Enumerable.Range(from, Math.Min(Options.ImportBatchRows, rows - from))
                .Select(i => new StoredCandle(_series[i % _series.Length], BenchCandle.At(i / _series.Length)))], []), default);
    }

    private static async Task ReadLatestAsync(ICandleStore store, IBenchDatabase database)
    {
        var ours = await TimesAsync(
            200, () => CountAsync(store.ReadAsync(_series[0], new TimeRange(0, long.MaxValue), 500, newestFirst: true, default)));
        var bare = await TimesAsync(200, () => database.BareLatestAsync(500));
        Report("latest 500", ours, bare, seconds => $"{seconds * 1000:F2} ms");
    }

    private static async Task ReadJsonAsync(ICandleStore store, IBenchDatabase database)
    {
        var ours = await TimesAsync(20, () => JsonAsync(store, 10_000));
        var tool = await TimesAsync(20, () => database.JsonAsync(10_000));
        Report("10 000 rows as JSON", ours, tool, seconds => $"{seconds * 1000:F1} ms");
    }

    private static async Task ReadChangesAsync(ICandleStore store, int rows)
    {
        var ours = await TimesAsync(
            200, () => CountAsync(store.ChangesSinceAsync(_series[0], BenchCandle.At((rows / _series.Length) - 100).Rev, 1000, default)));
        Report("99 changes since", ours, [], seconds => $"{seconds * 1000:F2} ms");
    }

    // Anywhere in any series, after the operating system forgot the files: each answer's pages come from the disk. Medians, because here a
    // best one would be one that was in memory.
    private static async Task ReadColdAsync(ICandleStore store, IBenchDatabase database, int rows)
    {
        await database.ForgetAsync();
        var random = new Random(1);
        List<double> candles = [], changes = [];
        for (var i = 0; i < ColdReads; i++)
        {
            var (range, changed) = (new TimeRange(Anywhere().Time, long.MaxValue), Anywhere().Rev);
            candles.Add(await TimeAsync(() => CountAsync(store.ReadAsync(Any(), range, 500, newestFirst: false, default))));
            changes.Add(await TimeAsync(() => CountAsync(store.ChangesSinceAsync(Any(), changed, 99, default))));
        }

        Report("any 500, cold", [Median(candles)], [], seconds => $"{seconds * 1000:F2} ms");
        Report("any 99 changes, cold", [Median(changes)], [], seconds => $"{seconds * 1000:F2} ms");

        SeriesKey Any() => _series[random.Next(_series.Length)];
        Candle Anywhere() => BenchCandle.At(random.Next(rows / _series.Length));
    }

    // One candle each of a hundred series a batch: alone, and as the live writer does it, with what each series is now known to cover.
    private static async Task WriteLiveAsync(ICandleStore store, int stage)
    {
        SeriesKey[] series = [.. Enumerable.Range(0, 100).Select(i => SeriesKey.Parse($"LOAD{i:D3}USD:1m"))];
        var (added, revised, covered) =
            (await WriteBatchesAsync(store, series, stage, rev: Rev.None.Value, withCoverage: false), new List<double>(),
                new List<double>());
        for (var rev = 1; rev <= 3; rev++)
        {
            revised.AddRange(await WriteBatchesAsync(store, series, stage, new Rev(rev * 2).Value, withCoverage: false));
            covered.AddRange(await WriteBatchesAsync(store, series, stage, new Rev((rev * 2) + 1).Value, withCoverage: true));
        }

        static string RowsPerSecond(double seconds) => $"{LiveBatches * 100 / seconds:N0} rows/s";
        Report("live batches, new", added, [], RowsPerSecond);
        Report("live batches, revised", revised, [], RowsPerSecond);
        Report("the same and coverage", covered, [], RowsPerSecond);
    }

    private static async Task<List<double>> WriteBatchesAsync(
        ICandleStore store, SeriesKey[] series, int stage, long rev, bool withCoverage) =>
        [await TimeAsync(async () =>
        {
            for (var b = 0; b < LiveBatches; b++)
            {
                var candle = BenchCandle.At((stage * LiveBatches) + b);
                candle = candle with { Rev = new Rev(candle.Rev.Value + rev) };
                var verified = TimeRangeSet.Of(new TimeRange(candle.Time, candle.Time + 60_000));
                await store.SaveAsync(
                    new StoreBatch(
                        [.. series.Select(s => new StoredCandle(s, candle))],
                        withCoverage ? [.. series.Select(s => new SeriesChange(s, verified, TimeRangeSet.Empty, candle.Rev))] : []),
                    default);
            }
        })];

    private static async Task CountAsync(IAsyncEnumerable<Candle> candles)
    {
        await foreach (var _ in candles) { }
    }

    private static async Task JsonAsync(ICandleStore store, int limit)
    {
        await using var json = new Utf8JsonWriter(Stream.Null);
        json.WriteStartArray();
        await foreach (var candle in store.ReadAsync(_series[0], new TimeRange(0, long.MaxValue), limit, newestFirst: true, default))
        {
            CandleJson.Write(json, candle);
            if (json.BytesPending > 16_384) await json.FlushAsync();
        }

        json.WriteEndArray();
    }

    private static async Task EmptyAsync(IBenchDatabase database)
    {
        await database.DropAsync();
        await (await OpenAsync(database)).DisposeAsync();
    }

    private static async Task<ICandleStore> OpenAsync(IBenchDatabase database)
    {
        var options = new StorageOptions { SqlitePath = database.SqlitePath ?? Options.SqlitePath };
        var store = CandleStoreFactory.Create(options, database.Url, TimeProvider.System, NullLoggerFactory.Instance);
        await store.OpenAsync("bench", exclusive: true, default);
        return store;
    }

    private static async Task WriteCsvAsync(string path, int rows)
    {
        await using var csv = new StreamWriter(path);
        for (var i = 0; i < rows; i++)
        {
            var c = BenchCandle.At(i / _series.Length);
            await csv.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $"{(i % _series.Length) + 1},{c.Time},{c.Open},{c.High},{c.Low},{c.Close},{c.Volume},{c.Rev}"));
        }
    }

    private static async Task<List<double>> TimesAsync(int times, Func<Task> work)
    {
        await work();
        var seconds = new List<double>(times);
        for (var i = 0; i < times; i++) seconds.Add(await TimeAsync(work));
        return seconds;
    }

    private static async Task<double> TimeAsync(Func<Task> work)
    {
        var start = Stopwatch.GetTimestamp();
        await work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void Report(string what, List<double> ours, List<double> theirs, Func<double, string> show)
    {
        var (mine, other) = (Best(ours), theirs.Count == 0 ? 0 : Best(theirs));
        Console.WriteLine($"  {what,-22} {show(mine),-28}{(theirs.Count == 0 ? "" : $" tool {show(other),-28} ratio {mine / other:F2}")}");
    }

    // The best of several runs: what else a machine is doing can only add.
    private static double Best(List<double> values) => values.Min();

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
