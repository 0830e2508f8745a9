using System.Text.Json.Nodes;
using CandleStream.EndToEndTests.Server;

namespace CandleStream.EndToEndTests.Access;

/// <summary>A ticket opens one stream for ten minutes, and nothing else.</summary>
public sealed class TicketTests
{
    private const int Limit = 180_000;
    private const string Query = "?series=BTCUSD:1m&series=ETHUSD:5m&snapshot=0";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task A_ticket_opens_its_stream_as_often_as_needed_for_ten_minutes()
    {
        var clock = new ShiftedClock();
        await using var locked = await LockedServer.StartAsync(clock);
        var ticket = await TicketAsync(locked);
        Assert.Equal(200, await locked.StatusAsync($"/candles/stream{Query}&ticket={ticket}"));
        Assert.Equal(200, await locked.StatusAsync($"/candles/stream{Query}&last_event_id=5&ticket={ticket}"));
        Assert.Equal(200, await locked.StatusAsync($"/candles/stream{Query}&ticket={ticket}&lastEventId=5"));
        Assert.Equal(200, await locked.StatusAsync($"/candles/stream{Query}&ticket={ticket}&Last-Event-ID=5"));
        clock.Ahead = TimeSpan.FromMinutes(9.9);
        Assert.Equal(200, await locked.StatusAsync($"/candles/stream{Query}&ticket={ticket}"));
        clock.Ahead = TimeSpan.FromMinutes(10.1);
        Assert.Equal(401, await locked.StatusAsync($"/candles/stream{Query}&ticket={ticket}"));
    }

    [Fact(Timeout = Limit)]
    public async Task A_ticket_opens_no_other_stream_and_no_other_route()
    {
        await using var locked = await LockedServer.StartAsync();
        var ticket = await TicketAsync(locked);
        string[] others =
        [
            $"/candles/stream?series=BTCUSD:1m&snapshot=0&ticket={ticket}",
            $"/candles/stream?series=BTCUSD:1m&series=ETHUSD:5m&snapshot=1&ticket={ticket}",
            $"/candles/stream{Query}&series=DUSK:USD:1m&ticket={ticket}",
            $"/candles/stream{Query}&delta=1&ticket={ticket}",
            $"/candles/stream{Query}&ticket={ticket}&ticket={ticket}",
            $"/candles/stream{Query}&ticket={ticket[..^4]}AAAA",
            $"/candles/stream{Query}&ticket={new string('A', 4000)}",
            $"/candles/stream{Query}&ticket=",
            $"/candles/stream{Query}&ticket=%00%ff",
            $"/candles/stream/status{Query}&ticket={ticket}",
            $"/candles?symbol=BTCUSD&timeframe=1m&ticket={ticket}",
            $"/metrics{Query}&ticket={ticket}",
        ];
        foreach (var path in others) Assert.Equal((path, 401), (path, await locked.StatusAsync(path)));
        Assert.Equal(401, await locked.StatusAsync($"/candles/stream/ticket{Query}&ticket={ticket}", null, HttpMethod.Post));
    }

    [Fact(Timeout = Limit)]
    public async Task A_ticket_ends_with_the_key_it_was_made_for()
    {
        await using var locked = await LockedServer.StartAsync();
        var ticket = await TicketAsync(locked);
        var lines = await File.ReadAllLinesAsync(locked.KeyFile, Cancel);
        await File.WriteAllLinesAsync(locked.KeyFile, lines.Where(l => !l.StartsWith("charts ", StringComparison.Ordinal)), Cancel);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await locked.StatusAsync("/timeframes", LockedServer.ReadKey) == 200) await pause.WaitForNextTickAsync(Cancel);
        Assert.Equal(401, await locked.StatusAsync($"/candles/stream{Query}&ticket={ticket}"));
    }

    [Fact(Timeout = Limit)]
    public async Task Tickets_and_sessions_survive_a_restart()
    {
        using var seals = new TempFolder();
        using var keys = new TempFolder();
        string ticket;
        await using (var first = await LockedServer.StartAsync(("Security:SealFolder", seals.Path)))
        {
            File.Copy(first.KeyFile, keys.File("keys.txt"));
            ticket = await TicketAsync(first);
        }

        await using var second =
            await LockedServer.StartAsync(("Security:SealFolder", seals.Path), ("Security:KeyFile", keys.File("keys.txt")));
        Assert.Equal(200, await second.StatusAsync($"/candles/stream{Query}&ticket={ticket}"));
    }

    [Fact(Timeout = Limit)]
    public async Task A_ticket_for_a_query_that_the_stream_would_refuse_is_refused()
    {
        await using var locked = await LockedServer.StartAsync();
        Assert.Equal(
            400, await locked.StatusAsync("/candles/stream/ticket?symbol=BTCUSD&timeframe=1x", LockedServer.ReadKey, HttpMethod.Post));
    }

    private static async Task<string> TicketAsync(LockedServer locked)
    {
        using var answer = await locked.AskAsync($"/candles/stream/ticket{Query}", LockedServer.ReadKey, HttpMethod.Post);
        Assert.Equal(200, (int)answer.StatusCode);
        var body = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancel))!;
        Assert.Equal(600_000, (long)body["expires_in_ms"]!);
        return (string)body["ticket"]!;
    }

    /// <summary>The machine's clock, but ahead of it.</summary>
    private sealed class ShiftedClock : TimeProvider
    {
        public TimeSpan Ahead { get; set; }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Ahead;
    }
}
