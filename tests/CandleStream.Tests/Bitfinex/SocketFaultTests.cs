using CandleStream.Providers;

namespace CandleStream.Tests.Bitfinex;

/// <summary>What goes wrong on a socket or a channel, one fault a test, and what a series' clients are told.</summary>
[Collection(nameof(VirtualTime))]
public class SocketFaultTests
{
    private const string Btc = "trade:1m:tBTCUSD";

    [Fact]
    public async Task A_half_open_socket_is_noticed_after_35_silent_seconds_and_replaced()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        var (eth, _) = await f.FollowLiveAsync("ETHUSD:1m");
        var since = f.Now;

        f.Exchange.Socket.IsHalfOpen = true;
        await f.Until(() => btc.State == SeriesState.Reconnecting);
        Assert.InRange(f.Now - since, TimeSpan.FromSeconds(34), TimeSpan.FromSeconds(36));
        Assert.Equal("no frame for 35 s", btc.States[^1].Reason);

        await f.Until(() => btc.State == SeriesState.Live && eth.State == SeriesState.Live);
        Assert.Equal(["snapshot", "Live", "interrupted", "Reconnecting", "snapshot", "Live"], btc.Events);
        Assert.Equal("Live Reconnecting Live", eth.Path);
        Assert.Equal(2, f.Exchange.Connects.Count);
    }

    [Fact]
    public async Task The_announced_restart_20051_ends_the_socket()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();

        f.Exchange.Socket.Say("""{"event":"info","code":20051,"msg":"Stopping. Please try to reconnect"}""");
        await f.Until(() => btc.States.Length == 3);

        Assert.Equal(["snapshot", "Live", "interrupted", "Reconnecting", "snapshot", "Live"], btc.Events);
        Assert.Equal("the exchange restarts (20051)", btc.States[1].Reason);
        Assert.Equal(2, f.Exchange.Connects.Count);
    }

    [Fact]
    public async Task During_maintenance_20060_nothing_is_believed_and_after_20061_every_channel_begins_anew_on_the_same_socket()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();
        var socket = f.Exchange.Socket;
        var channel = socket.ChannelOf(Btc);

        socket.Say("""{"event":"info","code":20060}""");
        socket.Send(channel, "[60000,1,1,1,1,1]");
        await f.Pass(TimeSpan.FromSeconds(60));
        Assert.Equal(["snapshot", "Live", "interrupted", "Reconnecting"], btc.Events);
        Assert.Equal("the exchange is in maintenance (20060)", btc.States[1].Reason);

        socket.Say("""{"event":"info","code":20061}""");
        await f.Until(() => btc.State == SeriesState.Live);

        Assert.Equal(["snapshot", "Live"], btc.Events[^2..]);
        Assert.Single(f.Exchange.Connects);
        Assert.NotEqual(channel, socket.ChannelOf(Btc));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.5)]
    public async Task Maintenance_that_does_not_end_in_two_minutes_ends_the_socket_also_where_timers_are_a_moment_early(double earlyByMs)
    {
        await using var f = new ProviderFixture();
        f.Time.TimersAreEarlyBy = TimeSpan.FromMilliseconds(earlyByMs);
        var (btc, _) = await f.FollowLiveAsync();
        var since = f.Now;

        f.Exchange.Socket.Say("""{"event":"info","code":20060}""");
        await f.Until(() => btc.State == SeriesState.Live && f.Exchange.Connects.Count == 2);

        Assert.InRange(f.Now - since, TimeSpan.FromSeconds(120), TimeSpan.FromSeconds(123));
        Assert.Contains(btc.States, s => s.Reason == "the exchange is still in maintenance");
    }

    [Fact]
    public async Task A_second_greeting_means_that_our_channels_are_forgotten()
    {
        await using var f = new ProviderFixture();
        var (btc, _) = await f.FollowLiveAsync();

        f.Exchange.Socket.Say(f.Exchange.Greeting);
        await f.Until(() => btc.States.Length == 3);

        Assert.Equal("the exchange started the session again", btc.States[1].Reason);
        Assert.Equal(2, f.Exchange.Connects.Count);
    }

    [Fact]
    public async Task A_greeting_in_maintenance_and_another_protocol_version_are_failed_attempts()
    {
        await using var f = new ProviderFixture();
        f.Exchange.Greeting = """{"event":"info","version":2,"platform":{"status":0}}""";
        var btc = new RecordingFeed();
        f.Provider.Follow(ProviderFixture.Series(), btc);
        await f.Until(() => btc.States.Length == 1);
        Assert.Equal("the exchange is in maintenance", btc.States[0].Reason);

        f.Exchange.Greeting = """{"event":"info","version":3,"platform":{"status":1}}""";
        await f.Until(() => btc.States.Length == 2);
        Assert.Equal("the exchange speaks version 3, not 2", btc.States[1].Reason);
    }

    [Fact]
    public async Task A_greeting_that_never_comes_is_a_failed_attempt_after_ten_seconds()
    {
        await using var f = new ProviderFixture();
        f.Exchange.Greeting = "";
        var since = f.Now;
        var btc = new RecordingFeed();
        f.Provider.Follow(ProviderFixture.Series(), btc);
        await f.Until(() => btc.States.Length == 1);

        Assert.Equal("the exchange did not answer in time", btc.States[0].Reason);
        Assert.InRange(f.Now - since, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(11));
    }

    [Theory]
    [InlineData("""{"event":"conf","status":"FAILED"}""")]
    [InlineData("""{"event":"conf"}""")]
    [InlineData("""{"event":"conf","status":5,"flags":98304}""")]
    [InlineData("""{"event":"conf","status":"OK","flags":0}""")]
    [InlineData("""{"event":"conf","status":"OK","flags":32768}""")]
    [InlineData("""{"event":"error","msg":"conf: invalid","code":10050}""")]
    [InlineData("""{"event":"error","msg":"event: invalid (conf)","code":10000}""")]
    [InlineData("""{"event":"error","msg":"?"}""")]
    [InlineData("")]
    public async Task Any_answer_about_the_flags_but_the_expected_one_or_none_means_no_flags_and_the_feed_goes_on(string answer)
    {
        await using var f = new ProviderFixture();
        f.Exchange.ConfAnswer = answer;
        var since = f.Now;

        var (btc, _) = await f.FollowLiveAsync();
        Assert.Equal(answer == "" ? TimeSpan.FromSeconds(10) : TimeSpan.Zero, f.Now - since);
        f.Exchange.Socket.Lose(3);
        f.Exchange.Socket.Send(f.Exchange.Socket.ChannelOf(Btc), "[60000,1,1,1,1,1]");
        await f.Until(() => btc.Candles.Length == 1);

        Assert.Equal(["snapshot", "Live", "candle"], btc.Events);
        Assert.Null(Assert.Single(btc.SnapshotTimes));
        Assert.Empty(btc.ExchangeTimes);
        Assert.Single(f.Exchange.Connects);
    }

    [Fact]
    public async Task A_later_good_answer_about_the_flags_turns_them_on_without_an_interruption()
    {
        await using var f = new ProviderFixture();
        f.Exchange.ConfAnswer = "";
        var (btc, _) = await f.FollowLiveAsync();
        f.Exchange.Socket.Send(f.Exchange.Socket.ChannelOf(Btc), "[60000,1,1,1,1,1]");
        f.Exchange.Socket.Lose(3);

        f.Exchange.Socket.Say("""{"event":"conf","status":"OK","flags":98304}""");
        for (var i = 2; i < 5; i++) f.Exchange.Socket.Send(f.Exchange.Socket.ChannelOf(Btc), $"[60000,1,1,1,1,{i}]");
        await f.Until(() => btc.Candles.Length == 4);

        Assert.Equal(["snapshot", "Live", "candle", "candle", "candle", "candle"], btc.Events);
        Assert.NotEmpty(btc.ExchangeTimes);
    }

    [Fact]
    public async Task Where_frames_tell_no_time_a_series_that_comes_later_is_told_the_pongs_time_and_what_passed_since()
    {
        await using var f = new ProviderFixture();
        f.Exchange.ConfAnswer = """{"event":"conf","status":"FAILED"}""";
        await f.FollowLiveAsync();
        await f.Pass(TimeSpan.FromMinutes(5));

        var (eth, _) = await f.FollowLiveAsync("ETHUSD:1m");

        Assert.Equal(f.Now.ToUnixTimeMilliseconds(), Assert.Single(eth.ToldTimes));
    }

    [Theory]
    [InlineData("""{"event":"conf","status":"OK"}""")]
    [InlineData("""{"event":"conf","status":"OK","flags":98304}""")]
    [InlineData("""{"event":"conf","status":"OK","flags":229376}""")]
    public async Task The_expected_answer_about_the_flags_turns_time_and_numbers_on(string answer)
    {
        await using var f = new ProviderFixture();
        f.Exchange.ConfAnswer = answer;

        var (btc, _) = await f.FollowLiveAsync();

        Assert.Equal(f.Now.ToUnixTimeMilliseconds(), Assert.Single(btc.SnapshotTimes));
    }
}
