using System.Net;
using System.Text.Json.Nodes;
using CandleStream.EndToEndTests.Access;
using CandleStream.EndToEndTests.Doors;
using CandleStream.EndToEndTests.Server;
using CandleStream.EndToEndTests.Udf;
using CandleStream.Simulator;
using CandleStream.Simulator.Faults;

namespace CandleStream.EndToEndTests.Dialects;

/// <summary>A server and the exchange behind it, which speak the same language.</summary>
internal sealed class DialectFixture : IAsyncLifetime
{
    internal BitfinexSimulator Exchange { get; private set; } = null!;

    internal RunningServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Exchange = await BitfinexSimulator.StartAsync(new SimulatorOptions { Seed = 7, RestLimit = 0, ConnectLimit = 0 });
        Server = await RunningServer.StartAsync(Exchange.WebSocketUrl, Exchange.RestUrl, null, ("Bitfinex:RestCallsPerMinute", "30"));
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Exchange.DisposeAsync();
    }
}

/// <summary>The dialect under <c>/bitfinex</c>, held against the exchange's own answers and tried by other people's clients.</summary>
public sealed class BitfinexDialectTests : IAsyncLifetime
{
    // For each test its own: together they would ask for more REST calls than the exchange allows in a minute.
    private readonly DialectFixture _fixture = new();

    private const int Limit = 240_000;
    private const long Hour = 3_600_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private HttpClient Client => _fixture.Server.Client;

    public ValueTask InitializeAsync() => _fixture.InitializeAsync();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory(Timeout = Limit)]
    [InlineData("limit=5&start={0}&end={1}")]
    [InlineData("limit=5&start={0}&end={1}&sort=1")]
    [InlineData("limit=5&start={0}&end={1}&sort=-1")]
    [InlineData("start={0}&end={1}")]
    [InlineData("end={1}")]
    [InlineData("end={0}&limit=1")]
    [InlineData("start={0}&sort=1&limit=7")]
    [InlineData("sort=1&start={0}&end={0}")]
    [InlineData("start={1}&end={0}")]
    [InlineData("limit=0")]
    [InlineData("limit=10001")]
    [InlineData("limit=x")]
    [InlineData("sort=2")]
    [InlineData("start=x")]
    public async Task A_range_is_answered_as_the_exchange_answers_it(string query)
    {
        var present = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / Hour * Hour;
        var asked = string.Format(System.Globalization.CultureInfo.InvariantCulture, query, present - (40 * Hour), present - (20 * Hour));
        await SameAsync($"/candles/trade:1h:tBTCUSD/hist?{asked}");
        await SameAsync($"/candles/trade:1m:tDUSK:USD/hist?{asked}");
    }

    [Theory(Timeout = Limit)]
    [InlineData("/candles/trade:1D:tBTCUSD/hist?end=1400000000000")]
    [InlineData("/candles/trade:2h:tBTCUSD/hist")]
    [InlineData("/candles/trade:1h:tNOPE/hist")]
    [InlineData("/candles/trade:1h:btcusd/hist")]
    [InlineData("/candles/trade:1h/hist")]
    [InlineData("/candles/x/hist")]
    [InlineData("/candles/trade:1h:tBTCUSD/all")]
    [InlineData("/conf/pub:list:pair:exchange")]
    [InlineData("/conf/pub:list:pair:exchange,pub:list:pair:futures,pub:list:currency,pub:info:pair")]
    [InlineData("/platform/status")]
    public async Task Other_questions_are_answered_as_the_exchange_answers_them(string path) => await SameAsync(path);

    [Fact(Timeout = Limit)]
    public async Task The_running_candle_is_among_the_newest_and_last_is_flat()
    {
        var newest = (await Client.JsonAsync("/bitfinex/v2/candles/trade:1m:tBTCUSD/hist")).AsArray();
        Assert.Equal(100, newest.Count);
        Assert.Equal(newest.Select(c => (long)c![0]!).Distinct().OrderDescending(), newest.Select(c => (long)c![0]!));
        var last = (await Client.JsonAsync("/bitfinex/v2/candles/trade:1m:tBTCUSD/last")).AsArray();
        Assert.True((long)last[0]! >= (long)newest[0]![0]!);
        Assert.Equal(6, last.Count);
    }

    [Fact(Timeout = Limit)]
    public async Task The_old_name_of_the_week_is_taken()
    {
        const string query = "hist?limit=3&end=1790000000000";
        Assert.Equal(
            (await Client.JsonAsync($"/bitfinex/v2/candles/trade:1W:tBTCUSD/{query}")).ToJsonString(),
            (await Client.JsonAsync($"/bitfinex/v2/candles/trade:7D:tBTCUSD/{query}")).ToJsonString());
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_socket_speaks_as_the_exchange_does(bool isExchange)
    {
        await using var socket = await DialectSocket.OpenAsync(isExchange ? _fixture.Exchange.WebSocketUrl : DialectSocket.Of(Client));
        Assert.Equal(("info", 2, 1),
            ((string?)socket.Greeting["event"], (int)socket.Greeting["version"]!, (int)socket.Greeting["platform"]!["status"]!));

        var pong = await socket.AskAsync("""{"event":"ping","cid":1234}""", "pong");
        Assert.Equal(1234, (int)pong["cid"]!);
        Assert.True((long)pong["ts"]! > 1_700_000_000_000);
        await socket.SendAsync("no JSON");
        await socket.SendAsync("[1]");
        await RefusedAsync("""{"event":"nope"}""", 10000);
        await RefusedAsync("""{"event":"subscribe","channel":"trades","symbol":"tBTCUSD"}""", 10300);
        await RefusedAsync("""{"event":"subscribe","channel":"candles","key":"trade:1m:tNOPE"}""", 10300);
        await RefusedAsync("""{"event":"subscribe","channel":"candles","key":"trade:2m:tBTCUSD"}""", 10300);
        await RefusedAsync("""{"event":"subscribe","channel":"candles","key":7}""", 10300);
        await RefusedAsync("""{"event":"unsubscribe","chanId":999999999}""", 10400);
        await RefusedAsync("""{"event":"conf","flags":"x"}""", 10050);

        var conf = await socket.AskAsync("""{"event":"conf","flags":98304}""", "conf");
        Assert.Equal(("OK", 98304), ((string?)conf["status"], (int)conf["flags"]!));
        var ack =
            await socket.AskAsync("""{"event":"subscribe","channel":"candles","key":"trade:1m:tBTCUSD","subId":"mine"}""", "subscribed");
        Assert.Equal(["chanId", "channel", "event", "key", "subId"], ack.AsObject().Select(m => m.Key).Order(StringComparer.Ordinal));
        Assert.Equal(("candles", "trade:1m:tBTCUSD", "mine"), ((string?)ack["channel"], (string?)ack["key"], (string?)ack["subId"]));
        var channel = (int)ack["chanId"]!;
        Assert.True(channel > 0);
        var snapshot = await socket.FrameAsync(channel);
        var times = snapshot[1]!.AsArray().Select(c => (long)c![0]!).ToList();
        Assert.Equal(times.Distinct().OrderDescending(), times);
        Assert.Equal((4, 1), (snapshot.Count, (int)snapshot[2]!));
        Assert.True((long)snapshot[3]! >= times[0]);
        var update = await socket.FrameAsync(channel);
        Assert.Equal(6, update[1]!.AsArray().Count);
        Assert.True((int)update[2]! >= 2);

        var dup = await socket.AskAsync("""{"event":"subscribe","channel":"candles","key":"trade:1m:tBTCUSD"}""", "error");
        Assert.Equal((10301, channel), ((int)dup["code"]!, (int)dup["chanId"]!));
        // ccxt sends the number as a text.
        var gone = await socket.AskAsync($$"""{"event":"unsubscribe","chanId":"{{channel}}"}""", "unsubscribed");
        Assert.Equal(("OK", channel), ((string?)gone["status"], (int)gone["chanId"]!));

        var refused = 0;
        foreach (var (timeframe, pair) in Timeframe.All.Where(t => t.Name != "1m")
            .SelectMany(t => (string[])["BTCUSD", "ETHUSD", "XRPUSD"], (t, p) => (t.Name, p)))
        {
            await socket.SendAsync($$"""{"event":"subscribe","channel":"candles","key":"trade:{{timeframe}}:t{{pair}}"}""");
            var answer = await NextObjectAsync();
            if ((string?)answer["event"] == "error") refused += (int)answer["code"]! == 10305 ? 1 : 1000;
        }

        // Thirty channels, and no more.
        Assert.Equal((11 * 3) - 30, refused);
        await socket.CloseAsync();

        async Task RefusedAsync(string request, int code)
        {
            var error = await socket.AskAsync(request, "error");
            Assert.Equal(code, (int)error["code"]!);
            Assert.NotEmpty((string)error["msg"]!);
        }

        async Task<JsonNode> NextObjectAsync()
        {
            while (true)
            {
                if (await socket.ReadAsync() is JsonObject answer) return answer;
            }
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Ccxt_loads_markets_pages_through_history_and_watches()
    {
        var since = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / Hour * Hour - (240 * Hour);
        var got = await OtherClient.RunAsync("ccxt.mjs", new Uri(Client.BaseAddress!, "/bitfinex").ToString(), $"{since}");
        Assert.Null(got["failed"]);
        Assert.Contains("BTC/USD", got["symbols"]!.AsArray().Select(s => (string?)s));
        var rows = got["pages"]!.AsArray().SelectMany(p => p!.AsArray()).ToList();
        var ours = (await Client.JsonAsync($"/candles?symbol=BTCUSD&timeframe=1h&start={since}&limit=150"))["candles"]!.AsArray();
        Assert.Equal(ours.Select(c => ((long)c!["time"]!, (double)c["close"]!)), rows.Select(r => ((long)r![0]!, (double)r[4]!)));
        Assert.Equal(3, got["watched"]!.AsArray().Count);
    }

    [Theory(Timeout = Limit)]
    [InlineData("core")]
    [InlineData("node")]
    public async Task The_exchanges_own_clients_work_as_they_are(string which)
    {
        var got = await OtherClient.RunAsync("bitfinex.mjs", which, new Uri(Client.BaseAddress!, "/bitfinex").ToString());
        Assert.Null(got["failed"]);
        var updates = got["updates"]!.AsArray();
        Assert.Equal(3, updates.Count);
        Assert.All(updates, u => Assert.True((long)u![0]!["mts"]! > 1_700_000_000_000));
        if (which == "node") Assert.Equal(5, got["page"]!.AsArray().Count);
    }

    // Byte for byte, but for how a number is written.
    private async Task SameAsync(string path)
    {
        using var expected = await Client.GetAsync(new Uri(_fixture.Exchange.RestUrl + path), Cancel);
        using var answer = await Client.GetAsync($"/bitfinex/v2{path}", Cancel);
        Assert.Equal(expected.StatusCode, answer.StatusCode);
        var (theirs, ours) = (JsonNode.Parse(await expected.Content.ReadAsStringAsync(Cancel))!,
            JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!);
        Assert.Equal(Plain(theirs), Plain(ours));

        static string Plain(JsonNode? node) => node switch
        {
            // The order of a list of pairs means nothing.
            JsonArray items when items.All(i => i?.GetValueKind() == System.Text.Json.JsonValueKind.String) =>
                $"[{string.Join(',', items.Select(Plain).Order(StringComparer.Ordinal))}]",
            JsonArray items => $"[{string.Join(',', items.Select(Plain))}]",
            JsonValue value when value.GetValueKind() == System.Text.Json.JsonValueKind.Number =>
                $"{(decimal)value / 1.0000000000000000000000000000m}",
            _ => node?.ToJsonString() ?? "null",
        };
    }
}

/// <summary>The dialect where something is wrong: with the exchange, with the asker, with the question.</summary>
public sealed class BitfinexDialectTroubleTests
{
    private const int Limit = 240_000;
    private const string Newest = "/bitfinex/v2/candles/trade:1m:tBTCUSD/hist?limit=5";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task Through_an_outage_nothing_is_invented_and_the_bot_is_brought_back_by_a_snapshot()
    {
        await using var exchange = await BitfinexSimulator.StartAsync(
            new SimulatorOptions { Seed = 7, Symbols = ["BTCUSD"], RestLimit = 0, ConnectLimit = 0 }, Cancel);
        await using var server =
            await RunningServer.StartAsync(exchange.WebSocketUrl, exchange.RestUrl, null, ("Streaming:HistoryWait", "00:00:00.3"));
        await using var socket = await DialectSocket.OpenAsync(DialectSocket.Of(server.Client));
        var channel =
            (int)(await socket.AskAsync("""{"event":"subscribe","channel":"candles","key":"trade:1m:tBTCUSD"}""", "subscribed"))["chanId"]!;
        Assert.IsType<JsonArray>((await socket.FrameAsync(channel))[1]![0]);
        var rows = (await server.Client.UntilAsync(Newest, r => r.AsArray().Count == 5)).AsArray();
        var past = $"/bitfinex/v2/candles/trade:1m:tBTCUSD/hist?start={rows[4]![0]}&end={rows[2]![0]}";
        Assert.Equal(3, (await server.Client.UntilAsync(past, r => r.AsArray().Count == 3)).AsArray().Count);

        exchange.Faults.Add(new Fault(FaultKind.Unreachable));
        exchange.Faults.Add(new Fault(FaultKind.Cut));
        await server.Client.UntilAsync("/candles/stream/status", s => !(bool)s["streams"]![0]!["connected"]!);
        using var refused = await server.Client.GetAsync(Newest, Cancel);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("""["error",11010,"ratelimit: error"]""", await refused.Content.ReadAsStringAsync(Cancel));
        Assert.Equal(3, (await server.Client.JsonAsync(past)).AsArray().Count);
        // The lists of pairs outlive the outage.
        Assert.Equal("BTCUSD", (string?)(await server.Client.JsonAsync("/bitfinex/v2/conf/pub:list:pair:exchange"))[0]![0]);
        Assert.Equal(0, (int)(await server.Client.JsonAsync("/bitfinex/v2/platform/status"))[0]!);

        exchange.Faults.Clear();
        // Updates that were on their way when the line was cut may still come; then a snapshot, before anything newer.
        while ((await socket.FrameAsync(channel))[1]![0] is not JsonArray)
        {
        }

        await server.Client.UntilAsync("/candles/stream/status", s => (bool)s["streams"]![0]!["connected"]!);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while ((await server.Client.GetAsync(Newest, Cancel)).StatusCode != HttpStatusCode.OK) await pause.WaitForNextTickAsync(Cancel);
    }

    [Fact(Timeout = Limit)]
    public async Task A_range_that_is_not_verified_is_try_again_with_the_number_of_its_gaps()
    {
        var port = FreePort.Take();
        await using var server = await RunningServer.StartAsync(
            new Uri($"ws://127.0.0.1:{port}/ws/2"), new Uri($"http://127.0.0.1:{port}/v2"), null, ("Streaming:FirstDataWait", "00:00:00"),
            ("Streaming:HistoryWait", "00:00:00.1"));
        foreach (var query in (string[])["?start=1763840040000&end=1763840100000", "?end=1763840100000", ""])
        {
            using var answer = await server.Client.GetAsync($"/bitfinex/v2/candles/trade:1m:tBTCUSD/hist{query}", Cancel);
            Assert.Equal(
                (HttpStatusCode.TooManyRequests, query.Length > 0), (answer.StatusCode, answer.Headers.Contains("X-CandleStream-Gaps")));
        }

        using var list = await server.Client.GetAsync("/bitfinex/v2/conf/pub:list:pair:exchange", Cancel);
        Assert.Equal(HttpStatusCode.TooManyRequests, list.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task What_is_not_candles_is_passed_on_only_where_that_is_switched_on()
    {
        await using var exchange = await BitfinexSimulator.StartAsync(new SimulatorOptions { Seed = 7, Symbols = ["BTCUSD"] }, Cancel);
        await using var closed = await RunningServer.StartAsync(exchange.WebSocketUrl, exchange.RestUrl, null);
        await using var open =
            await RunningServer.StartAsync(exchange.WebSocketUrl, exchange.RestUrl, null, ("Facade:PassThrough", "true"));
        foreach (var path in (string[])[
            "/bitfinex/v2/tickers?symbols=tBTCUSD", "/bitfinex/v2/nothing", "/bitfinex", "/bitfinex/ws/2", "/bitfinex/v2/auth/r/wallets"])
        {
            using var refused = await closed.Client.GetAsync(path, Cancel);
            Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
            Assert.Equal("error", (string?)JsonNode.Parse(await refused.Content.ReadAsStringAsync(Cancel))![0]);
        }

        Assert.Equal("tBTCUSD", (string?)(await open.Client.JsonAsync("/bitfinex/v2/tickers?symbols=tBTCUSD"))[0]![0]);
        using var signed = await open.Client.GetAsync("/bitfinex/v2/auth/r/wallets", Cancel);
        Assert.Equal(HttpStatusCode.NotFound, signed.StatusCode);
        Assert.DoesNotContain(exchange.RestCalls.Calls, c => c.Path.Contains("auth", StringComparison.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task A_bot_brings_its_key_in_the_path_and_its_socket_ends_with_it()
    {
        await using var locked = await LockedServer.StartAsync();
        await locked.Client.UntilAsync("/health/ready", _ => true);
        using var refused = await locked.AskAsync(Newest);
        Assert.Equal((HttpStatusCode.Unauthorized, """["error",10100,"apikey: invalid"]"""),
            (refused.StatusCode, await refused.Content.ReadAsStringAsync(Cancel)));
        var ticket = await DoorTicketTests.TicketAsync(locked, "/bitfinex");
        Assert.Equal(200, await locked.StatusAsync($"/k/{ticket}/bitfinex/v2/platform/status"));
        Assert.Equal(401, await locked.StatusAsync($"/k/{ticket}/udf/config"));
        await using var socket = await DialectSocket.OpenAsync(DialectSocket.Of(locked.Client, $"/k/{ticket}"));
        await socket.AskAsync("""{"event":"subscribe","channel":"candles","key":"trade:1m:tBTCUSD"}""", "subscribed");
        var left = (await File.ReadAllLinesAsync(locked.KeyFile, Cancel)).Where(l => !l.StartsWith("charts ", StringComparison.Ordinal));
        await File.WriteAllLinesAsync(locked.KeyFile, left, Cancel);
        while (await socket.ReadOrEndAsync() is not null)
        {
        }

        await Stream.Eventually.TrueAsync(() => locked.Server.Get<CandleStream.Server.Streams.StreamLimiter>().Shares == 0);
    }

    [Fact(Timeout = Limit)]
    public async Task A_bot_that_hammers_uses_up_its_own_share_and_is_told_in_its_own_language()
    {
        await using var locked = await LockedServer.StartAsync(
            ("Security:RequestsPerSecond", "1"), ("Security:RequestBurst", "5"), ("Streaming:MaxStreamsPerKey", "1"));
        var ticket = await DoorTicketTests.TicketAsync(locked, "/bitfinex");
        while (true)
        {
            using var answer = await locked.AskAsync($"/k/{ticket}/bitfinex/v2/platform/status");
            if (answer.StatusCode == HttpStatusCode.OK) continue;
            Assert.Equal((HttpStatusCode.TooManyRequests, """["error",11010,"ratelimit: error"]"""),
                (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancel)));
            break;
        }

        // Another key has its own share.
        Assert.Equal(200, await locked.StatusAsync("/bitfinex/v2/platform/status", LockedServer.AdminKey));
    }

    [Fact(Timeout = Limit)]
    public async Task A_stopping_server_tells_its_bots_to_come_back()
    {
        await using var server = await RunningServer.StartAsync();
        await using var socket = await DialectSocket.OpenAsync(DialectSocket.Of(server.Client));
        var stopping = server.StopAsync();
        Assert.Equal(20051, (int)(await socket.EventAsync("info"))["code"]!);
        Assert.Null(await socket.ReadOrEndAsync());
        await stopping;
    }
}
