using System.Net;
using System.Net.Sockets;

namespace CandleStream.Tests.Client;

/// <summary>How the C# client comes back: when, from where, and what it does in the meantime.</summary>
public sealed class ClientReconnectTests
{
    private const int Limit = 120_000;

    [Theory(Timeout = Limit)]
    [InlineData(1.0, 1.0, 2.0, 4.0, 8.0, 16.0, 16.0)]
    [InlineData(0.5, 0.75, 1.5, 3.0, 6.0, 12.0, 12.0)]
    [InlineData(0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0)]
    public async Task It_waits_longer_each_time_with_up_to_half_of_it_taken_off_by_chance(double jitter, params double[] waits)
    {
        await using var client = new ClientUnderTest(jitter, configure: o => o.PollAfterFailures = int.MaxValue);
        var asked = await client.Server.NextAsync();
        foreach (var seconds in waits)
        {
            asked.Fail();
            var (reason, wait) = await client.EndedAsync();
            Assert.Equal(("connection refused", TimeSpan.FromSeconds(seconds)), (reason, wait));
            asked = await client.AfterAsync(wait);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_connection_that_is_reset_in_the_moment_it_is_made_is_no_end()
    {
        await using var client = new ClientUnderTest(configure: o => o.PollAfterFailures = 1);
        (await client.Server.NextAsync()).Fail(new SocketException((int)SocketError.NotConnected));
        await client.EndedAsync();
        var poll = await client.Server.NextAsync();
        Assert.Equal("/api/candles", poll.Path);
        poll.Fail(new SocketException((int)SocketError.NotConnected));
        Assert.Equal("/api/candles/stream", (await client.AfterAsync(TimeSpan.FromSeconds(1))).Path);
    }

    [Theory(Timeout = Limit)]
    [InlineData(9.9, 4)]
    [InlineData(10, 1)]
    public async Task The_waits_begin_anew_only_after_a_stream_that_was_stable_for_10_s(double lasted, double wait)
    {
        await using var client = new ClientUnderTest(configure: o => o.PollAfterFailures = int.MaxValue);
        (await client.Server.NextAsync()).Fail();
        (await client.ReturnAsync()).Fail();
        var asked = await client.ReturnAsync();
        // The time until the server's first word does not count.
        await client.UntilDueAsync(TimeSpan.FromSeconds(35));
        client.Clock.Advance(TimeSpan.FromSeconds(8));
        var stream = asked.Open();
        await stream.HelloAsync();
        await client.UntilDueAsync(TimeSpan.FromSeconds(35));
        client.Clock.Advance(TimeSpan.FromSeconds(lasted));
        stream.Cut();
        Assert.Equal(TimeSpan.FromSeconds(wait), (await client.EndedAsync()).Wait);
    }

    [Fact(Timeout = Limit)]
    public async Task A_stream_that_only_ever_greets_is_not_stable()
    {
        await using var client = new ClientUnderTest(configure: o => o.PollAfterFailures = int.MaxValue);
        var asked = await client.Server.NextAsync();
        foreach (var seconds in (double[])[1, 2, 4])
        {
            await client.UntilDueAsync(TimeSpan.FromSeconds(35));
            client.Clock.Advance(TimeSpan.FromSeconds(1));
            await asked.Open().HelloAsync();
            await client.UntilDueAsync(TimeSpan.FromSeconds(35));
            client.Clock.Advance(TimeSpan.FromSeconds(35));
            var (reason, wait) = await client.EndedAsync();
            Assert.Equal(("silent for 35 s", TimeSpan.FromSeconds(seconds)), (reason, wait));
            asked = await client.AfterAsync(wait);
        }
    }

    [Theory(Timeout = Limit)]
    [InlineData(4_321, 4_321)]
    [InlineData(0, 500)]
    [InlineData(-7, 500)]
    [InlineData(9_000_000_000_000, 60_000)]
    public async Task A_goodbye_is_no_failure_and_names_the_time_to_come_back(long retryMs, double wait)
    {
        await using var client = new ClientUnderTest();
        (await client.Server.NextAsync()).Fail();
        var stream = (await client.ReturnAsync()).Open();
        await stream.SyncedAsync(77);
        await stream.SayAsync("event: bye\ndata: {\"reason\":\"shutdown\",\"retry_ms\":" + retryMs + "}\nretry: " + retryMs + "\n\n");
        var end = await client.EndedAsync();
        Assert.Equal(TimeSpan.FromMilliseconds(wait), end.Wait);
        var asked = await client.AfterAsync(end.Wait);
        Assert.Equal("77", asked["last_event_id"]);
        asked.Fail();
        // Only the second failure.
        Assert.Equal(TimeSpan.FromSeconds(2), (await client.EndedAsync()).Wait);
    }

    [Theory(Timeout = Limit)]
    [InlineData(15_000, 35)]
    [InlineData(1_000, 7)]
    [InlineData(60_000, 125)]
    public async Task A_stream_is_given_up_after_two_missed_heartbeats(long heartbeatMs, double limit)
    {
        await using var client = new ClientUnderTest();
        var asked = await client.Server.NextAsync();
        await client.UntilDueAsync(TimeSpan.FromSeconds(35));
        client.Clock.Advance(TimeSpan.FromSeconds(1));
        var stream = asked.Open();
        await stream.HelloAsync(heartbeatMs);
        await client.UntilDueAsync(TimeSpan.FromSeconds(limit));
        // Heartbeats alone keep it.
        for (var beat = 0; beat < 5; beat++)
        {
            client.Clock.Advance(TimeSpan.FromSeconds(limit - 0.1));
            await stream.SayAsync("event: heartbeat\ndata: {\"server_time\":1}\n\n");
            await client.UntilDueAsync(TimeSpan.FromSeconds(limit));
        }

        client.Clock.Advance(TimeSpan.FromSeconds(limit));
        Assert.Equal($"silent for {limit} s", (await client.EndedAsync()).Reason);
    }

    [Fact(Timeout = Limit)]
    public async Task A_server_that_takes_the_request_and_never_answers_is_given_up()
    {
        await using var client = new ClientUnderTest(configure: o => o.SilenceLimit = TimeSpan.FromSeconds(12));
        await client.Server.NextAsync();
        await client.UntilDueAsync(TimeSpan.FromSeconds(12));
        client.Clock.Advance(TimeSpan.FromSeconds(12));
        Assert.Equal("silent for 12 s", (await client.EndedAsync()).Reason);
    }

    [Fact(Timeout = Limit)]
    public async Task While_the_stream_is_away_it_asks_what_changed_and_then_goes_back_to_the_stream()
    {
        var other = SeriesKey.Parse("ETHUSD:1m");
        await using var client = new ClientUnderTest(series: [ClientUnderTest.Series, other], configure: o => o.ApiKey = "cs_key");
        var stream = (await client.Server.NextAsync()).Open();
        await stream.SyncedAsync(20_001_000, """{"BTCUSD:1m":"fresh","ETHUSD:1m":"fresh"}""");
        stream.Cut();
        (await client.ReturnAsync()).Fail();
        (await client.ReturnAsync()).Fail();
        var end = await client.EndedAsync();

        // The third failure.
        var poll = await client.Server.NextAsync();
        Assert.Equal(("/api/candles", "BTCUSD", "1m", "10001000"), (poll.Path, poll["symbol"], poll["timeframe"], poll["since"]));
        Assert.Equal("cs_key", poll.Headers.GetValues("X-API-Key").Single());
        poll.AnswerJson(Wire.Page(20_001_020, $"{{{Wire.Fields(0, 20_001_010)}}}"));
        poll = await client.Server.NextAsync();
        Assert.Equal("ETHUSD", poll["symbol"]);
        poll.AnswerJson(Wire.Page(20_001_015));
        Assert.Equal(20_001_010, (await client.NextAsync()).Rev.Value);

        // Complete up to the older of the two; what was polled already is not handed on again.
        var asked = await client.AfterAsync(end.Wait);
        Assert.Equal(("/api/candles/stream", "20001015"), (asked.Path, asked["last_event_id"]));
        stream = asked.Open();
        await stream.CandleAsync(0, 20_001_010, withId: false);
        await stream.SyncedAsync(20_001_030, """{"BTCUSD:1m":"resumed","ETHUSD:1m":"resumed"}""");
        await stream.CandleAsync(0, 20_001_031);
        Assert.Equal(20_001_031, (await client.NextAsync()).Rev.Value);
    }

    [Fact(Timeout = Limit)]
    public async Task A_poll_reaches_10_s_back_behind_the_id_and_hands_on_what_was_late()
    {
        const long Id = 1_700_000_000_000_000;
        await using var client = new ClientUnderTest(configure: o => o.PollAfterFailures = 1);
        var stream = (await client.Server.NextAsync()).Open();
        await stream.SyncedAsync(Id);
        await stream.CandleAsync(0, Id + 1);
        Assert.Equal(Id + 1, (await client.NextAsync()).Rev.Value);
        stream.Cut();
        var poll = await client.Server.NextAsync();
        Assert.Equal($"{Id + 1 - 10_000_000}", poll["since"]);

        // A repeat is told by its rev.
        poll.AnswerJson(Wire.Page(Id + 2, $"{{{Wire.Fields(0, Id + 1)}}},{{{Wire.Fields(60_000, Id - 9_999_999)}}}"));
        Assert.Equal(Id - 9_999_999, (await client.NextAsync()).Rev.Value);
        Assert.Equal($"{Id + 2}", (await client.ReturnAsync())["last_event_id"]);
    }

    [Fact(Timeout = Limit)]
    public async Task A_poll_without_an_id_begins_with_the_newest_candles()
    {
        await using var client = new ClientUnderTest(configure: o => (o.PollAfterFailures, o.Snapshot) = (1, 50));
        (await client.Server.NextAsync()).Fail();
        var poll = await client.Server.NextAsync();
        Assert.Equal(("50", null), (poll["limit"], poll["since"]));
        poll.AnswerJson(Wire.Page(1_020, $"{{{Wire.Fields(0, 1_010)}}}"));
        Assert.Equal("1020", (await client.ReturnAsync())["last_event_id"]);
    }

    [Fact(Timeout = Limit)]
    public async Task A_poll_that_is_too_old_begins_the_series_anew()
    {
        await using var client = new ClientUnderTest(configure: o => o.PollAfterFailures = 1);
        var stream = (await client.Server.NextAsync()).Open();
        await stream.SyncedAsync(1_000);
        await stream.CandleAsync(0, 1_001);
        stream.Cut();
        (await client.Server.NextAsync()).AnswerJson(Wire.Page(500, $"{{{Wire.Fields(0, 400)}}}", reset: true));
        Assert.Equal((1_001, 400), ((await client.NextAsync()).Rev.Value, (await client.NextAsync()).Rev.Value));
        Assert.Equal([ClientUnderTest.Series], client.Resets);
        Assert.Equal("500", (await client.ReturnAsync())["last_event_id"]);
    }

    [Fact(Timeout = Limit)]
    public async Task The_id_stays_where_one_of_several_series_could_not_be_polled()
    {
        await using var client =
            new ClientUnderTest(series: [ClientUnderTest.Series, SeriesKey.Parse("ETHUSD:1m")], configure: o => o.PollAfterFailures = 1);
        var stream = (await client.Server.NextAsync()).Open();
        await stream.SyncedAsync(1_000);
        stream.Cut();
        (await client.Server.NextAsync()).AnswerJson(Wire.Page(1_020));
        (await client.Server.NextAsync()).Fail();
        Assert.Equal("1000", (await client.ReturnAsync())["last_event_id"]);
    }

    [Theory(Timeout = Limit)]
    [InlineData(500, true)]
    [InlineData(503, true)]
    [InlineData(401, false)]
    [InlineData(429, false)]
    public async Task A_series_that_cannot_be_had_keeps_the_others_from_being_polled_only_where_the_server_wants_to_be_left_alone(
        int status, bool goesOn)
    {
        await using var client =
            new ClientUnderTest(series: [ClientUnderTest.Series, SeriesKey.Parse("ETHUSD:1m")], configure: o => o.PollAfterFailures = 1);
        var stream = (await client.Server.NextAsync()).Open();
        await stream.SyncedAsync(1_000);
        stream.Cut();
        (await client.Server.NextAsync()).Answer((HttpStatusCode)status, "text/plain", "not now");
        if (goesOn)
        {
            var other = await client.Server.NextAsync();
            Assert.Equal("ETHUSD", other["symbol"]);
            other.AnswerJson(Wire.Page(1_020, $"{{{Wire.Fields(0, 1_010)}}}"));
            Assert.Equal(1_010, (await client.NextAsync()).Rev.Value);
        }

        // What the first series missed is still to come.
        var asked = await client.ReturnAsync();
        Assert.Equal(("/api/candles/stream", "1000"), (asked.Path, asked["last_event_id"]));
    }

    [Fact(Timeout = Limit)]
    public async Task A_poll_that_is_never_answered_is_given_up()
    {
        await using var client = new ClientUnderTest(configure: o => o.PollAfterFailures = 1);
        (await client.Server.NextAsync()).Fail();
        await client.Server.NextAsync();
        await client.UntilDueAsync(TimeSpan.FromSeconds(10));
        client.Clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("/api/candles/stream", (await client.ReturnAsync()).Path);
    }

    [Fact(Timeout = Limit)]
    public async Task A_server_that_says_when_to_come_back_is_obeyed()
    {
        await using var client = new ClientUnderTest();
        (await client.Server.NextAsync()).Refuse(HttpStatusCode.TooManyRequests, "50 streams are open", TimeSpan.FromSeconds(30));
        var (reason, wait) = await client.EndedAsync();
        Assert.Equal(("refused with status 429: 50 streams are open", TimeSpan.FromSeconds(30)), (reason, wait));
    }
}
