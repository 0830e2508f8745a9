using System.Text;
using CandleStream.Providers;
using CandleStream.Server.Streams.Events;
using CandleStream.Server.Streams.Sending;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Bitfinex;

namespace CandleStream.Tests.Sse;

/// <summary>
/// What one connection is sent, and in which order, when its client takes a part, nothing, or all. No threads: the test is the sender.
/// </summary>
public sealed class SseConnectionTests
{
    private static readonly SeriesKey Key = SeriesKey.Parse("BTCUSD:1m");

    private readonly Round _round = new(new VirtualClock(DateTimeOffset.UnixEpoch.AddYears(53)));
    private readonly ScriptedOutput _output = new();
    private readonly SeriesReaders _series = new(null!, new SseSeriesCounters());

    public SseConnectionTests() => _round.Begin();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_rest_of_an_event_of_which_a_part_is_out_comes_before_anything_else(bool isBatched)
    {
        var (first, second) = (Update(0, rev: 1), Update(0, rev: 2));
        var whole = first.Candle.ToString();
        for (var part = 1; part < whole.Length; part++)
        {
            var output = new ScriptedOutput { Room = part };
            var (connection, subscription) = Connect(output);
            connection.Waiting.Add(subscription, first);
            if (isBatched)
            {
                output.Send(subscription.FrameOf(first).Plain);
                Assert.Equal(SseFlush.Blocked, connection.CompleteBatched(subscription.FrameOf(first).Plain, part, _round));
            }
            else Assert.Equal(SseFlush.Blocked, connection.Flush(_round));

            connection.Waiting.Add(subscription, second);
            output.Room = long.MaxValue;
            Assert.Equal(SseFlush.Done, connection.Flush(_round));
            Assert.Equal(whole + second.Candle, output.Text);
        }
    }

    [Theory]
    [InlineData(0, 2)]
    [InlineData(0, 3)]
    [InlineData(5, 3)]
    public void After_a_forming_candle_that_was_skipped_the_next_one_comes_whole(int taken, int last)
    {
        var (connection, subscription) = Connect(_output, deltas: true);
        Send(connection, subscription, Update(0, rev: 1));
        _output.Room = taken;
        for (var rev = 2; rev <= last; rev++) connection.Waiting.Add(subscription, Update(0, rev));
        Assert.Equal(SseFlush.Blocked, connection.Flush(_round));

        // A late sender skips what a newer version replaces.
        _round.IsLate = true;
        connection.Waiting.Add(subscription, Update(0, last + 1));
        _output.Room = long.MaxValue;
        Assert.Equal(SseFlush.Done, connection.Flush(_round));
        Send(connection, subscription, Update(0, last + 2));
        var begun = taken > 0 ? ", delta 2" : "";
        Assert.Equal($"forming 1{begun}, forming {last + 1}, delta {last + 2}", _output.Events);
    }

    [Fact]
    public void After_a_forming_candle_that_the_batch_could_not_send_and_that_was_skipped_the_next_one_comes_whole()
    {
        var (connection, subscription) = Connect(_output, deltas: true);
        Send(connection, subscription, Update(0, rev: 1));
        var second = Update(0, rev: 2);
        connection.Waiting.Add(subscription, second);
        Assert.Equal(SseFlush.Blocked, connection.CompleteBatched(subscription.FrameOf(second).Plain, 0, _round));
        _round.IsLate = true;
        connection.Waiting.Add(subscription, Update(0, rev: 3));
        Assert.Equal(SseFlush.Done, connection.Flush(_round));
        Assert.Equal("forming 1, forming 3", _output.Events);
    }

    [Fact]
    public void After_a_forming_candle_that_did_not_fit_into_the_write_and_was_skipped_the_next_one_comes_whole()
    {
        var (connection, subscription) = Connect(_output, deltas: true);
        Send(connection, subscription, Update(0, rev: 1));
        connection.Waiting.Add(null, Frame.Of("event: small\ndata: {}\n\n"u8));
        connection.Waiting.Add(null, Frame.Of(Encoding.ASCII.GetBytes($"event: large\ndata: {new string('x', (64 * 1024) - 80)}\n\n")));
        connection.Waiting.Add(subscription, Update(0, rev: 2));
        _output.Room = 0;
        Assert.Equal(SseFlush.Blocked, connection.Flush(_round));
        _round.IsLate = true;
        connection.Waiting.Add(subscription, Update(0, rev: 3));
        _output.Room = long.MaxValue;
        Assert.Equal(SseFlush.Done, connection.Flush(_round));
        Assert.Equal("forming 1, small, large, forming 3", _output.Events);
    }

    [Fact]
    public void A_forming_candle_held_by_max_rate_goes_before_a_revision_of_an_older_candle_and_is_not_lost()
    {
        var (connection, subscription) = Connect(_output, interval: 100);
        subscription.HoldBack(Update(2, rev: 5));
        Pass(connection, subscription, Update(1, rev: 6, closed: true));
        Assert.Equal("forming 5, closed 6", _output.Events);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void A_forming_candle_held_by_max_rate_is_not_sent_when_a_newer_version_or_candle_goes(int time)
    {
        var (connection, subscription) = Connect(_output, interval: 100);
        subscription.HoldBack(Update(2, rev: 5));
        Pass(connection, subscription, Update(time, rev: 6, closed: time == 2));
        subscription.ReleaseHeld();
        connection.Flush(_round);
        Assert.Equal(time == 2 ? "closed 6" : "forming 6", _output.Events);
        Assert.Equal(1, _series.Counters.Conflated);
    }

    [Fact]
    public void What_waited_at_the_seam_comes_after_synced_closed_candles_all_and_the_newest_forming_one()
    {
        var (connection, subscription) = Connect(_output, isLive: false);
        for (var rev = 1; rev <= 3; rev++) connection.Waiting.Add(subscription, Update(rev, rev, closed: true));
        for (var rev = 4; rev <= 5; rev++) connection.Waiting.Add(subscription, Update(4, rev));
        connection.BeginLive(Synced, _round.Now);
        Assert.Equal(SseFlush.Done, connection.Flush(_round));
        Assert.Equal("synced, closed 1, closed 2, closed 3, forming 5", _output.Events);
    }

    [Fact]
    public void A_client_that_takes_nothing_is_given_one_heartbeat_when_it_reads_again_and_after_all_that_waits()
    {
        var (connection, subscription) = Connect(_output);
        _output.Room = 0;
        connection.Waiting.Add(subscription, Update(0, rev: 1, closed: true));
        for (var beat = 0; beat < 5; beat++)
        {
            connection.IsOwedHeartbeat = true;
            Assert.Equal(SseFlush.Blocked, connection.Flush(_round));
        }

        connection.Waiting.Add(subscription, Update(1, rev: 2, closed: true));
        _output.Room = long.MaxValue;
        Assert.Equal(SseFlush.Done, connection.Flush(_round));
        Assert.Equal("closed 1, closed 2, heartbeat", _output.Events);
    }

    private static Frame Synced => Frame.Of("event: synced\nid: 1\ndata: {}\n\n"u8);

    private (Connection Connection, Slot Subscription) Connect(
        ScriptedOutput output, bool deltas = false, long interval = 0, bool isLive = true)
    {
        var connection = new Connection(new SseSettings(deltas, interval)) { Output = output };
        var subscription = new Slot(connection, null!, new SeriesStatus(Key, new FeedState(SeriesState.Live), []));
        connection.Subscriptions = [subscription];
        _series.Add(subscription);
        if (!isLive) return (connection, subscription);
        connection.BeginLive(Frame.Of([]), _round.Now);
        Assert.Equal(SseFlush.Done, connection.Flush(_round));
        return (connection, subscription);
    }

    private void Send(Connection connection, Slot subscription, EncodedUpdate update)
    {
        connection.Waiting.Add(subscription, update);
        Assert.Equal(SseFlush.Done, connection.Flush(_round));
    }

    // As the sender does with what need not be held.
    private void Pass(Connection connection, Slot subscription, EncodedUpdate update)
    {
        subscription.PassHeld(update);
        connection.Waiting.Add(subscription, update);
        Assert.Equal(SseFlush.Done, connection.Flush(_round));
    }

    private EncodedUpdate Update(int minute, long rev, bool closed = false) =>
        _series.Prepare(new CandleUpdate(Key, new Candle(minute * 60_000L, 1, 1, 1, 1, rev, closed, new Rev(rev))));
}
