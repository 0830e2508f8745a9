using System.Globalization;
using CandleStream.Providers;
using CandleStream.Server.History;
using CandleStream.Storage;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.Benchmarks;

/// <summary>
/// <c>history [answers]</c>: what one <c>GET /candles?limit=10000</c> of an open series costs the server beyond the web server: from the
/// query, through memory and a SQLite file, to the bytes of the answer. CPU and allocated memory for each answer.
/// </summary>
internal static class HistoryBench
{
    private const int Stored = 20_000, Limit = 10_000;

    private static readonly SeriesKey Series = SeriesKey.Parse("BTCUSD:1m");

    public static async Task<int> RunAsync(string[] args)
    {
        var answers = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 200;
        var folder = Directory.CreateTempSubdirectory("candlestream-bench-").FullName;
        try
        {
            await BenchAsync(Path.Combine(folder, "bench.db"), answers);
            return 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task BenchAsync(string path, int answers)
    {
        Candle[] candles = [.. Enumerable.Range(0, Stored).Select(BenchCandle.At)];
        var (storage, options, time) = (new StorageOptions { SqlitePath = path }, new StreamingOptions(), TimeProvider.System);
        await using var store = CandleStoreFactory.Create(storage, null, time, NullLoggerFactory.Instance);
        await store.OpenAsync("bench", exclusive: true, default);
        var verified = TimeRangeSet.Of(new TimeRange(candles[0].Time, candles[^1].Time + 60_000));
        await store.SaveAsync(new StoreBatch(
            [.. candles.Select(c => new StoredCandle(Series, c))], [new SeriesChange(Series, verified, TimeRangeSet.Empty, new Rev(1))]),
                default);

        await using var writer = new CandleWriter(store, storage, time, NullLogger<CandleWriter>.Instance);
        var archive = new CandleArchive(store, writer);
        await using var provider = new StillProvider(candles[^240..]);
        var revs = new RevCounter(time);
        await using var fetcher = new HistoryFill(provider, archive, revs, time, NullLogger<HistoryFill>.Instance);
        await using var service = new CandleStreamService(provider, archive, fetcher, [], revs, options, time, NullLoggerFactory.Instance);
        var history = new CandleHistory(service, new SeriesJoiner(service, options), options, time);

        for (var i = 0; i < answers; i++) await AnswerAsync(history);
        var (bytes, cpu) = (GC.GetTotalAllocatedBytes(precise: true), Environment.CpuUsage.TotalTime);
        for (var i = 0; i < answers; i++) await AnswerAsync(history);
        (bytes, cpu) = (GC.GetTotalAllocatedBytes(precise: true) - bytes, Environment.CpuUsage.TotalTime - cpu);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{Limit} candles an answer: {cpu.TotalMilliseconds / answers:F2} ms CPU, {bytes / 1024.0 / answers:F0} KiB allocated"));
    }

    private static async Task AnswerAsync(CandleHistory history)
    {
        var context = new DefaultHttpContext();
        var answer = await history.QueryAsync(new HistoryQuery(Series, null, null, Limit, Descending: false, null), default);
        if (answer.Candles.Count != Limit || answer.Gaps.Count > 0)
            throw new InvalidOperationException("The answer is not what was stored.");
        await HistoryJson.WriteAsync(context.Response, answer, default);
    }

    // An exchange that says what the store holds already and then nothing more.
    private sealed class StillProvider(IReadOnlyList<Candle> newest) : ICandleProvider, IFollowedSeries
    {
        public bool IsSimulated => true;

        public DateTimeOffset? LastMessageAt => null;

        public long? ExchangeClockOffsetMs => null;

        public IFollowedSeries Follow(SeriesKey series, IFeedListener feed)
        {
            feed.OnSnapshot(newest, newest[^1].Time + 60_001);
            return this;
        }

        public Task<HistoryPage> FetchAsync(SeriesKey series, TimeRange range, FetchPurpose purpose, CancellationToken cancel) =>
            Task.FromException<HistoryPage>(new CandleProviderException("nothing is fetched here"));

        public Task<SymbolListing> FetchSymbolsAsync(CancellationToken cancel) => Task.FromResult(new SymbolListing([]));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
