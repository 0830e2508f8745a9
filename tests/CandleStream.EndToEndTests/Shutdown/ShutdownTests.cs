using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using CandleStream.EndToEndTests.History;
using CandleStream.EndToEndTests.Server;
using CandleStream.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.EndToEndTests.Shutdown;

/// <summary>
/// The real program with a crowd of open streams (500, or 10 000 with CANDLESTREAM_TEST_FULL=1), told to stop, told twice, and killed.
/// </summary>
public sealed class ShutdownTests
{
    private const int Limit = 400_000;

    // Slow enough that a small machine can play the exchange, the server and the crowd at once.
    private static readonly int Speed = TestSize.Of(normal: 120, full: 30);
    private static readonly TimeSpan Revise = TimeSpan.FromSeconds(TestSize.Of(normal: 1, full: 5));

    // In µs, as ids are.
    private const long ReachOfResume = 10_000_000;

    // The last series of the market has no trade in most minutes: waiting for it would take long.
    private static readonly IReadOnlyList<SeriesKey> Series = [.. FastMarket.Series.SkipLast(1)];

    private static readonly TimeSpan ExitLimit = TimeSpan.FromSeconds(10);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task A_server_told_to_stop_says_bye_to_everybody_saves_unsubscribes_and_exits_with_0()
    {
        using var folder = new TempFolder();
        await using var market = await FastMarket.StartAsync(seed: 3, seconds: 1_200, Speed, revise: Revise);
        await using var server = await ServerProcess.StartAsync(Arguments(market, folder), folder: folder);
        await using var crowd = new StreamCrowd(StreamCrowd.DefaultSize, Series);
        await crowd.ConnectAsync(server.Client.BaseAddress!);
        await crowd.UntilAsync(client => client.Closed.Count > 0);

        var since = Stopwatch.GetTimestamp();
        server.Terminate();
        await crowd.EndedAsync();
        Assert.Equal(0, await server.ExitAsync());
        var took = Stopwatch.GetElapsedTime(since);
        Assert.True(took < ExitLimit, $"it took {took}");

        Assert.Equal([("bye", true)], crowd.Clients.Select(client => (client.Last?.Type, client.EndedWell)).Distinct());
        AssertSpread([.. crowd.Clients.Select(client => client.Last!.Data.GetProperty("retry_ms").GetInt32())]);
        Assert.Equal(FastMarket.Series.Count, market.Exchange.Connections.Changes.Count(c => !c.Subscribed && c.Asked));
        await AssertSavedAsync(folder, crowd);
    }

    [Fact(Timeout = Limit)]
    public async Task A_second_signal_ends_the_server_at_once()
    {
        await using var server = await ServerProcess.StartAsync(["--demo", "--port", "0"]);
        await server.Client.UntilAsync("/candles?symbol=BTCUSD&timeframe=1m&limit=10000", a => a["candles"]!.AsArray().Count == 10_000);
        await using var crowd = new StreamCrowd(StreamCrowd.DefaultSize, [SeriesKey.Parse("BTCUSD:1m")]);
        await crowd.ConnectAsync(server.Client.BaseAddress!);
        // Answers that nobody reads are what a stopping server waits for.
        using var stuck = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await stuck.ConnectAsync(server.Client.BaseAddress!.Host, server.Client.BaseAddress.Port, Cancel);
        var request = "GET /candles?symbol=BTCUSD&timeframe=1m&limit=10000 HTTP/1.1\r\nHost: x\r\n\r\n";
        await stuck.SendAsync(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(request, 10))), Cancel);
        await stuck.ReceiveAsync(new byte[1], Cancel);

        server.Terminate();
        await server.UntilLogged("Application is shutting down");
        server.Terminate();
        Assert.Equal(128 + 15, await server.ExitAsync());
        await crowd.EndedAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task After_a_kill_everybody_resumes_and_nobody_misses_a_candle()
    {
        using var folder = new TempFolder();
        await using var market = await FastMarket.StartAsync(seed: 4, seconds: 1_200, Speed, revise: Revise);
        await using var crowd = new StreamCrowd(StreamCrowd.DefaultSize, Series);
        // The server comes back where it was, so nobody else may take its port while it is away.
        var address = new Uri($"http://127.0.0.1:{FreePort.Take()}");
        await using (var server = await ServerProcess.StartAsync(Arguments(market, folder, address), folder: folder))
        {
            await crowd.ConnectAsync(address);
            // A resume reaches back a little before its id: a server that has not yet run for so long could only begin anew.
            var held = crowd.Clients.Min(client => client.NewestId) + ReachOfResume;
            await crowd.UntilAsync(client => client.NewestId > held);
            await server.KillAsync();
            await crowd.EndedAsync();
        }

        // The market goes on while nobody listens.
        var known = Series.ToDictionary(s => s, s => market.Ledger(s).Count);
        await Stream.Eventually.TrueAsync(() => Series.All(s => market.Ledger(s).Count > known[s]));
        await using var again = await ServerProcess.StartAsync(Arguments(market, folder, address), folder: folder);
        await crowd.ConnectAsync(address);
        Assert.Equal(["resumed"], crowd.Clients.Select(client => client.Joined).Distinct());

        // The two newest may still be forming.
        var to = Series.ToDictionary(s => s, s => market.Ledger(s)[^3].Time);
        foreach (var client in crowd.Clients)
            await market.UntilSameAsync("a client", client.Series, () => client.Closed, to[client.Series]);
        again.Terminate();
        await crowd.EndedAsync();
        Assert.Equal(0, await again.ExitAsync());
    }

    private static string[] Arguments(FastMarket market, TempFolder folder, Uri? address = null) =>
    [
        $"--Urls={address?.ToString() ?? "http://127.0.0.1:0"}", $"--Storage:SqlitePath={folder.File("candles.db")}",
        .. market.Settings.Select(s => $"--{s.Key}={s.Value}"),
    ];

    // Everybody at the same moment would be a wave; a fifth of the range holds about a fifth of the clients.
    private static void AssertSpread(IReadOnlyList<int> waits)
    {
        Assert.All(waits, wait => Assert.InRange(wait, 500, 8_000));
        foreach (var part in Enumerable.Range(0, 5))
            Assert.InRange(waits.Count(w => (w - 500) * 5 / 7_501 == part), waits.Count / 10, waits.Count * 3 / 10);
    }

    private static async Task AssertSavedAsync(TempFolder folder, StreamCrowd crowd)
    {
        await using var store = CandleStoreFactory.Create(
            new StorageOptions { SqlitePath = folder.File("candles.db") }, null, TimeProvider.System, NullLoggerFactory.Instance);
        await store.OpenAsync(IPAddress.Loopback.ToString(), exclusive: false, Cancel);
        foreach (var clients in crowd.Clients.GroupBy(client => client.Series))
        {
            var stored = new Dictionary<long, Rev>();
            await foreach (var candle in store.ReadAsync(clients.Key, new TimeRange(0, long.MaxValue), int.MaxValue, newestFirst: false,
                Cancel)) stored.Add(candle.Time, candle.Rev);
            foreach (var told in clients.SelectMany(client => client.Closed).DistinctBy(candle => (candle.Time, candle.Rev)))
                Assert.True(stored.GetValueOrDefault(told.Time) >= told.Rev, $"{clients.Key}: {told} was told and not saved");
        }
    }
}
