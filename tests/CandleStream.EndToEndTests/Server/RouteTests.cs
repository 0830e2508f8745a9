using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;

namespace CandleStream.EndToEndTests.Server;

/// <summary>One server and its simulator for the tests of a class.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    internal RunningServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Server = await RunningServer.StartAsync();

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}

public sealed class RouteTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const int Limit = 180_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private HttpClient Client => fixture.Server.Client;

    [Fact(Timeout = Limit)]
    public async Task The_stream_moves_and_status_counts_its_reader()
    {
        // A series of this test's own: of one that another test has read, its reader may not be counted out yet.
        var names = new List<string>();
        await foreach (var item in Client.EventsAsync("/candles/stream?symbol=BTCUSD&timeframe=3h"))
        {
            names.Add(item.EventType);
            if (item.EventType != "message") continue;
            Assert.Equal("BTCUSD", (string?)JsonNode.Parse(item.Data)!["symbol"]);
            var status = await Client.JsonAsync("/candles/stream/status");
            var series = status["streams"]!.AsArray().Single(s => (string?)s!["key"] == "BTCUSD:3h")!;
            Assert.Equal(1, (int)series["subscribers"]!);
            Assert.True((bool)series["connected"]!);
            Assert.Equal("live", (string?)series["state"]);
            Assert.True((bool)series["simulated"]!);
            Assert.NotNull(series["latest"]!["close"]);
            break;
        }

        Assert.Equal(["hello", "snapshot", "synced"], names.Where(n => n is not ("status" or "message" or "heartbeat")).Take(3));
    }

    [Fact(Timeout = Limit)]
    public async Task Status_lists_open_series_sorted_by_key_with_their_sums()
    {
        await Client.JsonAsync("/candles?symbol=ETHUSD&timeframe=5m");
        await Client.JsonAsync("/candles?symbol=BTCUSD&timeframe=1h");
        var status = await Client.JsonAsync("/candles/stream/status");
        var keys = status["streams"]!.AsArray().Select(s => (string)s!["key"]!).ToList();
        Assert.Contains("ETHUSD:5m", keys);
        Assert.Equal(keys.Order(StringComparer.Ordinal), keys);
        Assert.Equal(keys.Count, (int)status["active_streams"]!);
        Assert.Equal(status["streams"]!.AsArray().Sum(s => (int)s!["subscribers"]!), (int)status["total_subscribers"]!);
    }

    [Fact(Timeout = Limit)]
    public async Task History_ends_with_the_forming_candle_and_names_the_seam()
    {
        var answer = await Client.UntilAsync(
            "/candles?symbol=BTCUSD&timeframe=1m&limit=20", a => a["candles"]!.AsArray().Any(c => !(bool)c!["closed"]!));
        var candles = answer["candles"]!.AsArray();
        Assert.Equal("BTCUSD", (string?)answer["symbol"]);
        Assert.Equal("1m", (string?)answer["timeframe"]);
        Assert.Equal(20, candles.Count);
        Assert.Equal(candles.Select(c => (long)c!["time"]!).Order(), candles.Select(c => (long)c!["time"]!));
        Assert.False((bool)candles[^1]!["closed"]!);
        Assert.True((long)answer["asof"]! > 1_700_000_000_000_000);
        var changes = await Client.JsonAsync($"/candles?symbol=BTCUSD&timeframe=1m&since={answer["asof"]}");
        Assert.Null(changes["reset"]);
        Assert.All(changes["candles"]!.AsArray(), c => Assert.True((long)c!["rev"]! > (long)answer["asof"]!));
    }

    [Fact(Timeout = Limit)]
    public async Task History_goes_newest_first_and_page_by_page()
    {
        var newest = await Client.JsonAsync("/candles?symbol=ETHUSD&timeframe=1h&limit=5&sort=desc");
        var times = newest["candles"]!.AsArray().Select(c => (long)c!["time"]!).ToList();
        Assert.Equal(times.OrderDescending(), times);
        var start = times[^1];
        var page = await Client.JsonAsync($"/candles?symbol=ETHUSD&timeframe=1h&start={start}&limit=2");
        Assert.Equal(2, page["candles"]!.AsArray().Count);
        var next = await Client.JsonAsync($"/candles?symbol=ETHUSD&timeframe=1h&start={page["next"]}&limit=2");
        Assert.True((long)next["candles"]![0]!["time"]! > (long)page["candles"]![1]!["time"]!);
    }

    [Fact(Timeout = Limit)]
    public async Task An_unchanged_answer_is_304()
    {
        // A closed range: the forming candle would change it.
        var newest = await Client.JsonAsync("/candles?symbol=ETHUSD&timeframe=1h&limit=3");
        var path = string.Create(
            CultureInfo.InvariantCulture, $"/candles?symbol=ETHUSD&timeframe=1h&end={(long)newest["candles"]![0]!["time"]!}&limit=5");
        await Client.UntilAsync(path, a => a["gaps"]!.AsArray().Count == 0);
        using var first = await Client.GetAsync(path, Cancel);
        Assert.True(first.Headers.ETag!.IsWeak);
        var again = new HttpRequestMessage(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(first.Headers.ETag);
        using var second = await Client.SendAsync(again, Cancel);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync(Cancel));
    }

    [Fact(Timeout = Limit)]
    public async Task Csv_holds_the_same_candles_as_json()
    {
        var newest = await Client.JsonAsync("/candles?symbol=BTCUSD&timeframe=1h&limit=3");
        var path = string.Create(
            CultureInfo.InvariantCulture, $"/candles?symbol=BTCUSD&timeframe=1h&end={(long)newest["candles"]![0]!["time"]!}&limit=400");
        var json = (await Client.UntilAsync(path, a => a["gaps"]!.AsArray().Count == 0))["candles"]!.AsArray();
        Assert.NotEmpty(json);
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/csv");
        using var answer = await Client.SendAsync(request, Cancel);
        Assert.Equal("text/csv", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal("0", answer.Headers.GetValues("Candles-Gaps").Single());
        var lines = (await answer.Content.ReadAsStringAsync(Cancel)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("time,open,high,low,close,volume,closed,rev", lines[0]);
        Assert.Equal(json.Select(c => string.Join(',', c!.AsObject().Select(field => field.Value!.ToJsonString()))), lines[1..]);
    }

    [Fact(Timeout = Limit)]
    public async Task Ten_thousand_candles_arrive_whole_in_both_forms()
    {
        const string path = "/candles?symbol=BTCUSD&timeframe=1m&limit=10000";
        Assert.Equal(10_000, (await Client.UntilAsync(path, a => a["candles"]!.AsArray().Count == 10_000))["candles"]!.AsArray().Count);
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Accept.ParseAdd("text/csv");
        using var csv = await Client.SendAsync(request, Cancel);
        Assert.Equal(10_001, (await csv.Content.ReadAsStringAsync(Cancel)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact(Timeout = Limit)]
    public async Task Symbols_name_both_currencies()
    {
        var symbols = await Client.UntilAsync("/symbols", a => a["symbols"]!.AsArray().Count > 0);
        var dusk = symbols["symbols"]!.AsArray().Single(s => (string?)s!["symbol"] == "DUSK:USD")!;
        Assert.Equal(("DUSK", "USD"), ((string)dusk["base"]!, (string)dusk["quote"]!));
        var btc = symbols["symbols"]!.AsArray().Single(s => (string?)s!["symbol"] == "BTCUSD")!;
        Assert.Equal(("BTC", "USD"), ((string)btc["base"]!, (string)btc["quote"]!));
    }

    [Fact(Timeout = Limit)]
    public async Task Timeframes_have_lengths_but_for_the_month()
    {
        var timeframes = (await Client.JsonAsync("/timeframes"))["timeframes"]!.AsArray();
        Assert.Equal(12, timeframes.Count);
        Assert.Equal("""{"timeframe":"1m","ms":60000}""", timeframes[0]!.ToJsonString());
        Assert.Equal("""{"timeframe":"1M","ms":null}""", timeframes[^1]!.ToJsonString());
    }

    [Fact(Timeout = Limit)]
    public async Task Health_says_live_and_ready()
    {
        Assert.Equal("live", (string?)(await Client.JsonAsync("/health/live"))["status"]);
        Assert.Equal("ready", (string?)(await Client.JsonAsync("/health/ready"))["status"]);
    }

    [Fact(Timeout = Limit)]
    public async Task Metrics_are_prometheus_text_and_name_the_stages()
    {
        await Client.UntilAsync("/candles?symbol=BTCUSD&timeframe=1m&limit=1", a => a["candles"]!.AsArray().Count == 1);
        var metrics = await Client.GetStringAsync("/metrics", Cancel);
        foreach (var name in (string[])["candlestream_streams", "kestrel_active_connections", "dotnet_gc_collections"])
            Assert.Contains(name, metrics, StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task The_script_that_checks_a_running_server_passes()
    {
        var start = new ProcessStartInfo("bash",
            [Path.Combine(Repository.Root, "scripts", "check.sh"), Client.BaseAddress!.ToString()])
        { RedirectStandardOutput = true };
        using var check = Process.Start(start)!;
        var output = await check.StandardOutput.ReadToEndAsync(Cancel);
        await check.WaitForExitAsync(Cancel);
        Assert.Equal("", string.Join('\n', output.Split('\n').Where(line => line.StartsWith("FAIL", StringComparison.Ordinal))));
        Assert.EndsWith(" passed, 0 failed\n", output, StringComparison.Ordinal);
        Assert.Equal(0, check.ExitCode);
    }

    [Fact(Timeout = Limit)]
    public async Task The_api_describes_every_route()
    {
        var paths = (await Client.JsonAsync("/openapi/v1.json"))["paths"]!.AsObject();
        foreach (var path in (string[])[
            "/candles", "/candles/stream", "/candles/stream/status", "/symbols", "/timeframes", "/health/live", "/health/ready"])
        {
            var get = paths[path]!["get"]!;
            Assert.NotNull(get["summary"]);
            Assert.NotNull(get["responses"]!["200"]!["content"]);
        }

        foreach (var (path, method) in ((string, string)[])[
            ("/candles/stream/ticket", "post"), ("/session", "post"), ("/session", "delete")])
            Assert.NotNull(paths[path]![method]!["summary"]);
        var parameters = paths["/candles"]!["get"]!["parameters"]!.AsArray().Select(p => (string)p!["name"]!);
        Assert.Equal(["symbol", "timeframe", "start", "end", "limit", "sort", "since", "If-None-Match"], parameters);
    }

    [Fact(Timeout = Limit)]
    public async Task The_example_request_of_each_route_is_answered()
    {
        var paths = (await Client.JsonAsync("/openapi/v1.json"))["paths"]!.AsObject();
        foreach (var (path, operations) in paths.Where(p => p.Key != "/candles/stream" && p.Value!["get"] is not null))
        {
            var query = (operations!["get"]!["parameters"]?.AsArray() ?? []).Where(p => (string?)p!["in"] == "query")
                .Select(p => $"{p!["name"]}={Uri.EscapeDataString(p["example"]!.ToString())}");
            var filled = (operations!["get"]!["parameters"]?.AsArray() ?? []).Where(p => (string?)p!["in"] == "path")
                .Aggregate(path, (filling, p) => filling.Replace($"{{{p!["name"]}}}", p["example"]!.ToString(), StringComparison.Ordinal));
            using var answer = await Client.GetAsync($"{filled}?{string.Join('&', query)}", Cancel);
            Assert.Equal((filled, HttpStatusCode.OK), (filled, answer.StatusCode));
        }
    }

    [Fact(Timeout = Limit)]
    public async Task The_api_pages_need_no_other_host()
    {
        using var answer = await Client.GetAsync("/docs/", Cancel);
        var page = await answer.Content.ReadAsStringAsync(Cancel);
        Assert.Contains("CandleStream", page, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", page, StringComparison.Ordinal);
        Assert.Contains(
            "script-src 'self' 'unsafe-inline'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Every_answer_carries_the_security_headers()
    {
        foreach (var path in (string[])["/timeframes", "/candles", "/nothing", "/health/live"])
        {
            using var answer = await Client.GetAsync(path, Cancel);
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
            var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
            Assert.Contains("default-src 'self'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.False(answer.Headers.Contains("Server"));
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Head_answers_headers_without_a_body()
    {
        using var answer = await Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/candles?symbol=BTCUSD&timeframe=1m"), Cancel);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync(Cancel));
    }

    [Fact(Timeout = Limit)]
    public async Task Json_and_the_stream_are_compressed_for_those_who_ask()
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "/timeframes");
        request.Headers.AcceptEncoding.ParseAdd("gzip");
        using var json = await Client.SendAsync(request, Cancel);
        Assert.Equal("gzip", json.Content.Headers.ContentEncoding.Single());
        var stream = new HttpRequestMessage(HttpMethod.Get, "/candles/stream?symbol=BTCUSD&timeframe=1m");
        stream.Headers.AcceptEncoding.ParseAdd("gzip");
        using var events = await Client.SendAsync(stream, HttpCompletionOption.ResponseHeadersRead, Cancel);
        Assert.Equal(["gzip"], events.Content.Headers.ContentEncoding);
        Assert.Equal(["Accept-Encoding"], events.Headers.Vary);

        // Exactly once: its first bytes are the text.
        await using var body = await events.Content.ReadAsStreamAsync(Cancel);
        await using var text = new GZipStream(body, CompressionMode.Decompress);
        var first = new byte[6];
        await text.ReadExactlyAsync(first, Cancel);
        Assert.Equal("retry:"u8.ToArray(), first);
    }
}
