using System.Net;
using CandleStream.EndToEndTests.Server;
using CandleStream.EndToEndTests.Stream;
using CandleStream.Storage;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.EndToEndTests.History;

/// <summary>
/// The real program, killed with SIGKILL again and again while candles close, are revised, stored, streamed and polled. After the last
/// start the store ends as the exchange's ledger, and so do a client of the stream, our own C# client and a client that polls, which lived
/// through all of it.
/// </summary>
public abstract class KilledServerTests
{
    private const int Seed = 20_221;

    private static int Kills => TestSize.Of(normal: 5, full: 50);

    protected abstract Task<string?> DatabaseUrlAsync();

    [Fact(Timeout = 400_000)]
    public async Task A_server_killed_at_random_moments_loses_no_closed_candle()
    {
        var url = await DatabaseUrlAsync();
        var random = new Random(Seed);
        using var folder = new TempFolder();
        await using var market = await FastMarket.StartAsync(Seed, seconds: Kills * 2);
        var address = new Uri($"http://127.0.0.1:{FreePort.Take()}");
        string[] args = [$"--Urls={address}", $"--Storage:SqlitePath={folder.File("candles.db")}",
            .. market.Settings.Select(s => $"--{s.Key}={s.Value}")];
        var environment = url is null ? new Dictionary<string, string>() : new Dictionary<string, string> { ["DATABASE_URL"] = url };

        await using var streaming = new StreamFollower(address);
        await using var own = new ClientFollower(address);
        await using var polling = new PollingFollower(address);
        for (var kill = 0; kill < Kills; kill++)
        {
            await using var killed = ServerProcess.Launch(args, environment, folder);
            await UntilRandomMomentAsync(killed, streaming, market, random);
            await killed.KillAsync();
        }

        await using var last = await ServerProcess.StartAsync(args, environment, folder);
        await using var store = CandleStoreFactory.Create(
            new StorageOptions { SqlitePath = folder.File("candles.db") }, url, TimeProvider.System, NullLoggerFactory.Instance);
        await store.OpenAsync(IPAddress.Loopback.ToString(), exclusive: false, TestContext.Current.CancellationToken);
        await market.UntilVerifiedAsync(store);
        foreach (var series in FastMarket.Series)
        {
            await market.UntilSameAsync("streaming", series, () => streaming.Closed(series));
            await market.UntilSameAsync("C#", series, () => own.Closed(series));
            await market.UntilSameAsync("polling", series, () => polling.Closed(series));
            var answer =
                await last.Client.JsonAsync(
                    $"/candles?symbol={Uri.EscapeDataString(series.Symbol)}&timeframe=1m&start={market.Span.From}&end={market.Span.To - 1}&limit=10000");
            Assert.Empty(answer["gaps"]!.AsArray());
            Assert.Equal(market.Ledger(series).Count, answer["candles"]!.AsArray().Count);
        }

        Assert.True(streaming.Joins > Kills / 4, "the client was cut and came back");
        last.Terminate();
        Assert.Equal(0, await last.ExitAsync());
        await market.CheckStoreAsync(store);
    }

    // While it starts, while it subscribes and clients come, or, more often, while they are served: each time after some number of things
    // that happened.
    private static async Task UntilRandomMomentAsync(ServerProcess server, StreamFollower streaming, FastMarket market, Random random)
    {
        var (moment, joins, changes) = (random.Next(4), streaming.Joins, market.Exchange.Connections.Changes.Count);
        if (moment == 0)
        {
            var lines = random.Next(6);
            await Eventually.TrueAsync(() => server.Output.Count >= lines || server.IsListening);
            return;
        }

        await server.ListensAsync();
        if (moment == 1)
        {
            var subscriptions = random.Next(FastMarket.Series.Count + 1);
            await Eventually.TrueAsync(() => market.Exchange.Connections.Changes.Count >= changes + subscriptions);
            return;
        }

        await Eventually.TrueAsync(() => streaming.Joins > joins);
        var events = streaming.Events + random.Next(120);
        await Eventually.TrueAsync(() => streaming.Events >= events || market.IsOver);
    }
}

public sealed class Sqlite_KilledServerTests : KilledServerTests
{
    protected override Task<string?> DatabaseUrlAsync() => Task.FromResult<string?>(null);
}

public sealed class Postgres_KilledServerTests(PostgresServer database) : KilledServerTests
{
    protected override async Task<string?> DatabaseUrlAsync() => await database.CreateDatabaseAsync();
}
