using System.Diagnostics;
using CandleStream.EndToEndTests.Access;
using CandleStream.EndToEndTests.Stream;
using CandleStream.Server.Streams;
using CandleStream.Server.Streams.Sending;

namespace CandleStream.EndToEndTests.Attacks;

/// <summary>What attacks leave in memory.</summary>
public sealed class MemoryTests
{
    private const int Limit = 300_000;
    private const string OwnProcess = "CANDLESTREAM_MEMORY_TEST_PROCESS";
    private const string Stream = "/candles/stream?symbol=BTCUSD&timeframe=1m";

    /// <summary>
    /// What pools and tiers of the runtime may differ by; one round leaves more than this behind if each client leaves a kilobyte.
    /// </summary>
    private const long Tolerance = 512 * 1024;

    /// <summary>
    /// What the resident memory of two equal rounds differs by; with the full size a round of clients that leave a kilobyte each leaves
    /// more.
    /// </summary>
    private const long ResidentTolerance = 8 * 1024 * 1024;

    /// <summary>
    /// In a process of its own: the heap is the whole process's. ASP.NET Core's rate limiter keeps a timer running after its server has
    /// stopped, and with it all of that server, so the other tests leave a heap in which half a megabyte is noise.
    /// </summary>
    [Fact(Timeout = Limit)]
    public async Task After_each_round_of_attacks_the_heap_is_what_it_was()
    {
        if (Environment.GetEnvironmentVariable(OwnProcess) is null) await RunAloneAsync();
        else await MeasureAsync();
    }

    private static async Task RunAloneAsync()
    {
        var test = $"{typeof(MemoryTests).FullName}.{nameof(After_each_round_of_attacks_the_heap_is_what_it_was)}";
        var start =
            new ProcessStartInfo(Environment.ProcessPath!, ["--filter-method", test, "--progress", "off", "--show-test-results", "all"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
        // What the runner of this process told it is not for the other one.
        foreach (var name in start.Environment.Keys.Where(n => n.StartsWith("TESTINGPLATFORM", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment[OwnProcess] = "1";
        // Each thread keeps the buffers of a long request, 200 KB: with few threads all have met one before the heap is measured.
        start.Environment["DOTNET_ThreadPool_ForceMaxWorkerThreads"] = "3";
        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            var said = await output + await errors;
            Assert.True(process.ExitCode == 0 && said.Contains("succeeded: 1", StringComparison.Ordinal), said);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    private static async Task MeasureAsync()
    {
        await using var locked =
            await LockedServer.StartAsync(("Security:HeaderTimeout", "00:00:01"), ("Security:RequestBurst", "1000000"));
        var clients = TestSize.Of(1_000, 10_000);
        // The first rounds fill pools and compile; what counts is that the next ones add nothing.
        for (var round = 0; round < 4; round++) await AttackAsync(locked, clients);
        var start = await HeapAsync(locked);
        await AttackAsync(locked, clients);
        var second = await HeapAsync(locked);
        var residentSecond = Environment.WorkingSet;
        await AttackAsync(locked, clients);
        var third = await HeapAsync(locked);
        var residentThird = Environment.WorkingSet;
        var figures = $"heap in bytes after full collections: {start}, {second}, {third}; resident: {residentSecond}, {residentThird}";
        TestContext.Current.TestOutputHelper?.WriteLine(figures);
        Assert.True(second <= start + Tolerance && third <= start + Tolerance, figures);
        Assert.True(residentThird <= residentSecond + ResidentTolerance, figures);
    }

    private static async Task AttackAsync(LockedServer locked, int clients)
    {
        var server = locked.Client.BaseAddress!;
        var key = $"X-API-Key: {LockedServer.ReadKey}\r\n";
        string[] requests =
        [
            "",
            "GET /timeframes HTTP/1.1\r\nHost: x\r\nX-Slow: ",
            $"GET {Stream} HTTP/1.1\r\nHost: x\r\n{key}\r\n",
            $"GET {Stream} HTTP/1.1\r\nHost: x\r\n{key}Last-Event-ID: {new string('9', 20_000)}\r\n\r\n",
            $"GET /candles?symbol={new string('A', 50_000)} HTTP/1.1\r\nHost: x\r\n{key}\r\n",
            $"GET /timeframes HTTP/1.1\r\nHost: x\r\n{string.Concat(Enumerable.Range(0, 200).Select(i => $"X-{i}: a\r\n"))}\r\n",
            "GET /timeframes HTTP/1.1\r\nHost: x\r\nX-API-Key: guess\r\n\r\n",
            $"POST {Stream.Replace("?", "/ticket?", StringComparison.Ordinal)} HTTP/1.1\r\nHost: x\r\n{key}Content-Length: 100000000\r\n\r\nbody",
        ];
        for (var i = 0; i < clients; i += 50)
        {
            await Task.WhenAll(Enumerable.Range(i, 50).Select(async n =>
            {
                using var client = await RawHttp.ConnectAsync(server);
                var request = requests[n % requests.Length];
                if (request.Length > 0) await client.SendAsync(request);
                if (request.EndsWith("\r\n\r\n", StringComparison.Ordinal)) await client.ReadHeadAsync();
                client.Abort();
            }));
        }
    }

    private static async Task<long> HeapAsync(LockedServer locked)
    {
        await Eventually.TrueAsync(
            () => locked.Server.Get<StreamLimiter>().Shares == 0 && locked.Server.Get<StreamCounters>().Streams == 0);
        // Connections that were broken off are noticed one by one: the heap has settled when it stops shrinking.
        var least = long.MaxValue;
        while (GC.GetTotalMemory(forceFullCollection: true) is var now && now < least) least = now;
        // Gives free pages back, so that resident memory can be compared.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return least;
    }
}
