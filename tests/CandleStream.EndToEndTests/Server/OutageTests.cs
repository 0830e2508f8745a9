using CandleStream.Simulator;
using CandleStream.Storage;
using CandleStream.Streaming;

namespace CandleStream.EndToEndTests.Server;

/// <summary>What the server is built on may be away when it starts.</summary>
public sealed class OutageTests
{
    private const int Limit = 300_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task Without_the_exchange_the_server_starts_says_so_and_goes_live_once_it_is_there()
    {
        var port = FreePort.Take();
        await using var server =
            await RunningServer.StartAsync(new Uri($"ws://127.0.0.1:{port}/ws/2"), new Uri($"http://127.0.0.1:{port}/v2"), null);
        var events = server.Client.EventsAsync("/candles/stream?symbol=BTCUSD&timeframe=1m").GetAsyncEnumerator(Cancel);
        await using var _ = events;
        BitfinexSimulator? exchange = null;
        try
        {
            while (await events.MoveNextAsync())
            {
                var (name, data) = (events.Current.EventType, events.Current.Data);
                if (name == "synced")
                {
                    var status = await server.Client.JsonAsync("/candles/stream/status");
                    Assert.False((bool)status["streams"]![0]!["connected"]!);
                    Assert.Equal("ready", (string?)(await server.Client.JsonAsync("/health/ready"))["status"]);
                    exchange = await BitfinexSimulator.StartAsync(new SimulatorOptions { Port = port, Symbols = ["BTCUSD"] }, Cancel);
                }

                if (name == "status" && data.Contains("\"connected\":true", StringComparison.Ordinal)) break;
            }

            Assert.NotNull(exchange);
        }
        finally
        {
            if (exchange is not null) await exchange.DisposeAsync();
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Without_the_exchange_the_store_answers()
    {
        using var folder = new TempFolder();
        var path = folder.File("candles.db");
        string stored;
        await using (var before = await RunningServer.StartAsync(("Storage:SqlitePath", path)))
        {
            var answer =
                await before.Client.UntilAsync("/candles?symbol=BTCUSD&timeframe=1h&limit=10", a => a["candles"]!.AsArray().Count == 10);
            stored = answer["candles"]![3]!.ToJsonString();
            await before.StopAsync();
        }

        var port = FreePort.Take();
        await using var server = await RunningServer.StartAsync(
            new Uri($"ws://127.0.0.1:{port}/ws/2"), new Uri($"http://127.0.0.1:{port}/v2"), null, ("Storage:SqlitePath", path));
        var held = await server.Client.JsonAsync("/candles?symbol=BTCUSD&timeframe=1h&limit=10");
        Assert.Contains(stored, held["candles"]!.AsArray().Select(c => c!.ToJsonString()));
        Assert.Equal(3, (await server.Client.JsonAsync("/symbols"))["symbols"]!.AsArray().Count);
    }

    [Fact(Timeout = Limit)]
    public async Task Without_its_database_the_server_streams_and_is_not_ready()
    {
        var port = FreePort.Take();
        await using var server = await RunningServer.StartAsync(("DATABASE_URL", $"postgresql://candles:secret@127.0.0.1:{port}/candles"));
        var ready = await server.Client.ProblemAsync("/health/ready");
        Assert.Equal(503, (int)ready["status"]!);
        Assert.StartsWith("store: ", (string)ready["reasons"]![0]!, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", ready.ToJsonString(), StringComparison.Ordinal);
        await foreach (var item in server.Client.EventsAsync("/candles/stream?symbol=BTCUSD&timeframe=1m"))
        {
            if (item.EventType == "message") break;
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Symbols_that_left_the_list_stay_readable_while_candles_of_them_are_stored()
    {
        using var folder = new TempFolder();
        var path = folder.File("candles.db");
        await using (var before = await RunningServer.StartAsync(("Storage:SqlitePath", path)))
        {
            await before.Client.UntilAsync("/candles?symbol=BTCUSD&timeframe=1h&limit=3", a => a["candles"]!.AsArray().Count == 3);
            await before.StopAsync();
        }

        await using var exchange = await BitfinexSimulator.StartAsync(new SimulatorOptions { Symbols = ["ETHUSD"] }, Cancel);
        await using var server =
            await RunningServer.StartAsync(exchange.WebSocketUrl, exchange.RestUrl, null, ("Storage:SqlitePath", path));
        await server.Get<ICandleStore>().SaveSymbolsAsync(new SymbolList(["ETHUSD"], DateTimeOffset.UnixEpoch), Cancel);
        Assert.NotEmpty((await server.Client.JsonAsync("/candles?symbol=BTCUSD&timeframe=1h&limit=3"))["candles"]!.AsArray());
    }

    [Fact(Timeout = Limit)]
    public async Task Recorded_series_reach_the_store_without_any_client()
    {
        await using var server = await RunningServer.StartAsync(("Record", "BTCUSD:1m"));
        var store = server.Get<ICandleStore>();
        var series = SeriesKey.Parse("BTCUSD:1m");
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await store.FindSeriesAsync(series, Cancel) is null) await pause.WaitForNextTickAsync(Cancel);
        var hub = Assert.Single(server.Get<CandleStreamService>().OpenSeries);
        Assert.Equal((series, 0), (hub.Key, hub.Subscribers));
    }
}
