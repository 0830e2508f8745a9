using System.Text.Json.Nodes;
using CandleStream.EndToEndTests.Server;

namespace CandleStream.EndToEndTests.Access;

/// <summary>
/// A ticket in the path reads its series and nothing else, until its time is over or its key is gone; <c>/embed</c> may be framed by listed
/// origins alone.
/// </summary>
public sealed class PathTicketTests
{
    private const int Limit = 180_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task A_ticket_reads_its_series_and_nothing_else()
    {
        await using var locked = await LockedServer.StartAsync();
        var ticket = await TicketAsync(locked, "BTCUSD:1m,DUSK:USD:1h");
        string[] open =
        [
            "/candles?symbol=BTCUSD&timeframe=1m", "/candles?symbol=DUSK:USD&timeframe=1h",
            "/candles/stream?series=BTCUSD:1m,DUSK:USD:1h&snapshot=5",
            "/candles/stream?symbol=BTCUSD&timeframe=1m&last_event_id=5", "/candles/stream/status",
        ];
        foreach (var path in open) Assert.Equal((path, 200), (path, await locked.StatusAsync($"/k/{ticket}{path}")));
        foreach (var path in new[] { "/candles?symbol=ETHUSD&timeframe=1m", "/candles?symbol=BTCUSD&timeframe=5m",
            "/candles/stream?series=BTCUSD:1m,ETHUSD:1m" })
            Assert.Equal((path, 403), (path, await locked.StatusAsync($"/k/{ticket}{path}")));
        foreach (var path in new[] { "", "/", "/symbols", "/timeframes", "/metrics", "/candles/stream/ticket?symbol=BTCUSD&timeframe=1m",
            "/tickets", "/session", "/docs", "/health/live" })
            Assert.Equal((path, 401), (path, await locked.StatusAsync($"/k/{ticket}{path}")));
        // Without the ticket, or with one that is not ours, nothing is open; a ticket for streams is none for paths.
        foreach (var other in new[] { "", "AAAA", ticket[..^4] + "AAAA", new string('A', 4000), await StreamTicketAsync(locked) })
            Assert.Equal((other, 401), (other, await locked.StatusAsync($"/k/{other}/candles?symbol=BTCUSD&timeframe=1m")));
    }

    [Fact(Timeout = Limit)]
    public async Task The_status_that_a_ticket_reads_names_its_series_alone()
    {
        await using var locked = await LockedServer.StartAsync();
        using var other = await locked.AskAsync("/candles/stream?series=ETHUSD:1m", LockedServer.ReadKey);
        using var own = await locked.AskAsync("/candles/stream?series=BTCUSD:1m", LockedServer.ReadKey);
        var ticket = await TicketAsync(locked, "BTCUSD:1m");
        using var answer = await locked.AskAsync($"/k/{ticket}/candles/stream/status");
        var streams = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!["streams"]!.AsArray();
        Assert.Equal(["BTCUSD:1m"], streams.Select(s => (string)s!["key"]!));
    }

    [Fact(Timeout = Limit)]
    public async Task A_key_beside_the_ticket_opens_nothing_more()
    {
        await using var locked = await LockedServer.StartAsync();
        var ticket = await TicketAsync(locked, "BTCUSD:1m");
        Assert.Equal(403, await locked.StatusAsync($"/k/{ticket}/candles?symbol=ETHUSD&timeframe=1m", LockedServer.AdminKey));
        Assert.Equal(401, await locked.StatusAsync("/k/AAAA/candles?symbol=ETHUSD&timeframe=1m", LockedServer.AdminKey));
    }

    [Fact(Timeout = Limit)]
    public async Task A_ticket_lives_for_its_time_and_an_open_stream_ends_with_it()
    {
        var clock = new TurnedClock();
        await using var locked = await LockedServer.StartAsync(clock, ("Security:PathTicketLifetime", "10.00:00:00"));
        var ticket = await TicketAsync(locked, "BTCUSD:1m", TimeSpan.FromDays(10));
        using var stream = await locked.AskAsync($"/k/{ticket}/candles/stream?series=BTCUSD:1m");
        await using var body = await stream.Content.ReadAsStreamAsync(Cancel);
        clock.Turn(TimeSpan.FromDays(9.9));
        Assert.Equal(200, await locked.StatusAsync($"/k/{ticket}/candles?symbol=BTCUSD&timeframe=1m"));
        clock.Turn(TimeSpan.FromDays(0.2));
        Assert.Equal(401, await locked.StatusAsync($"/k/{ticket}/candles?symbol=BTCUSD&timeframe=1m"));
        await UntilEndedAsync(body);
    }

    [Fact(Timeout = Limit)]
    public async Task A_ticket_ends_with_its_key_and_so_does_an_open_stream()
    {
        await using var locked = await LockedServer.StartAsync();
        var ticket = await TicketAsync(locked, "BTCUSD:1m");
        using var stream = await locked.AskAsync($"/k/{ticket}/candles/stream?series=BTCUSD:1m");
        await using var body = await stream.Content.ReadAsStreamAsync(Cancel);
        var lines = await File.ReadAllLinesAsync(locked.KeyFile, Cancel);
        await File.WriteAllLinesAsync(locked.KeyFile, lines.Where(l => !l.StartsWith("charts ", StringComparison.Ordinal)), Cancel);
        await UntilEndedAsync(body);
        Assert.Equal(401, await locked.StatusAsync($"/k/{ticket}/candles?symbol=BTCUSD&timeframe=1m"));
    }

    [Theory(Timeout = Limit)]
    [InlineData("?path=/embed", 400)]
    [InlineData("?series=BTCUSD:1m", 400)]
    [InlineData("?path=/candles&series=BTCUSD:1m", 400)]
    [InlineData("?path=/embed&series=BTCUSD:7m", 400)]
    [InlineData("?path=/embed&series=NOSUCH:1m", 404)]
    public async Task A_ticket_for_what_cannot_be_had_is_refused(string query, int status)
    {
        await using var locked = await LockedServer.StartAsync();
        await locked.StatusAsync("/symbols", LockedServer.ReadKey);
        Assert.Equal(status, await locked.StatusAsync($"/tickets{query}", LockedServer.ReadKey, HttpMethod.Post));
    }

    [Fact(Timeout = Limit)]
    public async Task A_ticket_needs_a_key_and_a_server_without_keys_makes_none()
    {
        await using var locked = await LockedServer.StartAsync();
        Assert.Equal(401, await locked.StatusAsync("/tickets?path=/embed&series=BTCUSD:1m", null, HttpMethod.Post));
        await using var open = await RunningServer.StartAsync();
        using var answer = await open.Client.PostAsync("/tickets?path=/embed&series=BTCUSD:1m", null, Cancel);
        Assert.Equal(400, (int)answer.StatusCode);
        Assert.Contains("/embed opens without a ticket", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task No_page_may_frame_the_chart_unless_its_origin_is_listed()
    {
        await using (var closed = await RunningServer.StartAsync()) await AssertFramesAsync(
            closed, "/embed", "frame-ancestors 'none'", "DENY");
        await using var listed =
            await RunningServer.StartAsync(("Security:FrameAncestors", "https://blog.example.org,http://127.0.0.1:9000"));
        await AssertFramesAsync(listed, "/embed", "frame-ancestors https://blog.example.org http://127.0.0.1:9000", null);
        await AssertFramesAsync(listed, "/k/AAAA/embed", "frame-ancestors https://blog.example.org http://127.0.0.1:9000", null);
        foreach (var path in new[] { "/", "/docs", "/candles/stream/status", "/k/AAAA/candles/stream/status" })
            await AssertFramesAsync(listed, path, "frame-ancestors 'none'", "DENY");
    }

    [Fact(Timeout = Limit)]
    public async Task A_ticket_is_never_logged()
    {
        await using var server = await ServerProcess.StartAsync(["--demo", "--port=0", "--Logging:LogLevel:Default=Trace"]);
        foreach (var path in new[] { "/candles?symbol=BTCUSD&timeframe=1m", "/candles?symbol=NOSUCH&timeframe=1m", "/embed", "/nothing",
            "" })
        {
            using var answer = await server.Client.GetAsync($"/k/SECRETSECRET{path}", Cancel);
            Assert.DoesNotContain("SECRET", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        }

        Assert.NotEmpty(server.Output);
        Assert.DoesNotContain(server.Output.Concat(server.Errors), line => line.Contains("SECRET", StringComparison.Ordinal));
    }

    [Theory(Timeout = Limit)]
    [InlineData("blog.example.org")]
    [InlineData("https://blog.example.org/")]
    [InlineData("*")]
    [InlineData("https://a.example.org,'self'")]
    public async Task A_wrong_entry_of_the_list_stops_the_start_and_is_named(string list)
    {
        await using var server = ServerProcess.Launch(["--demo", "--port=0", $"--Security:FrameAncestors={list}"]);
        Assert.NotEqual(0, await server.ExitAsync());
        Assert.Contains(server.Errors, l => l.Contains("Security:FrameAncestors", StringComparison.Ordinal)
            && l.Contains(list.Split(',')[^1], StringComparison.Ordinal));
    }

    private static async Task AssertFramesAsync(RunningServer server, string path, string policy, string? options)
    {
        using var answer = await server.Client.GetAsync(path, Cancel);
        Assert.EndsWith(policy, answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal(options, answer.Headers.TryGetValues("X-Frame-Options", out var values) ? values.Single() : null);
    }

    private static async Task<string> TicketAsync(LockedServer locked, string series, TimeSpan? lifetime = null)
    {
        using var answer = await locked.AskAsync($"/tickets?path=/embed&series={series}", LockedServer.ReadKey, HttpMethod.Post);
        Assert.Equal(200, (int)answer.StatusCode);
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!;
        Assert.Equal((long)(lifetime ?? TimeSpan.FromDays(365)).TotalMilliseconds, (long)body["expires_in_ms"]!);
        return (string)body["ticket"]!;
    }

    private static async Task<string> StreamTicketAsync(LockedServer locked)
    {
        using var answer =
            await locked.AskAsync("/candles/stream/ticket?symbol=BTCUSD&timeframe=1m", LockedServer.ReadKey, HttpMethod.Post);
        return (string)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!["ticket"]!;
    }

    // The server breaks the connection off: the rest of the body is an error or nothing.
    private static async Task UntilEndedAsync(System.IO.Stream body)
    {
        var buffer = new byte[4096];
        try
        {
            while (await body.ReadAsync(buffer, Cancel) > 0)
            {
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            // As expected.
        }
    }

    /// <summary>The machine's clock, which a test may turn forward: timers made before wake as they would have.</summary>
    private sealed class TurnedClock : TimeProvider
    {
        private readonly List<Timer> _timers = [];
        private TimeSpan _ahead;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + _ahead;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new Timer(callback, state, dueTime, period);
            // The alarm of a ticket is the only one that looks once a day.
            if (period == TimeSpan.FromDays(1)) lock (_timers) _timers.Add(timer);
            return timer;
        }

        public void Turn(TimeSpan by)
        {
            _ahead += by;
            lock (_timers) _timers.ForEach(timer => timer.Change(TimeSpan.Zero, TimeSpan.FromDays(1)));
        }
    }
}
