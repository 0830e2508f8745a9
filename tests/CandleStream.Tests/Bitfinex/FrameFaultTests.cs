using CandleStream.Exchanges.Bitfinex;
using CandleStream.Providers;
using CandleStream.Tests.Support;

namespace CandleStream.Tests.Bitfinex;

/// <summary>What goes wrong on a socket or a channel, one fault a test, and what a series' clients are told.</summary>
[Collection(nameof(VirtualTime))]
public class FrameFaultTests
{
    private const string Btc = "trade:1m:tBTCUSD";
    private const string Eth = "trade:1m:tETHUSD";

    [Fact]
    public async Task A_sequence_gap_resyncs_every_channel_of_the_socket_and_no_other()
    {
        await using var f = new ProviderFixture(o => o.ChannelsPerSocket = 2);
        var (btc, _) = await f.FollowLiveAsync();
        var (eth, _) = await f.FollowLiveAsync("ETHUSD:1m");
        var (ltc, _) = await f.FollowLiveAsync("LTCUSD:1m");
        var socket = f.Exchange.Sockets[0];

        socket.Lose(1);
        socket.Send(socket.ChannelOf(Eth), "[60000,1,1,1,1,1]");
        await f.Until(() => btc.States.Length == 3 && eth.States.Length == 3);

        Assert.Equal(["snapshot", "Live", "interrupted", "Reconnecting", "snapshot", "Live"], btc.Events);
        Assert.Equal(["snapshot", "Live", "interrupted", "Reconnecting", "snapshot", "Live"], eth.Events);
        Assert.Equal("frames were lost (sequence gap)", btc.States[1].Reason);
        Assert.Equal("Live", ltc.Path);
        Assert.Equal(2, f.Exchange.Connects.Count);
    }

    [Fact]
    public async Task Frames_that_go_missing_again_and_again_end_the_socket()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        for (var i = 0; i < 4; i++)
        {
            await f.Until(() => btc.State == SeriesState.Live);
            f.Exchange.Socket.Lose(1);
            f.Exchange.Socket.Beat();
            await f.Until(() => btc.States.Length >= 2 + (2 * i));
        }

        await f.Until(() => f.Exchange.Connects.Count == 2 && btc.State == SeriesState.Live);
        Assert.Equal("frames are lost too often", btc.States[^2].Reason);
        Assert.Equal(4, btc.Events.Count(e => e == "interrupted"));
    }

    [Fact]
    public async Task A_repeated_frame_is_ignored_and_an_overtaken_one_costs_one_resync()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        var socket = f.Exchange.Socket;
        var channel = socket.ChannelOf(Btc);
        var ms = f.Now.ToUnixTimeMilliseconds();

        socket.Send(channel, "[60000,1,1,1,1,1]");
        socket.Say($"[{channel},[60000,1,1,1,1,1],2,{ms}]");
        socket.Send(channel, "[60000,1,1,1,1,2]");
        await f.Until(() => btc.Candles.Length == 2);
        await f.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(["snapshot", "Live", "candle", "candle"], btc.Events);

        // Counted before they are sent: the new subscription's snapshot may be numbered as soon as the first of them has arrived.
        socket.Lose(2);
        socket.Say($"[{channel},[60000,1,1,1,1,4],5,{ms}]");
        socket.Say($"[{channel},[60000,1,1,1,1,3],4,{ms}]");
        await f.Until(() => btc.States.Length == 3);
        Assert.Equal(2, btc.Candles.Length);
        Assert.Equal("Live Reconnecting Live", btc.Path);
    }

    [Fact]
    public async Task A_late_revision_of_an_older_candle_is_passed_on()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        var channel = f.Exchange.Socket.ChannelOf(Btc);

        f.Exchange.Socket.Send(channel, "[120000,2,2,2,2,1]");
        f.Exchange.Socket.Send(channel, "[60000,1,1,1,1,7]");
        await f.Until(() => btc.Candles.Length == 2);

        Assert.Equal([120000, 60000], btc.Candles.Select(c => c.Time));
    }

    [Fact]
    public async Task Frames_for_numbers_that_are_not_ours_are_ignored()
    {
        await using var f = new ProviderFixture();
        f.Exchange.OnSubscribe = (socket, _) =>
        {
            socket.Send(4711, "\"hb\"");
            socket.Send(4711, "[60000,9,9,9,9,9]");
            socket.Send(4711, "\"te\"");
            return false;
        };

        var (btc, _) = await f.FollowLiveAsync();
        await f.Pass(TimeSpan.FromSeconds(1));

        Assert.Equal(["snapshot", "Live"], btc.Events);
    }

    [Fact]
    public async Task A_malformed_frame_is_skipped_and_twenty_in_a_minute_end_the_socket()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();

        f.Exchange.Socket.Say("{{{ not JSON");
        f.Exchange.Socket.Send(f.Exchange.Socket.ChannelOf(Btc), "[60000,1,1,1,1,1]");
        await f.Until(() => btc.Candles.Length == 1);
        Assert.Equal("Live", btc.Path);

        for (var i = 0; i < 20; i++) f.Exchange.Socket.Say("[4711,");
        await f.Until(() => btc.States.Length == 3);
        Assert.Equal("malformed frames persist", btc.States[1].Reason);
        Assert.Equal(2, f.Exchange.Connects.Count);
    }

    [Theory]
    [InlineData("[60000,1,1,1,1]", true)]
    [InlineData("[60000,null,null,null,null,0]", true)]
    [InlineData("[60000,1,1,1,1,1e40]", true)]
    [InlineData("[null,1,1,1,1,1]", false)]
    [InlineData("[true]", false)]
    [InlineData("[60000,NaN,1,1,1,1]", false)]
    public async Task A_series_whose_candles_cannot_be_read_costs_these_candles_and_no_other_series_anything(
        string payload, bool timeIsRead)
    {
        var log = new KeptLog<BitfinexWebSocketCandleProvider>();
        await using var f = new ProviderFixture(log: log);
        var (btc, _) = await f.FollowLiveAsync();
        var (eth, _) = await f.FollowLiveAsync("ETHUSD:1m");
        var socket = f.Exchange.Socket;

        for (var end = f.Now + TimeSpan.FromMinutes(5); f.Now < end; await f.Pass(TimeSpan.FromSeconds(2)))
        {
            socket.Send(socket.ChannelOf(Btc), payload);
            socket.Send(socket.ChannelOf(Eth), "[60000,1,1,1,1,1]");
        }

        socket.Send(socket.ChannelOf(Btc), "[120000,2,2,2,2,2]");
        await f.Until(() => btc.Candles.Length == 1);

        Assert.Equal(150, btc.Unreadable.Length);
        Assert.All(btc.Unreadable, t => Assert.Equal(timeIsRead ? new TimeRange(60000, 120000) : null, t));
        Assert.Equal("Live", btc.Path);
        Assert.Equal(["snapshot", "Live", "candle"], eth.Events.Distinct());
        Assert.Equal(150, eth.Candles.Length);
        Assert.Single(f.Exchange.Connects);
        Assert.InRange(
            log.Lines.Count(l => l.Contains("BTCUSD:1m: the exchange sent a candle that cannot be read", StringComparison.Ordinal)), 5, 6);
    }

    [Fact]
    public async Task A_bad_row_of_a_snapshot_costs_that_row_and_the_others_are_delivered()
    {
        await using var f = new ProviderFixture();
        f.Exchange.Snapshot = "[[240000,4,4,4,4,1],[180000,null,null,null,null,0],null,[60000,1,1,1,1,1]]";
        var (btc, _) = await f.FollowLiveAsync();

        Assert.Equal(["snapshot", "Live", "unreadable", "unreadable"], btc.Events);
        Assert.Equal([60000, 240000], btc.LastSnapshot.Select(c => c.Time));
        Assert.Equal([new TimeRange(180000, 240000), new TimeRange(60000, 300000)], btc.Unreadable);

        f.Exchange.Socket.Send(f.Exchange.Socket.ChannelOf(Btc), "[[240000,4,4,4,4,2],[180000]]");
        await f.Until(() => btc.Unreadable.Length == 3);
        Assert.Equal([240000], btc.Candles.Select(c => c.Time));
        Assert.Single(f.Exchange.Connects);
    }

    [Fact]
    public async Task A_frame_that_breaks_off_is_its_channels_loss_and_its_number_is_not_missed()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        var (eth, _) = await f.FollowLiveAsync("ETHUSD:1m");
        var socket = f.Exchange.Socket;

        socket.Lose(1);
        socket.Say($"[{socket.ChannelOf(Btc)},[60000,1,1,1");
        socket.Send(socket.ChannelOf(Eth), "[60000,1,1,1,1,1]");
        await f.Until(() => eth.Candles.Length == 1);
        Assert.Equal(["snapshot", "Live", "unreadable"], btc.Events);
        Assert.Equal(["snapshot", "Live", "candle"], eth.Events);

        // More is missing than it explains: on which channel nobody knows.
        socket.Lose(2);
        socket.Say($"[{socket.ChannelOf(Btc)},[60000,1,1,1");
        socket.Send(socket.ChannelOf(Eth), "[60000,1,1,1,1,1]");
        await f.Until(() => btc.State == SeriesState.Live && eth.States.Length == 3);
        Assert.Equal("frames were lost (sequence gap)", eth.States[1].Reason);
    }

    [Fact]
    public async Task A_message_of_no_known_channel_shows_as_a_sequence_gap_with_the_next_frame()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();

        f.Exchange.Socket.Lose(1);
        f.Exchange.Socket.Say("[[,");
        await f.Until(() => btc.States.Length == 3);

        Assert.Equal("frames were lost (sequence gap)", btc.States[1].Reason);
    }

    [Fact]
    public async Task Where_no_numbers_would_show_it_a_message_of_no_known_channel_may_be_the_loss_of_any()
    {
        await using var f = new ProviderFixture();
        f.Exchange.ConfAnswer = """{"event":"conf","status":"FAILED"}""";
        var (btc, _) = await f.FollowLiveAsync();
        var (eth, _) = await f.FollowLiveAsync("ETHUSD:1m");

        f.Exchange.Socket.Say("[[,");
        await f.Until(() => btc.Unreadable.Length == 1 && eth.Unreadable.Length == 1);

        Assert.Equal(("Live", "Live"), (btc.Path, eth.Path));
        Assert.Equal((null, null), (btc.Unreadable[0], eth.Unreadable[0]));
    }

    [Fact]
    public async Task A_huge_frame_is_skipped_without_being_held_and_shows_as_a_loss()
    {
        await using var f = new ProviderFixture(o => o.MaxMessageBytes = 4096);
        var (btc, _) = await f.FollowLiveAsync();

        f.Exchange.Socket.Lose(1);
        f.Exchange.Socket.Say(new string(' ', 1_000_000) + "[1,\"hb\",2]");
        await f.Until(() => btc.States.Length == 3);

        Assert.Equal("Live Reconnecting Live", btc.Path);
        Assert.Single(f.Exchange.Connects);
    }

    [Fact]
    public async Task A_time_that_leaps_ahead_and_comes_back_is_not_believed_and_its_candle_is_kept()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        var (eth, _) = await f.FollowLiveAsync("ETHUSD:1m");
        var socket = f.Exchange.Socket;

        socket.Send(socket.ChannelOf(Btc), "[60000,1,1,1,1,1]", f.Now.AddYears(1).ToUnixTimeMilliseconds());
        socket.Send(socket.ChannelOf(Eth), "[60000,2,2,2,2,2]");
        await f.Until(() => btc.Candles.Length == 1 && eth.Candles.Length == 1);
        await f.Pass(TimeSpan.FromSeconds(30));

        Assert.Equal(("Live", "Live"), (btc.Path, eth.Path));
        Assert.All(btc.ExchangeTimes.Concat(eth.ExchangeTimes), t => Assert.InRange(t, 0, f.Now.ToUnixTimeMilliseconds()));
        Assert.Equal([60000], btc.Candles.Select(c => c.Time));
    }

    [Fact]
    public async Task A_price_does_not_wait_for_the_frame_that_tells_whether_its_time_is_true()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        var socket = f.Exchange.Socket;
        socket.Beat();
        await f.Until(() => btc.ExchangeTimes.Length > 0);
        var told = btc.ExchangeTimes.Length;
        var leap = f.Now.AddYears(1).ToUnixTimeMilliseconds();

        socket.Send(socket.ChannelOf(Btc), "[60000,1,1,1,1,1]", leap);
        await f.Until(() => btc.Candles.Length == 1);
        Assert.Equal(told, btc.ExchangeTimes.Length);

        socket.Send(socket.ChannelOf(Btc), "[60000,1,1,1,1,2]", leap + 1);
        await f.Until(() => btc.Candles.Length == 2);
        Assert.Contains(leap, btc.ExchangeTimes);
    }

    [Fact]
    public async Task A_time_from_the_past_is_not_believed_on_its_own()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        var socket = f.Exchange.Socket;
        var began = f.Now.ToUnixTimeMilliseconds();

        socket.Send(socket.ChannelOf(Btc), "[60000,1,1,1,1,1]", f.Now.AddHours(-1).ToUnixTimeMilliseconds());
        socket.Send(socket.ChannelOf(Btc), "[60000,1,1,1,1,2]");
        await f.Until(() => btc.Candles.Length == 2);
        await f.Pass(TimeSpan.FromSeconds(30));

        Assert.All(btc.ExchangeTimes, t => Assert.True(t >= began - 1000, $"{t} is before {began}"));
    }

    [Fact]
    public async Task Two_wrong_times_in_a_row_are_believed_until_two_right_ones_take_them_back()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        var socket = f.Exchange.Socket;
        var wrong = f.Now.AddYears(1).ToUnixTimeMilliseconds();
        socket.Send(socket.ChannelOf(Btc), "[60000,1,1,1,1,1]", wrong);
        socket.Send(socket.ChannelOf(Btc), "[60000,1,1,1,1,2]", wrong + 1);
        await f.Until(() => btc.ExchangeTimes.Contains(wrong));

        socket.Send(socket.ChannelOf(Btc), "[60000,1,1,1,1,3]");
        socket.Send(socket.ChannelOf(Btc), "[60000,1,1,1,1,4]");
        await f.Until(() => btc.Candles.Length == 4);

        Assert.InRange(btc.ExchangeTimes[^1], 1, f.Now.ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task A_replay_that_leaps_with_every_frame_is_believed_one_frame_later()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        var channel = f.Exchange.Socket.ChannelOf(Btc);
        var began = f.Now.ToUnixTimeMilliseconds();

        long After(int hours) => began + (hours * 3_600_000L);

        for (var hours = 1; hours <= 4; hours++) f.Exchange.Socket.Send(channel, $"[{After(hours)},1,1,1,1,1]", After(hours));
        await f.Until(() => btc.Candles.Length == 3);

        Assert.Equal([After(1), After(2), After(3)], btc.Candles.Select(c => c.Time));
        Assert.Equal(After(3), btc.ExchangeTimes[^1]);

        f.Exchange.Socket.Send(channel, "\"hb\"", began + (4 * 3_600_000) + 1);
        await f.Until(() => btc.Candles.Length == 4);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_first_time_of_a_socket_is_not_believed_on_its_own(bool answersPings)
    {
        await using var f = new ProviderFixture();
        f.Exchange.AnswersPings = answersPings;
        var asked = 0;
        f.Exchange.OnSubscribe = (socket, key) =>
        {
            if (Interlocked.Increment(ref asked) > 1) return false;
            socket.Say($$"""{"event":"subscribed","channel":"candles","chanId":777,"key":"{{key}}"}""");
            socket.Send(777, "[]", f.Now.AddYears(1).ToUnixTimeMilliseconds());
            socket.Send(777, "\"hb\"");
            return true;
        };

        var (btc, _) = await f.FollowLiveAsync();
        await f.Pass(TimeSpan.FromSeconds(30));

        Assert.Equal(2, asked);
        Assert.Single(f.Exchange.Connects);
        Assert.InRange(Assert.Single(btc.SnapshotTimes)!.Value, 1, f.Now.ToUnixTimeMilliseconds());
        Assert.All(btc.ExchangeTimes, t => Assert.InRange(t, 0, f.Now.ToUnixTimeMilliseconds()));
    }

    [Fact]
    public async Task Unknown_events_and_notices_change_nothing()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();

        f.Exchange.Socket.Say("""{"event":"brand new","x":1}""");
        f.Exchange.Socket.Say("""{"event":"info","code":20052,"msg":"?"}""");
        f.Exchange.Socket.Say("""{"event":"error","code":11000,"msg":"ready: invalid"}""");
        f.Exchange.Socket.Send(f.Exchange.Socket.ChannelOf(Btc), "\"cs\"");
        f.Exchange.Socket.Send(f.Exchange.Socket.ChannelOf(Btc), "[60000,1,1,1,1,1,null,7]");
        await f.Until(() => btc.Candles.Length == 1);

        Assert.Equal("Live", btc.Path);
    }
}
