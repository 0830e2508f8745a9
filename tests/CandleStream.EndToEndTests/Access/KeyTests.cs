using System.Text.Json.Nodes;
using CandleStream.EndToEndTests.Server;
using CandleStream.Server.Access;

namespace CandleStream.EndToEndTests.Access;

/// <summary>One locked server for the tests that do not change it.</summary>
public sealed class LockedFixture : IAsyncLifetime
{
    internal LockedServer Locked { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Locked = await LockedServer.StartAsync();

    public ValueTask DisposeAsync() => Locked.DisposeAsync();
}

/// <summary>Which key opens what.</summary>
public sealed class KeyTests(LockedFixture fixture) : IClassFixture<LockedFixture>
{
    private const int Limit = 180_000;
    private const string Stream = "/candles/stream?symbol=BTCUSD&timeframe=1m";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private LockedServer Locked => fixture.Locked;

    [Theory(Timeout = Limit)]
    [InlineData("/health/live", 200, 200, 200)]
    [InlineData("/health/ready", 200, 200, 200)]
    [InlineData("/candles?symbol=BTCUSD&timeframe=1m", 401, 200, 200)]
    [InlineData(Stream, 401, 200, 200)]
    [InlineData("/candles/stream/status", 401, 200, 200)]
    [InlineData("/symbols", 401, 200, 200)]
    [InlineData("/timeframes", 401, 200, 200)]
    [InlineData("/openapi/v1.json", 401, 200, 200)]
    [InlineData("/metrics", 401, 403, 200)]
    [InlineData("/nothing", 401, 404, 404)]
    public async Task Each_route_opens_to_its_keys(string path, int withNone, int withRead, int withAdmin)
    {
        await Locked.Client.UntilAsync("/health/ready", _ => true);
        Assert.Equal((withNone, withRead, withAdmin), (await Locked.StatusAsync(path),
            await Locked.StatusAsync(path, LockedServer.ReadKey), await Locked.StatusAsync(path, LockedServer.AdminKey)));
    }

    [Fact(Timeout = Limit)]
    public async Task A_refusal_is_a_problem_that_says_what_is_needed()
    {
        using var answer = await Locked.AskAsync("/candles?symbol=BTCUSD&timeframe=1m");
        Assert.Equal("Bearer", answer.Headers.WwwAuthenticate.Single().Scheme);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Contains("X-API-Key", await answer.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task A_key_may_come_as_a_bearer_token()
    {
        using var answer = await Locked.AskAsync("/timeframes", [("Authorization", $"bearer {LockedServer.ReadKey}")]);
        Assert.Equal(200, (int)answer.StatusCode);
    }

    [Theory(Timeout = Limit)]
    [InlineData("X-API-Key", "")]
    [InlineData("X-API-Key", "cs_0000000000000000000000000000000000000000000000000000000000000000")]
    [InlineData("Authorization", "Bearer")]
    [InlineData("Authorization", "Basic YTpi")]
    [InlineData("Cookie", "candlestream-session=nonsense")]
    public async Task What_is_no_key_opens_nothing(string header, string value)
    {
        using var answer = await Locked.AskAsync("/timeframes", [(header, value)]);
        Assert.Equal(401, (int)answer.StatusCode);
    }

    [Fact(Timeout = Limit)]
    public async Task The_hash_in_the_file_is_no_key()
    {
        var hash = Convert.ToHexStringLower(ApiKey.HashOf(LockedServer.ReadKey));
        Assert.Equal(401, await Locked.StatusAsync("/timeframes", hash));
    }

    [Fact(Timeout = Limit)]
    public async Task A_page_signs_in_once_and_goes_on_by_cookie()
    {
        using var signIn = await Locked.AskAsync("/session", LockedServer.ReadKey, HttpMethod.Post);
        Assert.Equal(204, (int)signIn.StatusCode);
        var cookie = Assert.Single(signIn.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=strict", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(LockedServer.ReadKey, cookie, StringComparison.Ordinal);
        (string, string)[] session = [("Cookie", cookie.Split(';')[0])];
        using var stream = await Locked.AskAsync(Stream, session);
        Assert.Equal(200, (int)stream.StatusCode);
        // A proxy that asks for a password of its own leaves it in the request.
        using var behindProxy = await Locked.AskAsync("/timeframes", [.. session, ("Authorization", "Basic Z3Vlc3Q6Z3Vlc3Q=")]);
        Assert.Equal(200, (int)behindProxy.StatusCode);
        using var metrics = await Locked.AskAsync("/metrics", session);
        Assert.Equal(403, (int)metrics.StatusCode);
        using var signOut = await Locked.AskAsync("/session", session, HttpMethod.Delete);
        Assert.Contains("expires=Thu, 01 Jan 1970", Assert.Single(signOut.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);
    }

    [Fact(Timeout = Limit)]
    public async Task Nobody_signs_in_without_a_key() => Assert.Equal(401, await Locked.StatusAsync("/session", null, HttpMethod.Post));

    [Fact(Timeout = Limit)]
    public async Task A_key_that_is_taken_out_of_the_file_opens_nothing_more_and_its_streams_end()
    {
        await using var locked = await LockedServer.StartAsync();
        using var signIn = await locked.AskAsync("/session", LockedServer.ReadKey, HttpMethod.Post);
        (string, string)[] session = [("Cookie", signIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0])];
        using var stream = await locked.AskAsync(Stream, LockedServer.ReadKey);
        var added = ApiKey.Generate();
        var lines = await File.ReadAllLinesAsync(locked.KeyFile, Cancel);
        await File.WriteAllLinesAsync(locked.KeyFile, lines.Where(l => !l.StartsWith("charts ", StringComparison.Ordinal)), Cancel);
        ApiKeyFile.Add(locked.KeyFile, new ApiKey("bots", ApiScope.Read, ApiKey.HashOf(added)));

        await Assert.ThrowsAnyAsync<Exception>(async () => await stream.Content.CopyToAsync(System.IO.Stream.Null, Cancel));
        Assert.Equal(401, await locked.StatusAsync("/timeframes", LockedServer.ReadKey));
        using var withSession = await locked.AskAsync("/timeframes", session);
        Assert.Equal(401, (int)withSession.StatusCode);
        Assert.Equal(200, await locked.StatusAsync("/timeframes", added));
        Assert.Equal(200, await locked.StatusAsync("/timeframes", LockedServer.AdminKey));
    }

    [Fact(Timeout = Limit)]
    public async Task A_key_has_its_own_share_of_streams_and_requests()
    {
        await using var locked = await LockedServer.StartAsync(
            ("Streaming:MaxStreamsPerKey", "1"), ("Security:RequestsPerSecond", "1"), ("Security:RequestBurst", "5"));
        using var stream = await locked.AskAsync(Stream, LockedServer.ReadKey);
        Assert.Equal(200, (int)stream.StatusCode);
        using var second = await locked.AskAsync(Stream, LockedServer.ReadKey);
        Assert.Equal(429, (int)second.StatusCode);
        Assert.Contains(
            "key has reached its limit of open streams", await second.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);

        HttpResponseMessage answer;
        var asked = 2;
        while ((answer = await locked.AskAsync("/timeframes", LockedServer.ReadKey)).StatusCode == System.Net.HttpStatusCode.OK)
            Assert.True(++asked < 1000);
        Assert.Equal(429, (int)answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter?.Delta);
        Assert.Equal(1, (int)JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!["limit"]!);
        Assert.Equal(200, await locked.StatusAsync("/timeframes", LockedServer.AdminKey));
    }
}
