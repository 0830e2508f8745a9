using CandleStream.Providers;

namespace CandleStream.Tests.Bitfinex;

/// <summary>A series' usual life: subscribed, live, lost, found again.</summary>
[Collection(nameof(VirtualTime))]
public class ProviderLifeTests
{
    private const string Key = "trade:1m:tBTCUSD";

    [Fact]
    public async Task A_followed_series_becomes_live_with_its_snapshot_oldest_first()
    {
        await using var f = new ProviderFixture();
        f.Exchange.Snapshot = "[[120000,2,2,2,2,1],[60000,1,1,1,1,1]]";

        var (feed, followed) = await f.FollowLiveAsync();

        Assert.Equal(["snapshot", "Live"], feed.Events);
        Assert.Equal([60000, 120000], feed.LastSnapshot.Select(c => c.Time));
        Assert.Equal(f.Now, followed.LastMessageAt);
        var sent = f.Exchange.Socket.Received.ToArray();
        Assert.Equal("""{"event":"conf","flags":98304}""", sent[0]);
        Assert.Equal("""{"event":"ping","cid":1}""", sent[1]);
        Assert.Equal("""{"event":"subscribe","channel":"candles","key":"trade:1m:tBTCUSD"}""", sent[2]);
    }

    [Fact]
    public async Task Updates_arrive_as_they_are_and_exchange_time_once_a_second_on_every_series_of_the_socket()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        var (eth, followed) = await f.FollowLiveAsync("ETHUSD:5m");
        var channel = f.Exchange.Socket.ChannelOf(Key);
        var seen = eth.ExchangeTimes.Length;

        var now = f.Now.ToUnixTimeMilliseconds();
        f.Exchange.Socket.Send(channel, "[60000,1,3,4,0.5,1e-8]", now + 5000);
        f.Exchange.Socket.Send(channel, "[60000,1,3,4,0.5,2e-8]", now + 5999);
        f.Exchange.Socket.Send(channel, "[120000,3,3,3,3,1]", now + 6000);
        await f.Until(() => btc.Candles.Length == 3);

        Assert.Equal(new Candle(60000, 1, 4, 0.5m, 3, 0.00000001m), btc.Candles[0]);
        await f.Until(() => eth.ExchangeTimes.Length == seen + 2);
        Assert.Equal([now + 5000, now + 6000], eth.ExchangeTimes[seen..]);
        Assert.Empty(eth.Candles);
        Assert.InRange(followed.ExchangeClockOffsetMs!.Value, 5000, 6000);
    }

    [Fact]
    public async Task A_cut_socket_is_an_interruption_and_the_series_comes_back_with_a_new_snapshot()
    {
        await using var f = new ProviderFixture();
        var (feed, _) = await f.FollowLiveAsync();
        var cutAt = f.Now;

        f.Exchange.Socket.Cut();
        await f.Until(() => feed.States.Length == 3);

        Assert.Equal(["snapshot", "Live", "interrupted", "Reconnecting", "snapshot", "Live"], feed.Events);
        Assert.Equal((1, "the connection was lost"), (feed.States[1].Attempt, feed.States[1].Reason));
        Assert.InRange(feed.States[1].RetryAt!.Value - cutAt, TimeSpan.FromSeconds(0.75), TimeSpan.FromSeconds(1.75));
        Assert.Equal(2, f.Exchange.Sockets.Count);
    }

    [Fact]
    public async Task An_exchange_that_cannot_be_reached_is_polled_after_five_attempts_and_live_again_when_it_is_back()
    {
        await using var f = new ProviderFixture();
        var (feed, _) = await f.FollowLiveAsync();
        f.Exchange.Rest = _ => ScriptedExchange.Json("[[120000,2,2,2,2,1],[60000,1,1,1,1,1]]");
        f.Exchange.RefusesConnects = () => new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.ConnectionRefused);

        f.Exchange.Socket.Cut();
        await f.Until(() => feed.Polls.Length == 3);

        Assert.True(feed.States[0].State == SeriesState.Live, string.Join('\n', feed.States.Take(3)) + f.Exchange.Connects.Count);
        Assert.Equal("Live Reconnecting Reconnecting Reconnecting Reconnecting Reconnecting Reconnecting Polling",
            string.Join(' ', feed.States.Take(8).Select(s => s.State)));
        Assert.Equal([1, 2, 3, 4, 5], feed.States[1..6].Select(s => s.Attempt));
        Assert.Equal(("connection refused", TimeSpan.FromSeconds(15)), (feed.States[7].Reason, feed.States[7].PollEvery!.Value));
        Assert.Equal([60000, 120000], feed.Polls[0].Candles.Select(c => c.Time));
        var calls = f.Exchange.RestCalls.Select(c => c.At).ToArray();
        Assert.InRange(calls[1] - calls[0], TimeSpan.FromSeconds(14), TimeSpan.FromSeconds(17));

        f.Exchange.RefusesConnects = null;
        await f.Until(() => feed.State == SeriesState.Live);
        Assert.Equal("snapshot", feed.Events[^2]);
    }

    [Fact]
    public async Task Disposing_unsubscribes_and_the_emptied_socket_is_closed()
    {
        await using var f = new ProviderFixture();
        var (btc, followed) = await f.FollowLiveAsync();
        var (eth, other) = await f.FollowLiveAsync("ETHUSD:1m");
        var socket = f.Exchange.Socket;

        await followed.DisposeAsync();
        await f.Until(() => socket.Channels.Count == 1);
        await f.Pass(TimeSpan.FromSeconds(20));
        Assert.True(socket.IsOpen);
        Assert.Equal(SeriesState.Live, eth.State);

        await other.DisposeAsync();
        await f.Until(() => !socket.IsOpen);
        Assert.Equal("Live", btc.Path);
        Assert.Single(f.Exchange.Sockets);
    }

    [Fact]
    public async Task The_simulator_is_recognised_by_its_greeting()
    {
        await using var f = new ProviderFixture();
        Assert.False(f.Provider.IsSimulated);
        f.Exchange.Greeting = """{"event":"info","version":2,"simulator":"CandleStream","platform":{"status":1}}""";

        await f.FollowLiveAsync();

        Assert.True(f.Provider.IsSimulated);
    }
}
