using CandleStream.Providers;

namespace CandleStream.Tests.Bitfinex;

/// <summary>What goes wrong on a socket or a channel, one fault a test, and what a series' clients are told.</summary>
[Collection(nameof(VirtualTime))]
public class SubscriptionFaultTests
{
    private const string Btc = "trade:1m:tBTCUSD";
    private const string Eth = "trade:1m:tETHUSD";

    [Fact]
    public async Task A_silent_channel_fails_alone_and_is_subscribed_again()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        var (eth, _) = await f.FollowLiveAsync("ETHUSD:1m");
        var dead = f.Exchange.Socket.ChannelOf(Btc);

        f.Exchange.Socket.Muted[dead] = true;
        await f.Until(() => btc.States.Length == 3);

        Assert.Equal("Live Reconnecting Live", btc.Path);
        Assert.Equal("no frame for 35 s", btc.States[1].Reason);
        Assert.Equal("Live", eth.Path);
        Assert.Single(f.Exchange.Connects);
        Assert.NotEqual(dead, f.Exchange.Socket.ChannelOf(Btc));
    }

    [Fact]
    public async Task A_channel_that_misses_a_heartbeat_and_speaks_again_stays_live_with_a_hole()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        var (eth, _) = await f.FollowLiveAsync("ETHUSD:1m");
        var channel = f.Exchange.Socket.ChannelOf(Btc);

        f.Exchange.Socket.Muted[channel] = true;
        var since = f.Now;
        await f.Until(() => f.Now - since > TimeSpan.FromSeconds(25));
        Assert.Equal(["snapshot", "Live"], btc.Events);
        f.Exchange.Socket.Muted.TryRemove(channel, out _);
        f.Exchange.Socket.Send(channel, "[60000,1,1,1,1,1]");
        await f.Until(() => btc.Candles.Length == 1);

        Assert.Equal(["snapshot", "Live", "interrupted", "snapshot", "candle"], btc.Events);
        Assert.Empty(btc.LastSnapshot);
        Assert.Equal(["snapshot", "Live"], eth.Events);
        Assert.Equal(channel, f.Exchange.Socket.ChannelOf(Btc));
    }

    [Fact]
    public async Task A_heartbeat_that_comes_late_is_no_hole_and_one_that_never_came_is()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        var (eth, _) = await f.FollowLiveAsync("ETHUSD:1m");
        var socket = f.Exchange.Socket;

        foreach (var channel in socket.Channels.Keys) socket.Muted[channel] = true;
        await f.Pass(TimeSpan.FromSeconds(21));
        socket.Muted.Clear();
        socket.Beat();
        await f.Pass(TimeSpan.FromSeconds(60));
        Assert.Equal(["snapshot", "Live"], btc.Events);
        Assert.Equal(["snapshot", "Live"], eth.Events);

        // The next one is swallowed; the one after it comes on time.
        socket.Muted[socket.ChannelOf(Btc)] = true;
        await f.Pass(TimeSpan.FromSeconds(15));
        socket.Muted.Clear();
        await f.Until(() => btc.Events.Length == 4, TimeSpan.FromSeconds(15));
        Assert.Equal(["interrupted", "snapshot"], btc.Events[2..]);
        Assert.Equal(["snapshot", "Live"], eth.Events);
    }

    [Fact]
    public async Task A_resubscription_that_brings_no_frame_is_a_failure_though_the_socket_is_healthy()
    {
        await using var f = new ProviderFixture();
        var (eth, _) = await f.FollowLiveAsync("ETHUSD:1m");
        f.Exchange.OnSubscribe = (socket, key) =>
        {
            socket.Say($$"""{"event":"subscribed","channel":"candles","chanId":777,"key":"{{key}}"}""");
            return true;
        };

        var btc = new RecordingFeed();
        f.Provider.Follow(ProviderFixture.Series(), btc);
        await f.Until(() => btc.States.Length == 1);

        Assert.Equal((SeriesState.Connecting, "subscribed, but no frame came"), (btc.States[0].State, btc.States[0].Reason));
        Assert.DoesNotContain("snapshot", btc.Events);
        Assert.Equal("Live", eth.Path);
    }

    [Fact]
    public async Task A_channel_without_a_snapshot_is_live_with_its_first_frame()
    {
        await using var f = new ProviderFixture();
        f.Exchange.OnSubscribe = (socket, key) =>
        {
            socket.Say($$"""{"event":"subscribed","channel":"candles","chanId":777,"key":"{{key}}"}""");
            socket.Send(777, "[60000,1,1,1,1,1]");
            return true;
        };

        var (btc, _) = await f.FollowLiveAsync();
        await f.Until(() => btc.Candles.Length == 1);

        Assert.Equal(["snapshot", "Live", "candle"], btc.Events);
        Assert.Empty(btc.LastSnapshot);

        // What comes late is candles, no second beginning.
        f.Exchange.Socket.Send(777, "[[120000,2,2,2,2,1],[60000,1,1,1,1,1]]");
        await f.Until(() => btc.Candles.Length == 3);
        Assert.Equal([60000, 60000, 120000], btc.Candles.Select(c => c.Time));
    }

    [Fact]
    public async Task A_subscription_without_answer_fails_alone_after_ten_seconds_and_is_asked_for_again()
    {
        await using var f = new ProviderFixture();
        var (eth, _) = await f.FollowLiveAsync("ETHUSD:1m");
        var asked = 0;
        f.Exchange.OnSubscribe = (_, _) => Interlocked.Increment(ref asked) == 1;
        var since = f.Now;

        var (btc, _) = await f.FollowLiveAsync();

        Assert.Equal(("Connecting Live", "the exchange did not answer the subscription"), (btc.Path, btc.States[0].Reason));
        Assert.InRange(f.Now - since, TimeSpan.FromSeconds(10.5), TimeSpan.FromSeconds(12));
        Assert.Equal("Live", eth.Path);
        Assert.Single(f.Exchange.Connects);
    }

    [Fact]
    public async Task An_answer_that_comes_after_we_gave_up_is_unsubscribed()
    {
        await using var f = new ProviderFixture();
        await f.FollowLiveAsync("ETHUSD:1m");
        f.Exchange.OnSubscribe = (_, _) => true;
        await using (var _ = f.Provider.Follow(ProviderFixture.Series(), new RecordingFeed()))
            await f.Until(() => f.Exchange.Socket.Received.Any(r => r.Contains(Btc, StringComparison.Ordinal)));

        f.Exchange.Socket.Acknowledge(Btc, 555);

        await f.Until(() => f.Exchange.Socket.Received.Contains("""{"event":"unsubscribe","chanId":555}"""));
    }

    [Fact]
    public async Task Answers_in_another_order_reach_their_own_series()
    {
        await using var f = new ProviderFixture();
        await f.FollowLiveAsync("LTCUSD:1m");
        var asked = new List<string>();
        f.Exchange.OnSubscribe = (socket, key) =>
        {
            asked.Add(key);
            if (asked.Count == 2)
            {
                socket.Acknowledge(asked[1], 202, "[[120000,2,2,2,2,1]]");
                socket.Acknowledge(asked[0], 201, "[[60000,1,1,1,1,1]]");
            }

            return true;
        };
        var (btc, eth) = (new RecordingFeed(), new RecordingFeed());
        f.Provider.Follow(ProviderFixture.Series(), btc);
        await f.Until(() => asked.Count == 1);
        f.Provider.Follow(ProviderFixture.Series("ETHUSD:1m"), eth);
        await f.Until(() => btc.State == SeriesState.Live && eth.State == SeriesState.Live);

        Assert.Equal((60000, 120000), (btc.LastSnapshot[0].Time, eth.LastSnapshot[0].Time));
    }

    [Fact]
    public async Task A_refused_symbol_is_down_with_the_reason_and_others_are_not_touched()
    {
        await using var f = new ProviderFixture();
        var (eth, _) = await f.FollowLiveAsync("ETHUSD:1m");
        f.Exchange.OnSubscribe = (socket, key) =>
        {
            if (key != "trade:1m:tNOPE") return false;
            socket.Refuse(key, 10300, "symbol: invalid");
            return true;
        };
        var nope = new RecordingFeed();
        f.Provider.Follow(ProviderFixture.Series("NOPE:1m"), nope);
        await f.Until(() => nope.States.Length == 1);

        Assert.Equal(
            (SeriesState.Down, "the exchange refused the series (10300 symbol: invalid)"), (nope.States[0].State, nope.States[0].Reason));
        Assert.Equal(TimeSpan.FromSeconds(60), nope.States[0].RetryAt!.Value - f.Now);

        // Nothing is given up: the exchange may list it tomorrow.
        f.Exchange.OnSubscribe = null;
        await f.Until(() => nope.State == SeriesState.Live);
        Assert.Equal("Live", eth.Path);
        Assert.Single(f.Exchange.Connects);
    }

    [Fact]
    public async Task A_series_that_is_refused_while_it_is_polled_is_polled_no_more()
    {
        await using var f = new ProviderFixture();
        f.Exchange.OnSubscribe = (socket, key) =>
        {
            socket.Refuse(key, 10305, "subscribe: limit");
            return true;
        };
        var btc = new RecordingFeed();
        f.Provider.Follow(ProviderFixture.Series(), btc);
        await f.Until(() => btc.State == SeriesState.Polling);

        f.Exchange.OnSubscribe = (socket, key) =>
        {
            socket.Refuse(key, 10300, "symbol: invalid");
            return true;
        };
        await f.Until(() => btc.State == SeriesState.Down);
        var polls = f.Exchange.RestCalls.Count;
        await f.Pass(TimeSpan.FromMinutes(5));
        Assert.Equal(polls, f.Exchange.RestCalls.Count);

        f.Exchange.OnSubscribe = null;
        await f.Until(() => btc.State == SeriesState.Live);
    }

    [Fact]
    public async Task Already_subscribed_10301_is_success_with_that_number()
    {
        await using var f = new ProviderFixture();
        f.Exchange.OnSubscribe = (socket, key) =>
        {
            socket.Refuse(key, 10301, "subscribe: dup", ",\"chanId\":888");
            return true;
        };
        var btc = new RecordingFeed();
        f.Provider.Follow(ProviderFixture.Series(), btc);
        await f.Until(() => f.Exchange.OpenSockets.Any(s => s.Received.Count == 3));

        f.Exchange.Socket.Send(888, "\"hb\"");
        f.Exchange.Socket.Send(888, "[60000,1,1,1,1,1]");
        await f.Until(() => btc.Candles.Length == 1);

        Assert.Equal(["snapshot", "Live", "candle"], btc.Events);
    }

    [Fact]
    public async Task No_channel_left_10305_keeps_the_reason_and_ends_in_polling()
    {
        await using var f = new ProviderFixture();
        var (eth, _) = await f.FollowLiveAsync("ETHUSD:1m");
        f.Exchange.OnSubscribe = (socket, key) =>
        {
            socket.Refuse(key, 10305, "subscribe: limit");
            return true;
        };
        var btc = new RecordingFeed();
        f.Provider.Follow(ProviderFixture.Series(), btc);
        await f.Until(() => btc.State == SeriesState.Polling);

        Assert.Equal("Connecting Connecting Connecting Connecting Connecting Polling", btc.Path);
        Assert.Equal("the exchange has no channel left (10305 subscribe: limit)", btc.States[^1].Reason);
        Assert.Equal("Live", eth.Path);

        f.Exchange.OnSubscribe = null;
        await f.Until(() => btc.State == SeriesState.Live);
    }

    [Fact]
    public async Task A_number_that_is_used_again_belongs_to_the_new_series_at_once()
    {
        await using var f = new ProviderFixture();
        var (_, followed) = await f.FollowLiveAsync();
        var (eth, _) = await f.FollowLiveAsync("ETHUSD:1m");
        var socket = f.Exchange.Socket;
        var number = socket.ChannelOf(Btc);
        f.Exchange.IgnoresUnsubscribe = true;
        f.Exchange.OnSubscribe = (s, key) =>
        {
            s.Acknowledge(key, number);
            s.Send(number, "[60000,3,3,3,3,3]");
            s.Say($$"""{"event":"unsubscribed","status":"OK","chanId":{{number}}}""");
            return true;
        };

        await followed.DisposeAsync();
        var (ltc, _) = await f.FollowLiveAsync("LTCUSD:1m");
        await f.Pass(TimeSpan.FromSeconds(20));

        Assert.Equal(["snapshot", "Live", "candle"], ltc.Events);
        Assert.Equal("Live", eth.Path);
    }

    [Fact]
    public async Task A_series_followed_again_waits_until_its_old_channel_has_left()
    {
        await using var f = new ProviderFixture();
        await f.FollowLiveAsync("ETHUSD:1m");
        var (_, followed) = await f.FollowLiveAsync();
        var socket = f.Exchange.Socket;
        var number = socket.ChannelOf(Btc);
        f.Exchange.IgnoresUnsubscribe = true;
        await followed.DisposeAsync();
        var again = new RecordingFeed();
        f.Provider.Follow(ProviderFixture.Series(), again);
        await f.Pass(TimeSpan.FromSeconds(1));
        Assert.Single(socket.Received, r => r.Contains($"\"{Btc}\"", StringComparison.Ordinal));

        f.Exchange.IgnoresUnsubscribe = false;
        socket.Say($$"""{"event":"unsubscribed","status":"OK","chanId":{{number}}}""");
        await f.Until(() => again.State == SeriesState.Live);
        Assert.Equal(2, socket.Received.Count(r => r.Contains($"\"{Btc}\"", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_feed_that_throws_harms_neither_its_socket_nor_other_series()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        var (eth, _) = await f.FollowLiveAsync("ETHUSD:1m");
        btc.OnCandleAction = () => throw new InvalidOperationException("a mistake");

        f.Exchange.Socket.Send(f.Exchange.Socket.ChannelOf(Btc), "[60000,1,1,1,1,1]");
        f.Exchange.Socket.Send(f.Exchange.Socket.ChannelOf(Eth), "[60000,1,1,1,1,1]");
        await f.Until(() => eth.Candles.Length == 1);

        Assert.Equal(("Live", "Live"), (btc.Path, eth.Path));
    }
}
