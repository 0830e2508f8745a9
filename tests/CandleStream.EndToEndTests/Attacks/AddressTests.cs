using CandleStream.EndToEndTests.Access;
using CandleStream.EndToEndTests.Server;
using CandleStream.Server.Access;

namespace CandleStream.EndToEndTests.Attacks;

/// <summary>Whose share a request uses up, whatever it says about itself.</summary>
public sealed class AddressTests
{
    private const int Limit = 180_000;
    private const string Stream = "/candles/stream?symbol=BTCUSD&timeframe=1m";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task A_known_proxy_tells_the_client_and_what_the_client_adds_changes_nothing()
    {
        await using var server =
            await RunningServer.StartAsync(("Security:KnownProxies", "192.0.2.1, 127.0.0.1"), ("Streaming:MaxStreamsPerAddress", "1"));
        using var first = await AskAsync(server, Stream, "203.0.113.7");
        Assert.Equal(200, (int)first.StatusCode);
        foreach (var forged in (string[])["203.0.113.7", "198.51.100.1, 203.0.113.7", "127.0.0.1, 203.0.113.7", "nonsense, 203.0.113.7"])
        {
            using var second = await AskAsync(server, Stream, forged);
            Assert.Equal((forged, 429), (forged, (int)second.StatusCode));
        }

        using var other = await AskAsync(server, Stream, "198.51.100.1");
        Assert.Equal(200, (int)other.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task An_unknown_proxy_is_not_believed()
    {
        await using var server =
            await RunningServer.StartAsync(("Security:KnownProxies:0", "10.0.0.0/8"), ("Streaming:MaxStreamsPerAddress", "1"));
        using var first = await AskAsync(server, Stream, "203.0.113.7");
        using var second = await AskAsync(server, Stream, "203.0.113.7");
        // Both are loopback's, which has no limit.
        Assert.Equal((200, 200), ((int)first.StatusCode, (int)second.StatusCode));
    }

    [Fact(Timeout = Limit)]
    public async Task Who_guesses_keys_is_slowed_down_and_nobody_else()
    {
        await using var locked = await LockedServer.StartAsync(
            ("Security:KnownProxies:0", "127.0.0.1"), ("Security:RequestsPerSecond", "1"), ("Security:RequestBurst", "20"));
        var answers = new List<int>();
        while (answers.Count < 200 && !answers.Contains(429))
        {
            using var answer = await locked.AskAsync("/timeframes", [("X-API-Key", ApiKey.Generate()), ("X-Forwarded-For", "203.0.113.7")]);
            answers.Add((int)answer.StatusCode);
        }

        Assert.Equal(429, answers[^1]);
        Assert.True(answers.Count > 20);
        Assert.All(answers.SkipLast(1), status => Assert.Equal(401, status));
        using var holder = await locked.AskAsync("/timeframes", [("X-API-Key", LockedServer.ReadKey), ("X-Forwarded-For", "203.0.113.7")]);
        Assert.Equal(200, (int)holder.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task A_connection_too_many_is_closed_unanswered()
    {
        await using var server = await RunningServer.StartAsync(("Streaming:MaxStreams", "3"), ("Security:MaxConnections", "3"));
        var address = server.Client.BaseAddress!;
        var held = new List<RawHttp>();
        for (var i = 0; i < 3; i++)
        {
            held.Add(await RawHttp.ConnectAsync(address));
            await held[i].SendAsync("GET /timeframes HTTP/1.1\r\nHost: x\r\n\r\n");
            Assert.Equal(200, (await held[i].ReadHeadAsync()).Status);
        }

        Assert.Equal(0, (await RawHttp.AskAsync(address, "GET /timeframes HTTP/1.1\r\nHost: x\r\n\r\n")).Status);
        foreach (var client in held) client.Dispose();
    }

    private static Task<HttpResponseMessage> AskAsync(RunningServer server, string path, string forwardedFor)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("X-Forwarded-For", forwardedFor);
        return server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
    }
}
