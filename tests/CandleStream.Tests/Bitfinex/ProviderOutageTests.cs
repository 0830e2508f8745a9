using System.Net;
using System.Net.Sockets;
using CandleStream.Exchanges;
using CandleStream.Providers;

namespace CandleStream.Tests.Bitfinex;

/// <summary>What happens while the exchange cannot be had at all.</summary>
[Collection(nameof(VirtualTime))]
public class ProviderOutageTests
{
    [Fact]
    public async Task Too_many_connections_429_on_the_upgrade_is_waited_out_for_a_minute()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        f.Exchange.RefusesConnects = () => new UpgradeRefusedException(HttpStatusCode.TooManyRequests);
        f.Exchange.Socket.Cut();
        await f.Until(() => btc.State == SeriesState.Polling);
        Assert.Equal("too many connections (HTTP 429)", btc.States[^1].Reason);

        f.Exchange.RefusesConnects = null;
        await f.Until(() => btc.State == SeriesState.Live);

        var connects = f.Exchange.Connects.ToArray();
        Assert.True(connects[2] - connects[1] >= TimeSpan.FromSeconds(60), $"{connects[2] - connects[1]}");
    }

    [Fact]
    public async Task While_an_upgrade_is_refused_with_429_REST_is_asked_at_once_by_who_lost_a_feed_and_by_newcomers()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        f.Exchange.RefusesConnects = () => new UpgradeRefusedException(HttpStatusCode.TooManyRequests);
        var cutAt = f.Now;
        f.Exchange.Socket.Cut();
        await f.Until(() => btc.Polls.Length == 1);
        Assert.InRange(f.Now - cutAt, TimeSpan.Zero, TimeSpan.FromSeconds(2));

        var eth = new RecordingFeed();
        var followedAt = f.Now;
        f.Provider.Follow(ProviderFixture.Series("ETHUSD:1m"), eth);
        await f.Until(() => eth.Polls.Length == 1);
        Assert.Equal(followedAt, f.Now);
        Assert.Equal((SeriesState.Polling, "too many connections (HTTP 429)"), (eth.State, eth.States[^1].Reason));
        Assert.Equal(2, f.Exchange.Connects.Count);

        f.Exchange.RefusesConnects = null;
        await f.Until(() => btc.State == SeriesState.Live && eth.State == SeriesState.Live, TimeSpan.FromSeconds(65));
    }

    [Fact]
    public async Task A_series_that_waits_for_our_own_limit_of_new_sockets_is_polled_at_once_and_no_other()
    {
        await using var f = new ProviderFixture(o => (o.NewSocketsPerMinute, o.ChannelsPerSocket) = (2, 1));
        f.Exchange.Rest = _ => ScriptedExchange.Json("[[180000,1,1,1,1,1],[60000,1,1,1,1,1]]");
        var feeds = Enumerable.Range(0, 3).Select(_ => new RecordingFeed()).ToArray();
        for (var i = 0; i < feeds.Length; i++) f.Provider.Follow(ProviderFixture.Series($"S{i}USD:1m"), feeds[i]);

        await f.Until(() => feeds.Count(p => p.State == SeriesState.Live) == 2 && feeds.Any(p => p.State == SeriesState.Polling),
            TimeSpan.FromSeconds(1));
        var late = feeds.Single(p => p.State == SeriesState.Polling);
        Assert.Equal("waiting for a socket: at most 2 are opened in a minute", late.States[^1].Reason);
        Assert.Equal((60_000, 240_000), (late.Polls[0].Range.From, late.Polls[0].ProvedTo));
        Assert.All(feeds.Where(p => p != late), p => Assert.Equal("Live", p.Path));
        Assert.Single(f.Exchange.RestCalls);

        await f.Until(() => late.State == SeriesState.Live, TimeSpan.FromSeconds(65));
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(60, 2)] // The REST budget allows 200 polls in ten minutes.
    public async Task Sockets_that_die_right_after_each_snapshot_end_in_polling_and_do_not_use_up_the_connects(int series, int polls)
    {
        await using var f = new ProviderFixture();
        var feeds = Enumerable.Range(0, series).Select(_ => new RecordingFeed()).ToArray();
        for (var i = 0; i < series; i++) f.Provider.Follow(ProviderFixture.Series($"S{i:00}USD:1m"), feeds[i]);
        for (var end = f.Now + TimeSpan.FromMinutes(10); f.Now < end; await f.Pass(TimeSpan.FromMilliseconds(500)))
        {
            if (!feeds.Any(p => p.State == SeriesState.Live)) continue;
            foreach (var socket in f.Exchange.OpenSockets) socket.Cut();
        }

        Assert.All(feeds, p => Assert.True(p.Polls.Length >= polls, $"{p.Polls.Length} polls; {p.Path}"));
        Assert.InRange(f.Exchange.Connects.Count, 6, 90);

        await f.Until(() => feeds.All(p => p.State == SeriesState.Live));
    }

    [Theory]
    [InlineData(SocketError.HostNotFound, "the exchange's name cannot be resolved")]
    [InlineData(SocketError.ConnectionRefused, "connection refused")]
    [InlineData(SocketError.NetworkUnreachable, "no route to the exchange")]
    public async Task The_reason_says_why_there_is_no_connection(SocketError error, string reason)
    {
        await using var f = new ProviderFixture();
        f.Exchange.RefusesConnects =
            () => new System.Net.WebSockets.WebSocketException("x", new HttpRequestException("y", new SocketException((int)error)));
        var btc = new RecordingFeed();
        f.Provider.Follow(ProviderFixture.Series(), btc);
        await f.Until(() => btc.States.Length == 1);

        Assert.Equal((SeriesState.Connecting, reason), (btc.States[0].State, btc.States[0].Reason));
    }

    [Fact]
    public async Task Where_polling_fails_too_the_series_is_down_and_comes_back_by_either_way()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        f.Exchange.RefusesConnects = () => new SocketException((int)SocketError.ConnectionRefused);
        f.Exchange.Rest = _ => ScriptedExchange.Json("<html>nothing here</html>", HttpStatusCode.BadGateway);
        f.Exchange.Socket.Cut();

        await f.Until(() => btc.State == SeriesState.Down);
        Assert.Equal("connection refused; polling: the exchange answered over REST with HTTP 502 and an answer that we do not understand",
            btc.States[^1].Reason);

        f.Exchange.Rest = _ => ScriptedExchange.Json("[]");
        await f.Until(() => btc.State == SeriesState.Polling);
        f.Exchange.Rest = _ => ScriptedExchange.Json("[\"error\",20060,\"maintenance\"]");
        await f.Until(() => btc.State == SeriesState.Down);

        f.Exchange.RefusesConnects = null;
        await f.Until(() => btc.State == SeriesState.Live);
        Assert.EndsWith(
            "Down Polling Down Live", btc.Path.Replace("Down Down", "Down", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_spoiled_answer_costs_one_poll_and_polling_goes_on()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        f.Exchange.RefusesConnects = () => new SocketException((int)SocketError.ConnectionRefused);
        f.Exchange.Socket.Cut();
        await f.Until(() => btc.State == SeriesState.Polling);

        f.Exchange.Rest = _ => ScriptedExchange.SpoiledGzip();
        await f.Until(() => btc.State == SeriesState.Down);
        f.Exchange.Rest = _ => ScriptedExchange.Json("[]");
        await f.Until(() => btc.State == SeriesState.Polling);
        f.Exchange.RefusesConnects = null;
        await f.Until(() => btc.State == SeriesState.Live);
    }

    [Fact]
    public async Task While_polling_the_socket_is_tried_every_minute()
    {
        await using var f = new ProviderFixture();
        f.Exchange.RefusesConnects = () => new SocketException((int)SocketError.ConnectionRefused);
        var btc = new RecordingFeed();
        f.Provider.Follow(ProviderFixture.Series(), btc);
        await f.Until(() => f.Exchange.Connects.Count == 8, TimeSpan.FromMinutes(20));

        var connects = f.Exchange.Connects.ToArray();
        Assert.All([5, 6, 7], i => Assert.InRange(connects[i] - connects[i - 1], TimeSpan.FromSeconds(60), TimeSpan.FromSeconds(61)));
        Assert.Equal(SeriesState.Polling, btc.State);
    }

    [Fact]
    public async Task Many_polled_series_share_the_budget_in_turn_and_say_how_often_they_are_asked()
    {
        await using var f = new ProviderFixture();
        f.Exchange.RefusesConnects = () => new SocketException((int)SocketError.ConnectionRefused);
        var feeds = Enumerable.Range(0, 30).Select(i => new RecordingFeed()).ToArray();
        for (var i = 0; i < 30; i++) f.Provider.Follow(ProviderFixture.Series($"S{i:00}USD:1m"), feeds[i]);
        await f.Until(() => feeds.All(p => p.State == SeriesState.Polling), TimeSpan.FromMinutes(30));
        var before = feeds.Select(p => p.Polls.Length).ToArray();
        await f.Pass(TimeSpan.FromMinutes(10));

        var polls = feeds.Select((p, i) => p.Polls.Length - before[i]).ToArray();
        Assert.InRange(polls.Min(), 5, 7);
        Assert.InRange(polls.Max() - polls.Min(), 0, 2);
        Assert.All(feeds, p => Assert.Equal(TimeSpan.FromSeconds(90), p.States[^1].PollEvery));
        AssertNeverMoreThan(20, f.Exchange.RestCalls.Select(c => c.At));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(-50 * 24)]
    public async Task A_wall_clock_that_is_set_neither_stops_calls_and_connects_nor_lets_more_of_them_through(int hours)
    {
        await using var f = new ProviderFixture();
        f.Exchange.RefusesConnects = () => new SocketException((int)SocketError.ConnectionRefused);
        var feeds = Enumerable.Range(0, 30).Select(i => new RecordingFeed()).ToArray();
        for (var i = 0; i < 30; i++) f.Provider.Follow(ProviderFixture.Series($"S{i:00}USD:1m"), feeds[i]);
        await f.Until(() => feeds.All(p => p.State == SeriesState.Polling), TimeSpan.FromMinutes(30));

        // Just after calls, so that one more comes while the budget is used up.
        var calls = f.Exchange.RestCalls.Count;
        await f.Until(() => f.Exchange.RestCalls.Count > calls);
        var connects = f.Exchange.Connects.Count;
        calls = f.Exchange.RestCalls.Count;
        f.Time.WallClockStep = TimeSpan.FromHours(hours);
        var history = f.Provider.FetchAsync(
            ProviderFixture.Series(), new TimeRange(60_000, 120_000), FetchPurpose.Repair, TestContext.Current.CancellationToken);
        await f.Pass(TimeSpan.FromMinutes(5));

        Assert.True(history.IsCompletedSuccessfully);
        Assert.InRange(f.Exchange.RestCalls.Count - calls, 80, 100);
        Assert.InRange(f.Exchange.Connects.Count - connects, 4, 100);
        AssertNeverMoreThan(20, f.Exchange.RestCalls.Select(c => c.At));
        AssertNeverMoreThan(20, f.Exchange.Connects);
    }

    [Fact]
    public async Task One_socket_probes_for_all_and_the_others_are_opened_when_it_works()
    {
        await using var f = new ProviderFixture(o => o.ChannelsPerSocket = 5);
        var feeds = new List<RecordingFeed>();
        for (var i = 0; i < 20; i++)
        {
            feeds.Add(new RecordingFeed());
            f.Provider.Follow(ProviderFixture.Series($"S{i:00}USD:1m"), feeds[i]);
        }

        await f.Until(() => feeds.All(p => p.State == SeriesState.Live));
        Assert.Equal(4, f.Exchange.OpenSockets.Count);

        f.Exchange.RefusesConnects = () => new SocketException((int)SocketError.ConnectionRefused);
        foreach (var socket in f.Exchange.OpenSockets) socket.Cut();
        await f.Until(() => f.Exchange.Connects.Count == 8);
        var probes = f.Exchange.Connects.ToArray()[4..];
        for (var i = 1; i < probes.Length; i++) Assert.True(
            probes[i] - probes[i - 1] >= TimeSpan.FromSeconds(0.75 * (1 << (i - 1))), $"probe {i}");

        f.Exchange.RefusesConnects = null;
        await f.Until(() => feeds.All(p => p.State == SeriesState.Live));
        Assert.Equal(4, f.Exchange.OpenSockets.Count);
    }

    [Fact]
    public async Task Sockets_are_filled_before_a_new_one_is_opened_and_a_freed_place_is_used()
    {
        await using var f = new ProviderFixture();
        var followed = new List<IFollowedSeries>();
        var feeds = new List<RecordingFeed>();
        for (var i = 0; i < 26; i++)
        {
            feeds.Add(new RecordingFeed());
            followed.Add(f.Provider.Follow(ProviderFixture.Series($"S{i:00}USD:1m"), feeds[i]));
        }

        await f.Until(() => feeds.All(p => p.State == SeriesState.Live));
        Assert.Equal([1, 25], f.Exchange.OpenSockets.Select(s => s.Channels.Count).Order());

        await followed[3].DisposeAsync();
        await f.FollowLiveAsync("LASTUSD:1m");
        Assert.Equal(2, f.Exchange.Connects.Count);
        Assert.InRange(f.Exchange.OpenSockets.Max(s => s.Channels.Count), 1, 25);
    }

    [Fact]
    public async Task Whoever_lost_a_feed_gets_a_place_before_newcomers()
    {
        await using var f = new ProviderFixture(o => (o.ChannelsPerSocket, o.ConnectTimeout) = (2, TimeSpan.FromMinutes(1)));
        var (first, _) = await f.FollowLiveAsync("AAAUSD:1m");
        var (second, _) = await f.FollowLiveAsync("BBBUSD:1m");

        // The newcomers come first and wait for a socket that has room for two; then the others lose theirs.
        var connecting = new TaskCompletionSource();
        f.Exchange.ConnectDelay = connecting.Task;
        var newcomers = Enumerable.Range(0, 2).Select(_ => new RecordingFeed()).ToArray();
        for (var i = 0; i < 2; i++) f.Provider.Follow(ProviderFixture.Series($"NEWU{i:00}:1m"), newcomers[i]);
        await f.Until(() => f.Exchange.Connects.Count >= 2);
        f.Exchange.Socket.Cut();
        await f.Until(() => first.State == SeriesState.Reconnecting && second.State == SeriesState.Reconnecting);
        await f.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal(2, f.Exchange.Connects.Count);

        connecting.SetResult();
        await f.Until(() => newcomers.Append(first).Append(second).All(n => n.State == SeriesState.Live));

        Assert.Equal(["trade:1m:tAAAUSD", "trade:1m:tBBBUSD"], f.Exchange.Sockets[1].Channels.Values.Order());
        Assert.Equal(["trade:1m:tNEWU00", "trade:1m:tNEWU01"], f.Exchange.Sockets[2].Channels.Values.Order());
    }

    internal static void AssertNeverMoreThan(int limit, IEnumerable<DateTimeOffset> events)
    {
        var times = events.Order().ToArray();
        for (var i = limit; i < times.Length; i++)
            Assert.True(times[i] - times[i - limit] >= TimeSpan.FromSeconds(60), $"{limit + 1} within {times[i] - times[i - limit]}");
    }
}
