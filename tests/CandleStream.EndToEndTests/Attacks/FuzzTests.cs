using System.Collections.Concurrent;
using System.Text;
using CandleStream.EndToEndTests.Access;
using Microsoft.Extensions.Logging;

namespace CandleStream.EndToEndTests.Attacks;

/// <summary>
/// Every route with parameters and headers that nobody would think of: refused or answered, never a failure of the server's own.
/// </summary>
public sealed class FuzzTests
{
    private const int Limit = 600_000;
    private const int Seed = 20_261_123;
    private const int Connections = 8;

    /// <summary>Those that read parameters come more often.</summary>
    private static readonly string[] Paths =
    [
        "/candles", "/candles", "/candles", "/candles", "/candles/stream", "/candles/stream", "/candles/stream", "/candles/stream",
        "/candles/stream/ticket", "/candles/stream/ticket", "/candles/stream/status",
        "/session", "/symbols", "/timeframes", "/health/live", "/health/ready", "/metrics", "/openapi/v1.json", "/docs", "/", "/nothing",
        "/udf/config", "/udf/history", "/udf/marks", "/udf/symbols", "/udf/search", "/udf/quotes", "/k/x/udf/time", "/k", "/tickets",
        "/widgets.json", "/mcp", "/bitfinex/ws/2",
    ];

    private static readonly string[] Names = ["symbol", "timeframe", "series", "snapshot", "max_rate", "delta", "last_event_id", "ticket",
        "start", "end", "limit", "sort", "since", "resolution", "from", "to", "countback", "query", "symbols", "path", "", "%", "a[]"];

    private static readonly string[] Values =
        ["", "BTCUSD", "ETHUSD", "DUSK:USD", "1m", "1M", "BTCUSD:1m", "BTCUSD:1m,ETHUSD:5m", "0", "1", "-1", "1000", "10000", "10001",
            "9223372036854775807", "9223372036854775808", "-9223372036854775808",
         "253402300799999", "253402300800000", "1e309", "0.1", "NaN", "asc", "desc", "%00", "%0d%0a", "%ff%fe", "%u0041", "%25", "+", "::",
         ":1m", "BTCUSD:", "'", "\"", "{}", "[]", "..%2f", "%f0%9f%92%a9"];

    private static readonly string[] Headers =
        [
            "Last-Event-ID", "If-None-Match", "If-Modified-Since", "Accept", "Accept-Encoding", "Range", "Origin", "Cookie",
            "Authorization", "X-Forwarded-For", "X-Forwarded-Proto", "Content-Type", "Expect", "Upgrade", "Connection", "traceparent",
            "Prefer", "Content-Length"];

    private static readonly string[] HeaderValues =
        [
            "", "*", "*/*", "text/csv", "text/event-stream;q=0", "application/json;q=2", ";;;", ",,,", "\"", "W/\"1-2\"", "bytes=0-",
            "bytes=9-1", "null", "close, upgrade", "websocket", "h2c", "100-continue", "gzip;q=x", "Bearer", "Bearer ", "a=b; c",
            "candlestream-session=CfDJ8", "00-0-0-0", "0", "-5", "é", "Mon, 99 Foo 2020"];

    [Fact(Timeout = Limit)]
    public async Task No_question_makes_the_server_fail()
    {
        var loud = new LoudLog();
        await using var locked =
            await LockedServer.StartAsync(
                ("Security:RequestsPerSecond", "1000000"), ("Security:RequestBurst", "1000000"), ("Streaming:MaxOpenSeries", "1000"),
                ("Streaming:FirstDataWait", "00:00:00.01"), ("Streaming:ResumeWait", "00:00:00"), ("Streaming:HistoryWait", "00:00:00"));
        locked.Server.Get<ILoggerFactory>().AddProvider(loud);
        var cases = TestSize.Of(10_000, 100_000);
        var failures = new ConcurrentBag<string>();
        var answered = new ConcurrentDictionary<int, int>();
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async worker =>
        {
            var random = new Random(Seed + worker);
            for (var i = worker; i < cases; i += Connections)
            {
                var request = Make(random);
                var answer = await RawHttp.AskAsync(locked.Client.BaseAddress!, request);
                answered.AddOrUpdate(answer.Status, 1, static (_, n) => n + 1);
                // 503 is what a full server and a store that is away say; neither is the case here.
                if (answer.Status >= 500) failures.Add($"{request}\n{answer.Text}");
            }
        }));
        Assert.True(failures.IsEmpty, failures.FirstOrDefault());
        Assert.True(loud.Errors.IsEmpty, loud.Errors.FirstOrDefault());
        // Some of all sorts: a fuzzer whose questions all end at the first check shows nothing.
        foreach (var status in (int[])[200, 400, 401, 403, 404, 405])
            Assert.True(answered.GetValueOrDefault(status) > cases / 1000, $"{status}: {string.Join(' ', answered)}");
    }

    private static string Make(Random random)
    {
        var request = new StringBuilder(random.Next(10) switch { 0 => "POST ", 1 => "HEAD ", 2 => "OPTIONS ", _ => "GET " });
        var path = Pick(random, Paths);
        request.Append(path).Append('?');
        if (path.StartsWith("/candles", StringComparison.Ordinal) && random.Next(2) == 0) request.Append("symbol=BTCUSD&timeframe=1m&");
        for (var i = random.Next(5); i > 0; i--) request.Append(Pick(random, Names)).Append('=').Append(Value(random)).Append('&');
        request.Append(" HTTP/1.1\r\nHost: x\r\n");
        if (random.Next(8) > 0)
            request.Append("X-API-Key: ").Append(random.Next(4) == 0 ? LockedServer.AdminKey : LockedServer.ReadKey).Append("\r\n");
        for (var i = random.Next(4); i > 0; i--) request.Append(Pick(random, Headers)).Append(": ").Append(Pick(random, HeaderValues))
            .Append("\r\n");
        return request.Append("\r\n").ToString();
    }

    private static string Value(Random random)
    {
        if (random.Next(3) > 0) return Pick(random, Values);
        var bytes = new byte[random.Next(1, 20)];
        random.NextBytes(bytes);
        return string.Concat(bytes.Select(b => $"%{b:x2}"));
    }

    private static string Pick(Random random, string[] from) => from[random.Next(from.Length)];

    /// <summary>Keeps what is logged as an error.</summary>
    private sealed class LoudLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Errors { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Error) Errors.Enqueue($"{formatter(state, exception)} {exception}");
        }

        public void Dispose()
        {
        }
    }
}
