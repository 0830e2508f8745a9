using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using CandleStream.EndToEndTests.Access;
using CandleStream.EndToEndTests.Doors;
using CandleStream.EndToEndTests.History;
using CandleStream.EndToEndTests.Server;
using Microsoft.AspNetCore.Http;

namespace CandleStream.EndToEndTests.Mcp;

/// <summary>The tools under <c>/mcp</c>, called through the official TypeScript client.</summary>
public sealed class McpTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const int Limit = 180_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private RunningServer Server => fixture.Server;

    [Fact(Timeout = Limit)]
    public async Task Every_tool_is_listed_with_what_it_takes_and_answers()
    {
        var listed = await CallAsync(Server);
        Assert.Equal("candlestream", (string?)listed["server"]!["name"]);
        Assert.Contains("gaps", (string)listed["instructions"]!, StringComparison.Ordinal);
        var tools = listed["tools"]!.AsArray().ToDictionary(t => (string)t!["name"]!, t => t!);
        Assert.Equal(
            ["find_symbols", "get_candles", "get_corrections", "get_status", "wait_for_close"], tools.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, tool) in tools)
        {
            Assert.True((bool)tool["annotations"]!["readOnlyHint"]!, name);
            Assert.NotEmpty((string)tool["description"]!);
            Assert.NotNull(tool["outputSchema"]!["properties"]!["simulated"]);
            if (name == "find_symbols") continue;
            Assert.Contains("BTCUSD:1m", (string)tool["inputSchema"]!["properties"]!["series"]!["description"]!, StringComparison.Ordinal);
            foreach (var member in (string[])["state", "gaps", "asof"]) Assert.NotNull(tool["outputSchema"]!["properties"]![member]);
        }

        // Nothing of the server keeps the request's context around for every stream.
        Assert.Null(Server.Services.GetService(typeof(IHttpContextAccessor)));
    }

    [Fact(Timeout = Limit)]
    public async Task Candles_come_exact_bounded_and_with_all_that_is_to_be_known_of_them()
    {
        var history = (await Server.Client.JsonAsync("/candles?symbol=BTCUSD&timeframe=1h&limit=6"))["candles"]!.AsArray();
        var (start, end) = ((long)history[0]!["time"]!, (long)history[4]!["time"]!);
        var answers = await AnswersAsync(
            Server,
            ("get_candles", $$"""{"series":"BTCUSD:1h","start":{{start}},"end":{{end}}}"""),
            ("get_candles", $$"""{"series":"BITFINEX:BTCUSD:1h","start":"{{Iso(start)}}","end":"{{Iso(end)}}","limit":2}"""),
            ("get_candles", """{"series":"BTCUSD:1m"}"""),
            ("get_status", """{"series":"BTCUSD:1m"}"""),
            ("get_status", """{"series":"ETHUSD:1M"}"""));
        Assert.Equal(history.Take(5).Select(c => c!["close"]!.ToJsonString()),
            answers[0]["candles"]!.AsArray().Select(c => c!["close"]!.ToJsonString()));
        Assert.Equal((true, 0, Iso(start)),
            ((bool)answers[0]["simulated"]!, answers[0]["gaps"]!.AsArray().Count, (string?)answers[0]["candles"]![0]!["utc"]));
        Assert.Null(answers[0]["note"]);
        Assert.Equal(2, answers[1]["candles"]!.AsArray().Count);
        Assert.Contains($"start={(long)history[2]!["time"]!}", (string)answers[1]["note"]!, StringComparison.Ordinal);
        Assert.Equal((100, "live"), (answers[2]["candles"]!.AsArray().Count, (string?)answers[2]["state"]));
        Assert.Contains("end=", (string)answers[2]["note"]!, StringComparison.Ordinal);
        Assert.True((bool)answers[3]["connected"]!);
        Assert.Equal(("not followed", false), ((string?)answers[4]["state"], (bool)answers[4]["connected"]!));
    }

    [Fact(Timeout = Limit)]
    public async Task Symbols_are_found_by_a_part_of_their_name()
    {
        var answers = await AnswersAsync(Server, ("find_symbols", """{"text":"usk"}"""), ("find_symbols", """{"exchange":"bitfinex"}"""));
        Assert.Equal(("DUSK:USD", "DUSK", "USD"), ((string?)answers[0]["symbols"]![0]!["symbol"],
            (string?)answers[0]["symbols"]![0]!["base"], (string?)answers[0]["symbols"]![0]!["quote"]));
        Assert.Equal(3, answers[1]["symbols"]!.AsArray().Count);
        Assert.Contains("1m", answers[1]["timeframes"]!.AsArray().Select(t => (string?)t));
    }

    [Fact(Timeout = Limit)]
    public async Task Corrections_that_are_not_kept_are_not_told_as_none()
    {
        var answer = (await AnswersAsync(Server, ("get_corrections", """{"series":"BTCUSD:1m"}""")))[0];
        Assert.True(answer.AsObject().ContainsKey("corrections"));
        Assert.Null(answer["corrections"]);
        Assert.Contains("no earlier ones", (string)answer["note"]!, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_refused_argument_is_told_what_is_allowed()
    {
        (string Tool, string Arguments, string Told)[] refusals =
        [
            ("get_candles", """{"series":"BTCUSD:2m"}""", "1m, 5m, 15m"),
            ("get_candles", """{"series":"BTCUDS:1m"}""", "BTCUSD"),
            ("get_candles", """{"series":"BTCUSD:1m","limit":0}""", "1 to 1000"),
            ("get_candles", """{"series":"BTCUSD:1m","limit":1001}""", "1 to 1000"),
            ("get_candles", """{"series":"BTCUSD:1m","start":"yesterday"}""", "ISO 8601"),
            ("get_candles", """{"series":"BTCUSD:1m","start":2000,"end":1000}""", "not be before"),
            ("get_candles", """{"symbol":"BTCUSD"}""", "series"),
            ("get_candles", """{"series":7}""", ""),
            ("get_status", """{"series":""}""", "BTCUSD:1m"),
            ("get_corrections", """{"series":"BTCUSD:1m","start":2000,"end":1000}""", "not be before"),
            ("wait_for_close", """{"series":"BTCUSD:1m","timeout":0}""", "1 to 60"),
            ("wait_for_close", """{"series":"BTCUSD:1m","timeout":61}""", "1 to 60"),
            ("find_symbols", """{"exchange":"NASDAQ"}""", "BITFINEX"),
        ];
        var answers = (await CallAsync(Server, null, [.. refusals.Select(r => (r.Tool, r.Arguments))]))["answers"]!.AsArray();
        foreach (var (refusal, answer) in refusals.Zip(answers))
        {
            Assert.True((bool?)answer!["isError"], refusal.Arguments);
            Assert.Contains(refusal.Told, (string)answer["content"]![0]!["text"]!, StringComparison.Ordinal);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_hole_is_named_and_never_looks_like_a_quiet_market()
    {
        var port = FreePort.Take();
        await using var server = await RunningServer.StartAsync(
            new Uri($"ws://127.0.0.1:{port}/ws/2"), new Uri($"http://127.0.0.1:{port}/v2"), null, ("Streaming:FirstDataWait", "00:00:00"),
            ("Streaming:HistoryWait", "00:00:00.1"));
        var answer =
            (await AnswersAsync(server, ("get_candles", """{"series":"BTCUSD:1m","start":1763840040000,"end":1763840100000}""")))[0];
        Assert.Empty(answer["candles"]!.AsArray());
        var gap = Assert.Single(answer["gaps"]!.AsArray())!;
        Assert.Equal(
            (1763840040000, 1763840160000, "2025-11-22T19:34:00Z"), ((long)gap["from"]!, (long)gap["to"]!, (string?)gap["from_utc"]));
        Assert.Contains("unknown", (string)answer["note"]!, StringComparison.Ordinal);
        Assert.NotEqual("live", (string?)answer["state"]);
    }

    [Fact(Timeout = Limit)]
    public async Task The_next_close_is_waited_for()
    {
        await using var market = await FastMarket.StartAsync(seed: 5, seconds: 120);
        await using var server = await RunningServer.StartAsync(market.Exchange.WebSocketUrl, market.Exchange.RestUrl, null);
        var answers = await AnswersAsync(
            server, ("wait_for_close", """{"series":"BTCUSD:1m"}"""), ("wait_for_close", """{"series":"BTCUSD:1m","timeout":60}"""));
        var (first, second) = (answers[0]["candle"]!, answers[1]["candle"]!);
        Assert.True((bool)first["closed"]! && (bool)second["closed"]!);
        Assert.True((long)first["time"]! < (long)second["time"]!);
        Assert.False((bool)answers[0]["timed_out"]!);
        Assert.Equal(0, server.Get<CandleStream.Server.Streams.StreamLimiter>().Shares);
    }

    [Fact(Timeout = Limit)]
    public async Task A_wait_that_is_over_says_so()
    {
        var answer = (await AnswersAsync(Server, ("wait_for_close", """{"series":"BTCUSD:1M","timeout":1}""")))[0];
        Assert.True((bool)answer["timed_out"]!);
        Assert.Null(answer["candle"]);
    }

    [Fact(Timeout = Limit)]
    public async Task A_key_opens_it_and_limits_count()
    {
        await using var locked = await LockedServer.StartAsync(("Streaming:MaxStreamsPerKey", "1"));
        Assert.Contains("401", (string)(await CallAsync(locked.Server))["failed"]!, StringComparison.Ordinal);
        await locked.Client.UntilAsync("/health/ready", _ => true);
        Assert.Equal(5, (await CallAsync(locked.Server, LockedServer.ReadKey))["tools"]!.AsArray().Count);
        using var stream = await locked.AskAsync("/candles/stream?symbol=BTCUSD&timeframe=1m", LockedServer.ReadKey);
        var answer = (await CallAsync(
            locked.Server, LockedServer.ReadKey, ("wait_for_close", """{"series":"BTCUSD:1m","timeout":1}""")))["answers"]![0]!;
        Assert.True((bool)answer["isError"]!);
        Assert.Contains("The limit is 1.", (string)answer["content"]![0]!["text"]!, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Broken_calls_are_refused_and_break_nothing()
    {
        foreach (var body in (string[])[
            "{", "[]", "", "7", "{\"jsonrpc\":\"1.0\"}", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", "\ud800"])
        {
            using var answer = await PostAsync(Server.Client, body);
            Assert.InRange((int)answer.StatusCode, 400, 499);
        }

        using var unknown = await PostAsync(Server.Client, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"nothing\"}");
        Assert.Contains("error", await unknown.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        Assert.Equal(5, (await CallAsync(Server))["tools"]!.AsArray().Count);
    }

    [Fact(Timeout = Limit)]
    public async Task A_call_too_large_and_a_page_of_another_site_are_refused()
    {
        using var large = await PostAsync(Server.Client, new string(' ', 70_000));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        using var foreign = await PostAsync(Server.Client, "{}", "https://elsewhere.example.org");
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient client, string body, string? origin = null)
    {
        var request =
            new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Accept.ParseAdd("application/json, text/event-stream");
        if (origin is not null) request.Headers.Add("Origin", origin);
        return client.SendAsync(request, Cancel);
    }

    private static async Task<IReadOnlyList<JsonNode>> AnswersAsync(RunningServer server, params (string Tool, string Arguments)[] calls)
    {
        var result = await CallAsync(server, null, calls);
        Assert.Null(result["failed"]);
        return [.. result["answers"]!.AsArray()
            .Select(a => a!["isError"] is null || !(bool)a["isError"]! ? Same(a!) : throw new InvalidOperationException(a.ToJsonString()))];

        // Text for hosts that read nothing else, and the same as data.
        static JsonNode Same(JsonNode answer)
        {
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse((string)answer["content"]![0]!["text"]!), answer["structuredContent"]));
            return answer["structuredContent"]!;
        }
    }

    private static Task<JsonNode> CallAsync(RunningServer server, string? key = null, params (string Tool, string Arguments)[] calls)
    {
        var asked =
            new JsonArray([.. calls.Select(c => new JsonObject { ["name"] = c.Tool, ["arguments"] = JsonNode.Parse(c.Arguments) })]);
        return OtherClient.RunAsync(
            "mcp.mjs", [server.Client.BaseAddress!.ToString(), asked.ToJsonString(), .. key is null ? [] : new[] { key }]);
    }

    private static string Iso(long ms) =>
        DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-ddTHH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
