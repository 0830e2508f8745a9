using System.Net;
using System.Text.Json;
using CandleStream.Simulator;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests.Simulator;

/// <summary>The exchange's REST side, over loopback and in the process.</summary>
public sealed class SimulatorRestTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 30, TimeSpan.Zero);

    [Fact]
    public async Task History_is_newest_first_a_hundred_by_default_and_bounds_are_inclusive()
    {
        await using var simulator = await StartAsync();
        using var http = Client(simulator);

        var page = await GetAsync(http, "candles/trade:1m:tBTCUSD/hist");
        var times = Times(page);
        Assert.Equal(100, times.Count);
        Assert.Equal(times.OrderDescending(), times);
        Assert.All(page.EnumerateArray(), candle => Assert.Equal(6, candle.GetArrayLength()));

        var inRange = Times(await GetAsync(http, $"candles/trade:1m:tBTCUSD/hist?start={times[20]}&end={times[10]}"));
        Assert.Equal(times[10..21], inRange);
        Assert.Equal(times[10..21].AsEnumerable().Reverse().Take(3),
            Times(await GetAsync(http, $"candles/trade:1m:tBTCUSD/hist?start={times[20]}&end={times[10]}&sort=1&limit=3")));
        Assert.Equal(times[10..13], Times(await GetAsync(http, $"candles/trade:1m:tBTCUSD/hist?end={times[10]}&limit=3")));
        Assert.Equal(times[0], (await GetAsync(http, "candles/trade%3A1m%3AtBTCUSD/last"))[0].GetInt64());
    }

    [Fact]
    public async Task History_ends_with_the_forming_candle_and_misses_minutes_without_trades()
    {
        await using var simulator = await StartAsync();
        using var http = Client(simulator);

        Assert.Equal(
            Noon.AddSeconds(-30).ToUnixTimeMilliseconds(), Times(await GetAsync(http, "candles/trade:1m:tBTCUSD/hist?limit=1")).Single());
        var sparse = Times(await GetAsync(http, "candles/trade:1m:tNEOUSD/hist?limit=1000"));
        Assert.True(sparse[0] - sparse[^1] > 2000 * 60_000L);
        Assert.Empty(Times(await GetAsync(http, "candles/trade:1m:tBTCUSD/hist?end=1000000000000")));
    }

    [Theory]
    [InlineData("candles/trade:1m:tBTCUSD/hist?limit=10001", "limit: invalid")]
    [InlineData("candles/trade:1m:tBTCUSD/hist?limit=none", "limit: invalid")]
    [InlineData("candles/trade:1m:tBTCUSD/hist?start=yesterday", "start: invalid")]
    [InlineData("candles/trade:1m:tBTCUSD/hist?sort=2", "sort: invalid")]
    [InlineData("candles/trade:1m:tNOSUCH/hist", "symbol: invalid")]
    [InlineData("candles/trade:2m:tBTCUSD/hist", "key: invalid")]
    [InlineData("ticker/tNOSUCH", "symbol: invalid")]
    public async Task A_bad_argument_is_a_500_with_the_exchanges_error(string path, string message)
    {
        await using var simulator = await StartAsync();
        using var http = Client(simulator);
        using var answer = await http.GetAsync(path, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.InternalServerError, answer.StatusCode);
        Assert.Equal($"[\"error\",10020,\"{message}\"]", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Reference_data_tells_what_is_listed()
    {
        await using var simulator = await StartAsync();
        using var http = Client(simulator);

        Assert.Equal("[1]", (await GetAsync(http, "platform/status")).GetRawText());
        var conf = await GetAsync(http, "conf/pub:list:pair:exchange,pub:list:pair:futures,pub:no:such");
        Assert.Equal(["BTCUSD", "ETHUSD", "SOLUSD", "XRPUSD", "LTCUSD", "DUSK:USD", "NEOUSD"],
            conf[0].EnumerateArray().Select(pair => pair.GetString()));
        Assert.Equal("BTCF0:USTF0", conf[1][0].GetString());
        Assert.Equal(0, conf[2].GetArrayLength());
        var tickers = await GetAsync(http, "tickers?symbols=tBTCUSD,tDUSK:USD,tNOSUCH");
        Assert.Equal(["tBTCUSD", "tDUSK:USD"], tickers.EnumerateArray().Select(row => row[0].GetString()));
        Assert.All(tickers.EnumerateArray(), row => Assert.Equal(11, row.GetArrayLength()));
        Assert.Equal(8, (await GetAsync(http, "tickers?symbols=ALL")).GetArrayLength());
        Assert.Equal(10, (await GetAsync(http, "ticker/tETHUSD")).GetArrayLength());
    }

    [Fact]
    public async Task The_Date_header_is_market_time_and_an_unknown_path_is_an_HTML_404()
    {
        await using var simulator = await StartAsync();
        using var http = Client(simulator);
        using var answer = await http.GetAsync("no/such/thing", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(Noon, answer.Headers.Date);
    }

    [Fact]
    public async Task The_call_too_many_is_refused_and_so_is_all_that_follows_for_a_minute()
    {
        var clock = new FakeTimeProvider(Noon);
        await using var simulator = await StartAsync(new SimulatorOptions { RestLimit = 3, TimeProvider = clock });
        using var http = Client(simulator);
        async Task<HttpStatusCode> Call(string path)
        {
            using var answer = await http.GetAsync(path, TestContext.Current.CancellationToken);
            return answer.StatusCode;
        }
        for (var call = 0; call < 3; call++)
            Assert.Equal(HttpStatusCode.OK, await Call("candles/trade:1m:tBTCUSD/last"));

        using var refused = await http.GetAsync("candles/trade:1m:tBTCUSD/last", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(
            "[\"error\",11010,\"ratelimit: error\"]", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Null(refused.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.OK, await Call("platform/status"));
        clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(HttpStatusCode.TooManyRequests, await Call("candles/trade:1m:tETHUSD/last"));
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(HttpStatusCode.OK, await Call("candles/trade:1m:tETHUSD/last"));
        Assert.Equal(5, simulator.RestCalls.Count("/v2/candles/trade:1m:tBTCUSD/last") + simulator.RestCalls.Calls.Count(
            call => call.Status == 429 && call.Path.Contains("ETH", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task In_the_process_the_same_answers_come_without_a_socket()
    {
        await using var simulator = await StartAsync();
        using var overSocket = Client(simulator);
        using var inProcess = new HttpClient(simulator.CreateHttpHandler()) { BaseAddress = new Uri("http://api.bitfinex.test/v2/") };

        foreach (var path in new[] { "candles/trade:5m:tBTCF0:USTF0/hist?limit=20", "conf/pub:list:pair:exchange",
            "candles/trade%3A1D%3AtETHUSD/last" })
        {
            using var answer = await inProcess.GetAsync(path, TestContext.Current.CancellationToken);
            Assert.Equal((await GetAsync(overSocket, path)).GetRawText(),
                await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            Assert.Equal(Noon, answer.Headers.Date);
        }
    }

    private static Task<BitfinexSimulator> StartAsync(SimulatorOptions? options = null) =>
        BitfinexSimulator.StartAsync(
            options ?? new SimulatorOptions { TimeProvider = new FakeTimeProvider(Noon) }, TestContext.Current.CancellationToken);

    private static HttpClient Client(BitfinexSimulator simulator) => new() { BaseAddress = new Uri(simulator.RestUrl + "/") };

    private static async Task<JsonElement> GetAsync(HttpClient http, string path) =>
        JsonElement.Parse(await http.GetStringAsync(path, TestContext.Current.CancellationToken));

    private static List<long> Times(JsonElement page) => [.. page.EnumerateArray().Select(candle => candle[0].GetInt64())];
}
