using CandleStream.EndToEndTests.Access;
using CandleStream.EndToEndTests.Stream;
using CandleStream.Server.Sse;

namespace CandleStream.EndToEndTests.Attacks;

/// <summary>Nothing else runs meanwhile: the heap is the whole process's.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}

/// <summary>What attacks leave in memory.</summary>
[Collection(Alone.Name)]
public sealed class MemoryTests
{
    private const int Limit = 300_000;
    private const string Stream = "/candles/stream?symbol=BTCUSD&timeframe=1m";

    /// <summary>What pools and tiers of the runtime may differ by; one round leaves more than this behind if each client leaves a kilobyte.</summary>
    private const long Tolerance = 512 * 1024;

    /// <summary>What the resident memory of two equal rounds differs by; with the full size a round of clients that leave a kilobyte each leaves more.</summary>
    private const long ResidentTolerance = 8 * 1024 * 1024;

    [Fact(Timeout = Limit)]
    public async Task After_each_round_of_attacks_the_heap_is_what_it_was()
    {
        await using var locked = await LockedServer.StartAsync(("Security:HeaderTimeout", "00:00:01"), ("Security:RequestBurst", "1000000"));
        var clients = TestSize.Of(1_000, 10_000);
        // The first rounds fill pools and compile; what counts is that the next ones add nothing.
        await AttackAsync(locked, clients);
        await AttackAsync(locked, clients);
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
        await Eventually.TrueAsync(() => locked.Server.Get<StreamLimiter>().Shares == 0 && locked.Server.Get<SseCounters>().Streams == 0);
        // Connections that were broken off are noticed one by one: the heap has settled when it stops shrinking.
        var least = long.MaxValue;
        while (GC.GetTotalMemory(forceFullCollection: true) is var now && now < least) least = now;
        // Gives free pages back, so that resident memory can be compared.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return least;
    }
}
