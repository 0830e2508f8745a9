using System.IO.Compression;
using System.Text;
using CandleStream.EndToEndTests.Access;
using CandleStream.EndToEndTests.Stream;
using CandleStream.Server.Streams;
using CandleStream.Server.Streams.Sending;

namespace CandleStream.EndToEndTests.Attacks;

/// <summary>A locked server under attack, and one client that reads a stream all the while.</summary>
public sealed class AttackedFixture : IAsyncLifetime
{
    private HttpResponseMessage _witness = null!;
    private Task _reading = Task.CompletedTask;
    private long _read;

    internal LockedServer Locked { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Locked = await LockedServer.StartAsync(
            ("Security:HeaderTimeout", "00:00:01"), ("Streaming:Heartbeat", "00:00:01"), ("Security:RequestBurst", "1000000"));
        _witness = await Locked.AskAsync("/candles/stream?symbol=BTCUSD&timeframe=1m", LockedServer.AdminKey);
        _reading = ReadAsync(await _witness.Content.ReadAsStreamAsync());
    }

    /// <summary>After all attacks: the stream that was open before was never cut, and still brings something new.</summary>
    public async ValueTask DisposeAsync()
    {
        var read = Volatile.Read(ref _read);
        var isServed = Eventually.TrueAsync(() => Volatile.Read(ref _read) > read);
        Assert.Same(isServed, await Task.WhenAny(isServed, _reading).WaitAsync(TimeSpan.FromSeconds(30)));
        _witness.Dispose();
        await Locked.DisposeAsync();
    }

    private async Task ReadAsync(System.IO.Stream stream)
    {
        var buffer = new byte[64 * 1024];
        while (await stream.ReadAsync(buffer) is > 0 and var count) Interlocked.Add(ref _read, count);
    }
}

/// <summary>Hostile requests by raw socket: each has its answer, and the one who reads a stream does not notice.</summary>
public sealed class AttackTests(AttackedFixture fixture) : IClassFixture<AttackedFixture>
{
    private const int Limit = 300_000;
    private const string Stream = "/candles/stream?symbol=BTCUSD&timeframe=1m";

    private static readonly string Key = $"X-API-Key: {LockedServer.ReadKey}\r\n";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private Uri Server => fixture.Locked.Client.BaseAddress!;

    [Theory(Timeout = Limit)]
    [InlineData("/../../etc/passwd", 404)]
    [InlineData("/%2e%2e/%2e%2e/etc/passwd", 404)]
    [InlineData("/assets/..%2f..%2fappsettings.json", 404)]
    [InlineData("/assets/..\\..\\appsettings.json", 404)]
    [InlineData("/candles/../metrics", 403)]
    [InlineData("/candles/%2e%2e/metrics", 403)]
    [InlineData("/METRICS", 403)]
    [InlineData("/metrics/", 403)]
    [InlineData("//metrics", 404)]
    [InlineData("/metrics%00", 400)]
    [InlineData("/metrics;x", 404)]
    [InlineData("/health/live/../../metrics", 403)]
    [InlineData("/candles/stream/%2e%2e/%2e%2e/keys.txt", 404)]
    [InlineData("/%", 404)]
    [InlineData("/%c0%ae%c0%ae/keys.txt", 404)]
    [InlineData("candles", 405)]
    [InlineData("http://elsewhere.example.org/metrics", 400)] // not what Host says
    [InlineData("*", 405)]
    public async Task Tricks_with_the_path_lead_nowhere(string path, int status) => Assert.Equal(status, (await GetAsync(path)).Status);

    [Theory(Timeout = Limit)]
    [InlineData("/candles?symbol=BTC%0d%0aSet-Cookie:%20a=b&timeframe=1m", 400)]
    [InlineData("/candles/stream?symbol=BTCUSD%0d%0aSet-Cookie:%20a=b&timeframe=1m", 400)]
    [InlineData("/candles%0d%0aSet-Cookie:%20a=b", 404)]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1m&sort=%0aasc", 400)]
    public async Task Line_breaks_in_parameters_stay_in_the_body(string path, int status)
    {
        var answer = await GetAsync(path);
        Assert.Equal((status, false), (answer.Status, answer.Has("Set-Cookie")));
        Assert.True(answer.Has("X-Content-Type-Options"));
    }

    [Theory(Timeout = Limit)]
    [InlineData("FOO", "/candles", 405)]
    [InlineData("POST", "/candles", 405)]
    [InlineData("DELETE", Stream, 405)]
    [InlineData("TRACE", "/timeframes", 405)]
    [InlineData("PUT", "/metrics", 403)] // not this key's, whatever the method
    [InlineData("PATCH", "/session", 405)]
    [InlineData("CONNECT", "127.0.0.1:22", 404)] // it names no path of ours
    [InlineData("G\tET", "/timeframes", 400)]
    public async Task Wrong_methods_are_refused(string method, string path, int status) =>
        Assert.Equal(status, (await RawHttp.AskAsync(
            Server, $"{method} {path} HTTP/1.1\r\nHost: {(method == "CONNECT" ? path : "x")}\r\n{Key}\r\n")).Status);

    [Theory(Timeout = Limit)]
    [InlineData("GET /timeframes HTTP/1.0\r\nKEY\r\n", 200)]
    [InlineData("GET " + Stream + " HTTP/1.0\r\nKEY\r\n", 200)]
    [InlineData("GET /timeframes HTTP/0.9\r\nKEY\r\n", 505)]
    [InlineData("GET /timeframes HTTP/7.1\r\nKEY\r\n", 505)]
    [InlineData("GET /timeframes\r\n\r\n", 400)]
    [InlineData("GET /timeframes HTTP/1.1\r\nKEY\r\n", 400)] // no Host
    [InlineData("GET /timeframes HTTP/1.1\r\nHost: x\r\nHost: y\r\nKEY\r\n", 400)]
    [InlineData("GET /timeframes HTTP/1.1\r\nHost: x\r\nKEYBroken header\r\n\r\n", 400)]
    [InlineData("GET /timeframes HTTP/1.1\r\nHost: x\r\nKEYa: b\0c\r\n\r\n", 400)]
    [InlineData("\u0016\u0003\u0001\u0002\0\u0001\0\u0001", 0)] // the beginning of TLS, then silence
    public async Task Old_and_broken_http_has_its_answer(string request, int status)
    {
        var answer = await RawHttp.AskAsync(Server, request.Replace("KEY", Key, StringComparison.Ordinal));
        // Silence is ended by the time limit for headers: 408, or 400 where the bytes were no request.
        if (status == 0) Assert.Contains(answer.Status, (int[])[400, 408]);
        else Assert.Equal(status, answer.Status);
    }

    [Theory(Timeout = Limit)]
    [InlineData("abc", 200)]
    [InlineData("-1", 200)]
    [InlineData("99999999999999999999999999999999", 200)]
    [InlineData("9223372036854775807", 200)]
    [InlineData("0", 200)]
    [InlineData("1e12", 200)]
    [InlineData("'; DROP TABLE candle; --", 200)]
    [InlineData("é€", 200)]
    public async Task A_garbled_last_event_id_begins_anew(string id, int status) =>
        Assert.Equal(
            status, (await GetAsync(Stream, $"Last-Event-ID: {Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(id))}\r\n")).Status);

    [Fact(Timeout = Limit)]
    public async Task A_request_that_is_too_large_is_cut_short()
    {
        Assert.Equal(431, (await GetAsync(Stream, $"Last-Event-ID: {new string('9', 1_000_000)}\r\n")).Status);
        Assert.Equal(431, (await GetAsync("/timeframes", string.Concat(Enumerable.Range(0, 200).Select(i => $"X-{i}: a\r\n")))).Status);
        Assert.Equal(431, (await GetAsync(
            "/timeframes", string.Concat(Enumerable.Range(0, 50).Select(i => $"X-{i}: {new string('a', 1000)}\r\n")))).Status);
        Assert.Equal(414, (await GetAsync($"/candles?symbol={new string('A', 100_000)}")).Status);
        Assert.Equal(414, (await GetAsync($"/candles/stream?{string.Concat(Enumerable.Repeat("series=BTCUSD:1m&", 10_000))}")).Status);
        Assert.Equal(400,
            (await GetAsync($"/candles/stream?series={string.Join(',', Enumerable.Range(0, 200).Select(i => $"A{i}USD:1m"))}")).Status);
    }

    [Theory(Timeout = Limit)]
    [InlineData("POST", "/candles/stream/ticket?symbol=BTCUSD&timeframe=1m", 200)]
    [InlineData("POST", "/session", 204)]
    [InlineData("GET", "/timeframes", 200)]
    public async Task A_compressed_bomb_is_not_unpacked_not_even_read(string method, string path, int status)
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true)) await gzip.WriteAsync(
            new byte[20_000_000], Cancel);
        using var client = await RawHttp.ConnectAsync(Server);
        await client.SendAsync(
            $"{method} {path} HTTP/1.1\r\nHost: x\r\n{Key}Content-Encoding: gzip\r\nContent-Length: {packed.Length}\r\n\r\n{Encoding.Latin1.GetString(packed.ToArray())}");
        Assert.Equal(status, (await client.ReadHeadAsync()).Status);
        // The rest is not taken: the connection ends.
        await client.ReadToEndAsync();
    }

    [Fact(Timeout = Limit)]
    public async Task Slow_requests_are_ended_by_the_time_limit()
    {
        var clients = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => RawHttp.ConnectAsync(Server)));
        foreach (var client in clients) await client.SendAsync("GET /timeframes HTTP/1.1\r\nHost: x\r\nX-Slow: ");
        Assert.Equal(200, await fixture.Locked.StatusAsync("/timeframes", LockedServer.ReadKey));
        foreach (var client in clients)
        {
            Assert.Equal(408, (await client.ReadHeadAsync()).Status);
            client.Dispose();
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData("true")]
    [InlineData("false")]
    public async Task A_client_that_vanishes_without_a_word_is_let_go(string directSockets)
    {
        await using var locked = await LockedServer.StartAsync(
            ("Streaming:StuckLimit", "00:00:01"), ("Streaming:Heartbeat", "00:00:01"), ("Streaming:DirectSockets", directSockets));
        using var client = await RawHttp.ConnectAsync(locked.Client.BaseAddress!);
        await client.SendAsync($"GET {Stream} HTTP/1.1\r\nHost: x\r\n{Key}\r\n");
        Assert.Equal(200, (await client.ReadHeadAsync()).Status);
        client.Vanish();
        await Eventually.TrueAsync(
            () => locked.Server.Get<StreamLimiter>().Shares == 0 && locked.Server.Get<StreamCounters>().Streams == 0);
    }

    [Fact(Timeout = Limit)]
    public async Task Other_sites_pages_get_no_word()
    {
        var answer = await GetAsync("/timeframes", "Origin: https://elsewhere.example.org\r\n");
        Assert.False(answer.Has("Access-Control-Allow-Origin"));
        var preflight =
            await RawHttp.AskAsync(
                Server,
                "OPTIONS /timeframes HTTP/1.1\r\nHost: x\r\nOrigin: https://elsewhere.example.org\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: X-API-Key\r\n\r\n");
        Assert.False(preflight.Has("Access-Control-Allow-Origin"));
    }

    [Fact(Timeout = Limit)]
    public async Task Clients_that_connect_and_break_off_leave_nothing_behind()
    {
        var limiter = fixture.Locked.Server.Get<StreamLimiter>();
        var total = TestSize.Of(1_000, 10_000);
        for (var i = 0; i < total; i += 50)
        {
            await Task.WhenAll(Enumerable.Range(i, 50).Select(async n =>
            {
                using var client = await RawHttp.ConnectAsync(Server);
                if (n % 4 > 0) await client.SendAsync($"GET {Stream} HTTP/1.1\r\nHost: x\r\n{(n % 4 > 1 ? $"{Key}\r\n" : "")}");
                if (n % 4 > 2) await client.ReadHeadAsync();
                client.Abort();
            }));
        }

        // The witness alone is left.
        await Eventually.TrueAsync(() => limiter.Shares == 1 && fixture.Locked.Server.Get<StreamCounters>().Streams == 1);
    }

    private Task<RawAnswer> GetAsync(string path, string headers = "") =>
        RawHttp.AskAsync(Server, $"GET {path} HTTP/1.1\r\nHost: x\r\n{Key}{headers}\r\n");
}
