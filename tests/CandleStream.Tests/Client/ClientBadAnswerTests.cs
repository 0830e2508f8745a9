using System.Net;
using CandleStream.Client;

namespace CandleStream.Tests.Client;

/// <summary>
/// Whatever a server or something in between answers: the C# client says so, keeps what it had, and goes on, unless asking again cannot
/// help.
/// </summary>
public sealed class ClientBadAnswerTests
{
    private const int Limit = 120_000;

    [Theory(Timeout = Limit)]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(406)]
    public async Task A_refusal_that_would_come_again_ends_it_in_the_servers_words(int status)
    {
        await using var client = new ClientUnderTest();
        (await client.Server.NextAsync()).Refuse((HttpStatusCode)status, "The exchange does not list 'BTCUDS'.");
        var refused = await Assert.ThrowsAsync<CandleStreamRefusedException>(() => client.Following);
        Assert.Equal((status, "The exchange does not list 'BTCUDS'."), (refused.Status, refused.Message));
    }

    [Fact(Timeout = Limit)]
    public async Task A_poll_that_is_refused_for_good_ends_it_too()
    {
        await using var client = new ClientUnderTest(configure: o => o.PollAfterFailures = 1);
        (await client.Server.NextAsync()).Fail();
        (await client.Server.NextAsync()).Refuse(HttpStatusCode.NotFound, "The exchange does not list 'BTCUDS'.");
        Assert.Equal(404, (await Assert.ThrowsAsync<CandleStreamRefusedException>(() => client.Following)).Status);
    }

    [Theory(Timeout = Limit)]
    [InlineData(404, "text/html", "<h1>Not found</h1>", "refused with status 404")]
    [InlineData(401, "text/plain", "who are you", "refused with status 401")]
    [InlineData(302, "text/html", "", "refused with status 302")]
    [InlineData(
        500, "application/problem+json", """{"status":500,"detail":"The server failed."}""", "refused with status 500: The server failed.")]
    [InlineData(404, "application/problem+json", """{"status":404,"detail":"The exch""", "refused with status 404")]
    [InlineData(404, "application/problem+json", "[]", "refused with status 404")]
    [InlineData(503, "application/problem+json", """{"status":503,"detail":null}""", "refused with status 503")]
    [InlineData(200, "text/html", "<h1>Please sign in</h1>", "answered with text/html instead of text/event-stream")]
    [InlineData(200, "application/json", "{}", "answered with application/json instead of text/event-stream")]
    public async Task Other_answers_are_told_and_asked_again(int status, string type, string body, string told)
    {
        await using var client = new ClientUnderTest();
        (await client.Server.NextAsync()).Answer((HttpStatusCode)status, type, body);
        var (reason, wait) = await client.EndedAsync();
        Assert.Equal(told, reason);
        await client.AfterAsync(wait);
    }

    [Theory(Timeout = Limit)]
    [InlineData("id: 12\ndata: {\"symbol\":\"BTCUSD\",\"timeframe\":\"1m\",\"time\":0,\"open\":1")]
    [InlineData(
        "id: 12\ndata: {\"symbol\":\"BTCUSD\",\"timeframe\":\"1m\",\"time\":0,\"open\":1,\"high\":1,\"low\":1,\"close\":1,\"closed\":true,\"rev\":12}")]
    [InlineData(
        "id: 12\ndata: {\"symbol\":\"BTCUSD\",\"timeframe\":\"1m\",\"time\":\"0\",\"open\":1,\"high\":1,\"low\":1,\"close\":1,\"volume\":1,\"closed\":true,\"rev\":12}")]
    [InlineData(
        "id: 12\ndata: {\"symbol\":\"BTCUSD\",\"timeframe\":\"1m\",\"time\":0,\"open\":1e99,\"high\":1,\"low\":1,\"close\":1,\"volume\":1,\"closed\":true,\"rev\":12}")]
    [InlineData(
        "id: 12\ndata: {\"symbol\":\"BTCUSD\",\"timeframe\":\"1x\",\"time\":0,\"open\":1,\"high\":1,\"low\":1,\"close\":1,\"volume\":1,\"closed\":true,\"rev\":12}")]
    [InlineData(
        "id: 12\ndata: {\"symbol\":null,\"timeframe\":\"1m\",\"time\":0,\"open\":1,\"high\":1,\"low\":1,\"close\":1,\"volume\":1,\"closed\":true,\"rev\":12}")]
    [InlineData("id: 12\ndata: [1,2]")]
    [InlineData("id: 12\ndata: null")]
    [InlineData("id: 12\ndata: <html>")]
    [InlineData("event: delta\nid: 12\ndata: {\"series\":\"BTCUSD:1m\"}")]
    [InlineData("event: snapshot\ndata: {\"series\":\"BTCUSD:1m\",\"candles\":{}}")]
    [InlineData("event: snapshot\ndata: {\"series\":\"BTCUSD:1m\",\"candles\":[null]}")]
    [InlineData("event: synced\nid: 12\ndata: {\"series\":[]}")]
    [InlineData("event: status\ndata: {\"state\":\"live\"}")]
    [InlineData("event: hello\ndata: {\"heartbeat_ms\":\"often\"}")]
    [InlineData("event: bye\ndata: {}")]
    public async Task A_garbled_event_ends_the_connection_which_resumes_before_it(string garbled)
    {
        await using var client = new ClientUnderTest();
        var stream = (await client.Server.NextAsync()).Open();
        await stream.SyncedAsync(1);
        await stream.CandleAsync(0, 11);
        await stream.SayAsync(garbled + "\n\n" + Wire.Candle(0, 13));
        var (reason, wait) = await client.EndedAsync();
        Assert.Contains("garbled", reason, StringComparison.Ordinal);
        Assert.Equal("11", (await client.AfterAsync(wait))["last_event_id"]);
        Assert.Equal(11, (await client.NextAsync()).Rev.Value);
        Assert.False(client.HasMore);
    }

    [Theory(Timeout = Limit)]
    [InlineData("abc")]
    [InlineData("-5")]
    [InlineData("99999999999999999999999")]
    public async Task An_id_that_is_no_number_is_not_come_back_with(string id)
    {
        await using var client = new ClientUnderTest();
        var stream = (await client.Server.NextAsync()).Open();
        await stream.SyncedAsync(10);
        await stream.SayAsync(Wire.Candle(0, 11).Replace("id: 11", $"id: {id}", StringComparison.Ordinal));
        stream.Cut();
        Assert.Equal("10", (await client.ReturnAsync())["last_event_id"]);
    }

    [Theory(Timeout = Limit)]
    [InlineData(500, "text/html", "<h1>Oops</h1>")]
    [InlineData(200, "text/html", "<h1>Please sign in</h1>")]
    [InlineData(200, "application/json", "{\"candles\":[{\"time\":0,")]
    [InlineData(200, "application/json", "[]")]
    [InlineData(200, "application/json", "{\"candles\":[]}")]
    [InlineData(200, "application/json", "{\"candles\":[{\"time\":0}],\"asof\":9}")]
    [InlineData(200, "application/json", "{\"candles\":[],\"asof\":9,\"reset\":\"yes\"}")]
    [InlineData(404, "text/html", "<h1>Not found</h1>")]
    public async Task A_poll_answered_with_nonsense_changes_nothing(int status, string type, string body)
    {
        await using var client = new ClientUnderTest(configure: o => o.PollAfterFailures = 1);
        var stream = (await client.Server.NextAsync()).Open();
        await stream.SyncedAsync(10);
        stream.Cut();
        (await client.Server.NextAsync()).Answer((HttpStatusCode)status, type, body);
        Assert.Equal("10", (await client.ReturnAsync())["last_event_id"]);
        Assert.False(client.HasMore);
    }

    [Fact(Timeout = Limit)]
    public async Task A_callback_of_the_caller_that_fails_ends_it_with_that_failure()
    {
        await using var client =
            new ClientUnderTest(configure: o => o.OnStatus = (_, _, _) => throw new NotSupportedException("of the caller"));
        var stream = (await client.Server.NextAsync()).Open();
        await stream.SayAsync("event: status\ndata: {\"series\":\"BTCUSD:1m\",\"state\":\"live\"}\n\n");
        Assert.Equal("of the caller", (await Assert.ThrowsAsync<NotSupportedException>(() => client.Following)).Message);
    }
}
