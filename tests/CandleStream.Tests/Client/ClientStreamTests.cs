using CandleStream.Client;

namespace CandleStream.Tests.Client;

/// <summary>What the C# client makes of a stream: every candle in its newest version, whole, and once.</summary>
public sealed class ClientStreamTests
{
    private const int Limit = 120_000;
    private const long Minute = 60_000;

    private static readonly SeriesKey Series = ClientUnderTest.Series;

    [Fact(Timeout = Limit)]
    public async Task It_asks_for_all_its_series_on_one_connection()
    {
        SeriesKey[] series = [Series, SeriesKey.Parse("BTCF0:USTF0:5m"), Series];
        await using var client =
            new ClientUnderTest(series: series, configure: o => (o.Snapshot, o.MaxRate, o.Delta, o.ApiKey) = (500, 0.5, true, "cs_key"));
        var asked = await client.Server.NextAsync();
        Assert.Equal("/api/candles/stream", asked.Path);
        Assert.Equal(("BTCUSD:1m,BTCF0:USTF0:5m", "500", "0.5", "1", null),
            (asked["series"], asked["snapshot"], asked["max_rate"], asked["delta"], asked["last_event_id"]));
        Assert.Equal("cs_key", asked.Headers.GetValues("X-API-Key").Single());

        var stream = asked.Open();
        await stream.HelloAsync();
        await stream.SayAsync(
            Wire.Snapshot("BTCF0:USTF0:5m", $"{{{Wire.Fields(0, 90)}}}") + Wire.Snapshot("BTCUSD:1m", $"{{{Wire.Fields(0, 91)}}}"));
        await stream.SyncedAsync(100, """{"BTCUSD:1m":"fresh","BTCF0:USTF0:5m":"fresh"}""");
        var (first, second) = (await client.NextUpdateAsync(), await client.NextUpdateAsync());
        Assert.Equal((series[1], 90, Series, 91), (first.Series, first.Rev.Value, second.Series, second.Rev.Value));
        Assert.Equal(new Candle(0, 10.5m, 12, 9, 11, 0.00000031m, Closed: false, Rev: new Rev(90)), first.Candle);
    }

    [Theory(Timeout = Limit)]
    [InlineData("true", true)]
    [InlineData("false", false)]
    public async Task Whether_the_prices_are_simulated_is_not_known_before_the_server_has_said_it(string said, bool known)
    {
        await using var client = new ClientUnderTest();
        var stream = (await client.Server.NextAsync()).Open();
        Assert.Null(client.Simulated);
        await stream.HelloAsync(simulated: said);
        await stream.SyncedAsync(1);
        await stream.CandleAsync(0, 2);
        Assert.Equal(2, (await client.NextAsync()).Rev.Value);
        Assert.Equal(known, client.Simulated);
    }

    [Theory(Timeout = Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stream_cut_at_any_byte_is_resumed_from_the_last_whole_event(bool broken)
    {
        await using var client = new ClientUnderTest(configure: o => o.PollAfterFailures = int.MaxValue);
        var asked = await client.Server.NextAsync();
        var next = Wire.Candle(Minute, 1_002);
        for (var cut = 0; cut <= next.Length; cut++)
        {
            var stream = asked.Open();
            await stream.SyncedAsync(1_000);
            await stream.CandleAsync(0, 1_001);
            await stream.SayAsync(next[..cut]);
            if (broken) stream.Cut();
            else stream.End();
            asked = await client.ReturnAsync();
            Assert.Equal((cut, cut < next.Length ? "1001" : "1002", null), (cut, asked["last_event_id"], asked["snapshot"]));
        }

        Assert.Equal((1_001, 1_002), ((await client.NextAsync()).Rev.Value, (await client.NextAsync()).Rev.Value));
        Assert.False(client.HasMore);
    }

    [Fact(Timeout = Limit)]
    public async Task What_came_before_the_seam_does_not_count_as_complete()
    {
        await using var client = new ClientUnderTest();
        var stream = (await client.Server.NextAsync()).Open();
        await stream.HelloAsync();
        await stream.SayAsync(Wire.Snapshot("BTCUSD:1m", $"{{{Wire.Fields(0, 90)}}}"));
        stream.Cut();
        var asked = await client.ReturnAsync();
        Assert.Equal((null, "1"), (asked["last_event_id"], asked["snapshot"]));
        Assert.False(client.HasMore);
    }

    [Fact(Timeout = Limit)]
    public async Task What_is_not_newer_by_rev_is_dropped()
    {
        await using var client = new ClientUnderTest();
        var stream = (await client.Server.NextAsync()).Open();
        await stream.SyncedAsync(1);
        await stream.CandleAsync(0, 10);
        await stream.CandleAsync(Minute, 11);
        stream.Cut();

        stream = (await client.ReturnAsync()).Open();
        foreach (var (time, rev) in ((long, long)[])[(0, 9), (0, 10), (Minute, 11), (0, 12)]) await stream.CandleAsync(
            time, rev, withId: false);
        await stream.SyncedAsync(12);
        await stream.SayAsync(Wire.Snapshot("BTCUSD:1m", $"{{{Wire.Fields(Minute, 11)}}}", $"{{{Wire.Fields(2 * Minute, 13)}}}"));
        await stream.CandleAsync(Minute, 14);

        var revs = new List<long>();
        while (revs is not [.., 14]) revs.Add((await client.NextAsync()).Rev.Value);
        Assert.Equal([10, 11, 12, 13, 14], revs);
    }

    [Fact(Timeout = Limit)]
    public async Task A_series_that_is_reset_begins_anew_and_the_others_go_on()
    {
        var other = SeriesKey.Parse("ETHUSD:1m");
        await using var client = new ClientUnderTest(series: [Series, other]);
        var stream = (await client.Server.NextAsync()).Open();
        await stream.SyncedAsync(1, """{"BTCUSD:1m":"fresh","ETHUSD:1m":"fresh"}""");
        await stream.SayAsync(Wire.Candle(0, 1_000) + Wire.Candle(0, 1_001, symbol: "ETHUSD"));
        stream.Cut();

        // A server with a younger store: its revs begin lower.
        stream = (await client.ReturnAsync()).Open();
        await stream.SayAsync(
            Wire.Snapshot("BTCUSD:1m", $"{{{Wire.Fields(0, 500)}}}") + Wire.Candle(0, 1_001, withId: false, symbol: "ETHUSD"));
        await stream.SyncedAsync(501, """{"BTCUSD:1m":"reset","ETHUSD:1m":"resumed"}""");
        await stream.SayAsync(Wire.Candle(0, 1_002, symbol: "ETHUSD"));

        var revs = new List<long>();
        while (revs is not [.., 1_002]) revs.Add((await client.NextAsync()).Rev.Value);
        Assert.Equal([1_000, 1_001, 500, 1_002], revs);
        Assert.Equal([Series], client.Resets);
    }

    [Fact(Timeout = Limit)]
    public async Task Deltas_become_whole_candles()
    {
        await using var client = new ClientUnderTest(configure: o => o.Delta = true);
        var stream = (await client.Server.NextAsync()).Open();
        await stream.SyncedAsync(1);
        await stream.CandleAsync(0, 10);
        await stream.SayAsync(Wire.Delta(0, 11, 10, "\"close\":9.25,\"low\":8.5") + Wire.Delta(0, 12, 11, "\"volume\":2"));
        var whole = await client.NextAsync();
        Assert.Equal(whole with { Close = 9.25m, Low = 8.5m, Rev = new Rev(11) }, await client.NextAsync());
        Assert.Equal(whole with { Close = 9.25m, Low = 8.5m, Volume = 2, Rev = new Rev(12) }, await client.NextAsync());
    }

    [Theory(Timeout = Limit)]
    [InlineData(0, 9)]
    [InlineData(Minute, 10)]
    public async Task A_delta_without_its_base_ends_the_connection_which_resumes(long time, long baseRev)
    {
        await using var client = new ClientUnderTest(configure: o => o.Delta = true);
        var stream = (await client.Server.NextAsync()).Open();
        await stream.SyncedAsync(1);
        await stream.CandleAsync(0, 10);
        await stream.SayAsync(Wire.Delta(time, 12, baseRev, "\"close\":9.25"));
        var asked = await client.ReturnAsync();
        Assert.Equal("10", asked["last_event_id"]);

        // What the connection before brought is no base: only this one's candles are.
        stream = asked.Open();
        await stream.SyncedAsync(10);
        await stream.SayAsync(Wire.Delta(0, 12, 10, "\"close\":9.25"));
        Assert.Contains("base", (await client.EndedAsync()).Reason, StringComparison.Ordinal);
        Assert.Equal(10, (await client.NextAsync()).Rev.Value);
        Assert.False(client.HasMore);
    }

    [Fact(Timeout = Limit)]
    public async Task What_an_exchange_tells_of_the_trades_comes_along_and_changes_as_a_whole()
    {
        await using var client = new ClientUnderTest();
        var stream = (await client.Server.NextAsync()).Open();
        await stream.SyncedAsync(1);
        await stream.SayAsync(Wire.Candle(0, 10).Replace(
            "\"closed\"", "\"trades\":7,\"quote_volume\":1.5,\"taker_buy_volume\":0.5,\"taker_buy_quote_volume\":0.75,\"closed\"",
            StringComparison.Ordinal));
        await stream.SayAsync(Wire.Delta(0, 11, 10, "\"close\":9.25"));
        await stream.SayAsync(Wire.Delta(
            0, 12, 11, "\"trades\":8,\"quote_volume\":2.5,\"taker_buy_volume\":0.5,\"taker_buy_quote_volume\":0.75"));

        Assert.Equal(new TradeFigures(7, 1.5m, 0.5m, 0.75m), (await client.NextAsync()).Figures);
        Assert.Equal(new TradeFigures(7, 1.5m, 0.5m, 0.75m), (await client.NextAsync()).Figures);
        Assert.Equal(new TradeFigures(8, 2.5m, 0.5m, 0.75m), (await client.NextAsync()).Figures);
    }

    [Fact(Timeout = Limit)]
    public async Task Events_and_fields_of_a_later_version_are_ignored()
    {
        await using var client = new ClientUnderTest();
        var stream = (await client.Server.NextAsync()).Open();
        await stream.SyncedAsync(1);
        await stream.SayAsync("event: weather\nid: 5\ndata: fine, and no JSON\n\n: a comment\n\nretry: 9\n\n");
        await stream.SayAsync(Wire.Candle(0, 10).Replace("\"time\"", "\"trades\":[1,2],\"vwap\":null,\"time\"", StringComparison.Ordinal));
        Assert.Equal(10, (await client.NextAsync()).Rev.Value);
    }

    [Fact(Timeout = Limit)]
    public async Task States_are_told_with_their_reason()
    {
        var told = new List<(SeriesKey, string, string?)>();
        await using var client =
            new ClientUnderTest(configure: o => o.OnStatus = (series, state, reason) => told.Add((series, state, reason)));
        var stream = (await client.Server.NextAsync()).Open();
        await stream.SayAsync("""event: status""" + "\n"
            + """data: {"series":"BTCUSD:1m","state":"down","connected":false,"reason":"refused","gaps":[]}""" + "\n\n");
        await stream.SayAsync(
            """event: status""" + "\n" + """data: {"series":"BTCUSD:1m","state":"live","connected":true,"gaps":[]}""" + "\n\n");
        await stream.SyncedAsync(1);
        await stream.CandleAsync(0, 10);
        await client.NextAsync();
        Assert.Equal([(Series, "down", "refused"), (Series, "live", null)], told);
    }

    [Fact(Timeout = Limit)]
    public async Task A_caller_that_takes_its_time_is_not_the_servers_silence()
    {
        using var server = new ScriptedServer();
        var clock = new Bitfinex.VirtualClock(DateTimeOffset.UnixEpoch);
        var ends = new List<string>();
        using var client = new CandleStreamClient(new Uri("http://x"),
            new CandleStreamClientOptions { OnDisconnected = (reason, _) => ends.Add(reason) }, clock, handler: server);
        var updates = client.FollowAsync([Series], TestContext.Current.CancellationToken)
            .GetAsyncEnumerator(TestContext.Current.CancellationToken);
        var first = updates.MoveNextAsync();
        var stream = (await server.NextAsync()).Open();
        await stream.SyncedAsync(1);
        await stream.CandleAsync(0, 10);
        Assert.True(await first);
        // More than the client holds for its caller, so that it stops reading.
        var saying = stream.SayAsync(string.Concat(Enumerable.Range(11, 100).Select(rev => Wire.Candle(0, rev))));
        await ClientUnderTest.UntilAsync(() => !clock.HasTimers);
        clock.Advance(TimeSpan.FromMinutes(10));
        for (var rev = 11; rev <= 110; rev++)
        {
            Assert.True(await updates.MoveNextAsync());
            Assert.Equal(rev, updates.Current.Rev.Value);
        }

        await saying;
        Assert.Empty(ends);
        await updates.DisposeAsync();
        Assert.False(clock.HasTimers);
    }

    [Fact(Timeout = Limit)]
    public async Task A_caller_that_cancels_ends_it_wherever_it_is()
    {
        // Connecting.
        await using (var client = new ClientUnderTest())
        {
            await client.Server.NextAsync();
            await client.StopAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.Following);
        }

        // Reading.
        await using (var client = new ClientUnderTest())
        {
            var stream = (await client.Server.NextAsync()).Open();
            await stream.SyncedAsync(1);
            await stream.CandleAsync(0, 10);
            await client.NextAsync();
            await client.StopAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.Following);
        }

        // Waiting.
        await using (var client = new ClientUnderTest())
        {
            (await client.Server.NextAsync()).Fail();
            await client.EndedAsync();
            await client.StopAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.Following);
            Assert.False(client.Server.IsAsked);
        }
    }
}
