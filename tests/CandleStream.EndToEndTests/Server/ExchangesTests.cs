using System.Net;
using System.Text.Json.Nodes;
using CandleStream.Simulator;
using CandleStream.Simulator.Faults;
using CandleStream.Storage;

namespace CandleStream.EndToEndTests.Server;

/// <summary>Several exchanges in one server: each by its own name, and none touched by another's troubles.</summary>
public sealed class ExchangesTests
{
    private const int Limit = 180_000;

    private static readonly SimulatorOptions Market = new() { Seed = 7, Symbols = ["BTCUSD", "ETHUSD", "DUSK:USD"] };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task Symbols_timeframes_and_candles_of_each_are_found_by_their_names()
    {
        await using var binance = await BinanceSimulator.StartAsync(Market, Cancel);
        await using var kraken = await KrakenSimulator.StartAsync(Market, Cancel);
        await using var server = await StartAsync(binance, kraken);

        var listed = await server.Client.UntilAsync("/symbols", a => a["symbols"]!.AsArray().Count == 9);
        Assert.Equal(
            [
                "BTCUSD", "DUSK:USD", "ETHUSD", "BINANCE:BTCUSDT", "BINANCE:DUSKUSDT", "BINANCE:ETHUSDT", "KRAKEN:BTC/USD",
                "KRAKEN:DUSK/USD", "KRAKEN:ETH/USD",
            ],
            listed["symbols"]!.AsArray().Select(s => (string)s!["symbol"]!));
        Assert.Null(listed["symbols"]![0]!["exchange"]);
        Assert.Equal(
            """{"symbol":"BINANCE:BTCUSDT","base":"BTC","quote":"USDT","exchange":"BINANCE"}""",
            listed["symbols"]![3]!.ToJsonString());
        Assert.Equal(
            """{"symbol":"KRAKEN:BTC/USD","base":"BTC","quote":"USD","exchange":"KRAKEN"}""", listed["symbols"]![6]!.ToJsonString());
        Assert.Equal(3, (await server.Client.JsonAsync("/symbols?exchange=binance"))["symbols"]!.AsArray().Count);
        Assert.Equal(3, (await server.Client.JsonAsync("/symbols?exchange=Bitfinex"))["symbols"]!.AsArray().Count);
        Assert.Equal(HttpStatusCode.BadRequest, (await server.Client.GetAsync("/symbols?exchange=mtgox", Cancel)).StatusCode);

        Assert.Equal(12, (await server.Client.JsonAsync("/timeframes"))["timeframes"]!.AsArray().Count);
        Assert.Equal(10, (await server.Client.JsonAsync("/timeframes?symbol=BINANCE:BTCUSDT"))["timeframes"]!.AsArray().Count);
        Assert.Equal(7, (await server.Client.JsonAsync("/timeframes?symbol=KRAKEN:BTC/USD"))["timeframes"]!.AsArray().Count);

        // The market is one: what both tell of a day that is over is the same.
        var day = DateTimeOffset.UtcNow.Date.AddDays(-2);
        var end = new DateTimeOffset(day, TimeSpan.Zero).ToUnixTimeMilliseconds();
        var here = await server.Client.JsonAsync($"/candles?symbol=binance:btcusdt&timeframe=1h&limit=5&end={end}");
        var there = await server.Client.JsonAsync($"/candles?symbol=BTCUSD&timeframe=1h&limit=5&end={end}");
        Assert.Equal("BINANCE:BTCUSDT", (string)here["symbol"]!);
        Assert.Equal(there["candles"]!.AsArray().Select(Prices), here["candles"]!.AsArray().Select(Prices));
        Assert.All(here["candles"]!.AsArray(), c => Assert.True((long)c!["trades"]! > 0));
        Assert.All(there["candles"]!.AsArray(), c => Assert.Null(c!["trades"]));
        var third = await server.Client.JsonAsync($"/candles?symbol=kraken:xbt%2fusd&timeframe=1h&limit=5&end={end}");
        Assert.Equal("KRAKEN:BTC/USD", (string)third["symbol"]!);
        Assert.Equal(there["candles"]!.AsArray().Select(Prices), third["candles"]!.AsArray().Select(Prices));
        Assert.All(third["candles"]!.AsArray(), c => Assert.True((long)c!["trades"]! > 0 && c["quote_volume"] is null));
    }

    [Fact(Timeout = Limit)]
    public async Task Kraken_alone_is_followed_and_what_it_does_not_keep_is_said()
    {
        await using var kraken = await KrakenSimulator.StartAsync(Market, Cancel);
        await using var server = await RunningServer.StartAsync(
            ("Exchanges", "Kraken"), ("Kraken:WebSocketUrl", kraken.WebSocketUrl.ToString()), ("Kraken:RestUrl", kraken.RestUrl.ToString()),
            ("Record", "KRAKEN:BTC/USD:1m"));
        await server.Client.UntilAsync("/candles/stream/status", a => (string?)a["streams"]?[0]?["state"] == "live");

        var newest = await server.Client.UntilAsync(
            "/candles?symbol=KRAKEN:BTC/USD&timeframe=1m&limit=10000",
            a => a["oldest"] is not null && a["candles"]!.AsArray().Count > 700 && a["gaps"]!.AsArray().Count == 0);
        Assert.Equal((long)newest["oldest"]!, (long)newest["candles"]![0]!["time"]!);
        Assert.Null(newest["next"]);
        Assert.True((bool)(await server.Client.JsonAsync("/candles/stream/status"))["simulated"]!);
        // It is asked for by its times, and named: nobody has it.
        var from = (long)newest["oldest"]! - 3_600_000;
        var older = await server.Client.JsonAsync($"/candles?symbol=KRAKEN:BTC/USD&timeframe=1m&start={from}&end={from + 1_800_000}");
        Assert.Empty(older["candles"]!.AsArray());
        Assert.Single(older["gaps"]!.AsArray());

        // Everything at once, and back: what was traded meanwhile is fetched.
        kraken.Faults.Add(new Fault(FaultKind.Unreachable) { ForMs = 3000 });
        kraken.Faults.Add(new Fault(FaultKind.Cut));
        await server.Client.UntilAsync("/candles/stream/status", a => (string?)a["streams"]?[0]?["state"] == "reconnecting");
        await server.Client.UntilAsync("/candles/stream/status", a => (string?)a["streams"]?[0]?["state"] == "live");
        await server.Client.UntilAsync(
            "/candles?symbol=KRAKEN:BTC/USD&timeframe=1m&limit=700", a => a["gaps"]!.AsArray().Count == 0);
    }

    [Fact(Timeout = Limit)]
    public async Task What_no_exchange_has_is_refused_with_what_there_is()
    {
        await using var binance = await BinanceSimulator.StartAsync(Market, Cancel);
        await using var kraken = await KrakenSimulator.StartAsync(Market, Cancel);
        await using var server = await StartAsync(binance, kraken);
        await server.Client.UntilAsync("/symbols", a => a["symbols"]!.AsArray().Count == 9);

        await AssertRefusedAsync("/candles?symbol=BINANCE:BTCUSDX&timeframe=1m", 404, "BINANCE:BTCUSDT");
        await AssertRefusedAsync("/candles?symbol=BTCUSDT&timeframe=1m", 404, "BINANCE:BTCUSDT");
        await AssertRefusedAsync("/candles/stream?series=BINANCE:BTCUSD:1m", 404, "BTCUSD");
        await AssertRefusedAsync("/candles?symbol=KRAKEN:BTC/USDX&timeframe=1m", 404, "KRAKEN:BTC/USD");
        await AssertRefusedAsync("/candles?symbol=KRAKEN:BTCUSD&timeframe=1m", 404, "KRAKEN:BTC/USD");
        await AssertRefusedAsync("/candles?symbol=BTC/USD&timeframe=1m", 400, "symbol");
        await AssertRefusedAsync("/candles?symbol=KRAKEN:BTC/USD&timeframe=6h", 400, "on KRAKEN: 1m, 5m");
        await AssertRefusedAsync("/candles?symbol=BINANCE:BTCUSDT&timeframe=3h", 400, "on BINANCE: 1m, 5m");
        await AssertRefusedAsync("/candles/stream?series=BINANCE:BTCUSDT:14D", 400, "1m 5m 15m 30m 1h 6h 12h 1D 1W 1M;");
        await AssertRefusedAsync("/bitfinex/v2/candles/trade:1m:tBINANCE:BTCUSDT/hist", 500, "symbol: invalid");

        async Task AssertRefusedAsync(string path, int status, string named)
        {
            using var answer = await server.Client.GetAsync(path, Cancel);
            Assert.Equal(status, (int)answer.StatusCode);
            Assert.Contains(named, await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task One_that_is_cut_off_and_bans_us_touches_no_series_of_the_other()
    {
        await using var binance = await BinanceSimulator.StartAsync(Market, Cancel);
        await using var kraken = await KrakenSimulator.StartAsync(Market, Cancel);
        await using var server = await StartAsync(binance, kraken, ("Record", "BTCUSD:1m,BINANCE:BTCUSDT:1m,KRAKEN:BTC/USD:1m"));
        await server.Client.UntilAsync(
            "/candles/stream/status",
            a => a["streams"]!.AsArray() is [_, _, _] streams && streams.All(s => (string)s!["state"]! == "live"));

        binance.Faults.Add(new Fault(FaultKind.Upgrade429));
        binance.Faults.Add(new Fault(FaultKind.Rest418) { RetryAfter = 3600 });
        binance.Faults.Add(new Fault(FaultKind.Cut));

        var status = await server.Client.UntilAsync(
            "/candles/stream/status",
            a => a["streams"]!.AsArray().Any(s => $"{s!["reason"]}".Contains("has banned our address until", StringComparison.Ordinal)));
        Assert.Equal("down", (string)status["streams"]![0]!["state"]!);
        Assert.Equal(("BTCUSD:1m", "live"), ((string)status["streams"]![1]!["key"]!, (string)status["streams"]![1]!["state"]!));
        Assert.Equal(("KRAKEN:BTC/USD:1m", "live"), ((string)status["streams"]![2]!["key"]!, (string)status["streams"]![2]!["state"]!));
        Assert.NotEmpty((await server.Client.JsonAsync("/candles?symbol=BTCUSD&timeframe=5m&limit=10"))["candles"]!.AsArray());
    }

    [Fact(Timeout = Limit)]
    public async Task Candles_of_one_that_is_switched_off_are_read_from_the_store_and_not_followed()
    {
        using var folder = new TempFolder();
        var path = ("Storage:SqlitePath", folder.File("kept.db"));
        var series = SeriesKey.Parse("BINANCE:BTCUSDT:1m");
        var stored = new Candle(1_700_000_040_000, 1, 3, 1, 2, 5, true, new Rev(7), CandleOrigin.File, new TradeFigures(4, 9, 2, 3));
        await using (var before = await RunningServer.StartAsync(path))
            await before.Get<ICandleStore>().SaveAsync(new StoreBatch([new(series, stored)], []), Cancel);
        await using var server = await RunningServer.StartAsync(path);

        var answer = await server.Client.JsonAsync("/candles?symbol=BINANCE:BTCUSDT&timeframe=1m");

        Assert.Equal(
            """{"time":1700000040000,"open":1,"high":3,"low":1,"close":2,"volume":5,"trades":4,"quote_volume":9,"taker_buy_volume":2,"taker_buy_quote_volume":3,"closed":true,"rev":7}""",
            Assert.Single(answer["candles"]!.AsArray())!.ToJsonString());
        using var stream = await server.Client.GetAsync("/candles/stream?series=BINANCE:BTCUSDT:1m", Cancel);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, stream.StatusCode);
        Assert.Contains("BINANCE is switched off", await stream.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        using var unknown = await server.Client.GetAsync("/candles?symbol=BINANCE:ETHUSDT&timeframe=1m", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task A_store_with_candles_of_another_source_of_an_exchange_is_refused_and_both_are_named()
    {
        await using var binance = await BinanceSimulator.StartAsync(Market, Cancel);
        using var folder = new TempFolder();
        var path = ("Storage:SqlitePath", folder.File("shared.db"));
        await using var kraken = await KrakenSimulator.StartAsync(Market, Cancel);
        await (await StartAsync(binance, kraken, path)).DisposeAsync();

        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => RunningServer.StartAsync(
            ("Exchanges", "Bitfinex,Binance"), ("Binance:WebSocketUrl", "ws://elsewhere.example"), path));

        Assert.Contains("'127.0.0.1'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("'elsewhere.example'", refused.Message, StringComparison.Ordinal);
    }

    private static string Prices(JsonNode? candle) =>
        $"{candle!["time"]} {candle["open"]} {candle["high"]} {candle["low"]} {candle["close"]} {candle["volume"]}";

    private static Task<RunningServer> StartAsync(
        BinanceSimulator binance, KrakenSimulator kraken, params (string Key, string Value)[] settings) => RunningServer.StartAsync(
    [
        ("Exchanges", "Bitfinex,Binance,Kraken"), ("Binance:WebSocketUrl", binance.WebSocketUrl.ToString()),
        ("Binance:RestUrl", binance.RestUrl.ToString()), ("Kraken:WebSocketUrl", kraken.WebSocketUrl.ToString()),
        ("Kraken:RestUrl", kraken.RestUrl.ToString()), .. settings,
    ]);
}
