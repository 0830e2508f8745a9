using CandleStream.Providers;
using CandleStream.Server.Operations;
using CandleStream.Server.Streams.Events;
using CandleStream.Server.Streams.Sending;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Bitfinex;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace CandleStream.Tests.Sse;

/// <summary>The sender's thread, in virtual time, with clients that take what the test says.</summary>
public sealed class SseSenderTests
{
    private const int Limit = 60_000;

    [Fact(Timeout = Limit)]
    public async Task Heartbeats_come_every_15_seconds_and_of_twenty_in_a_row_none_is_a_tenth_of_a_second_off()
    {
        var clock = new VirtualClock(DateTimeOffset.UnixEpoch.AddYears(53));
        await using var under = new SenderUnderTest(clock, new UnevenClock(clock));
        var beats = new List<DateTimeOffset>();
        await under.JoinAsync(new ScriptedOutput(e =>
        {
            if (e == "heartbeat") beats.Add(clock.Passed);
        }));
        await under.SettleAsync();
        var began = clock.Passed;
        while (beats.Count < 21)
        {
            Assert.True(clock.Passed - began < TimeSpan.FromMinutes(6), $"{beats.Count} heartbeats in 6 min");
            clock.GoOn(clock.Passed + TimeSpan.FromSeconds(20));
            await under.SettleAsync();
        }

        Assert.All(beats.Zip(beats.Skip(1), (a, b) => (b - a).TotalSeconds), between => Assert.InRange(between, 14.9, 15.1));
        Assert.InRange((beats[^1] - beats[0]).TotalSeconds, 299.99, 300.01);
    }

    [Fact(Timeout = Limit)]
    public async Task Heartbeats_that_were_slept_through_are_left_out_and_the_next_one_keeps_to_the_grid()
    {
        await using var under = new SenderUnderTest();
        var output = new ScriptedOutput();
        await under.JoinAsync(output);
        await under.PassAsync(TimeSpan.FromSeconds(50));
        Assert.Equal("synced, status, heartbeat", output.Events);
        await under.PassAsync(TimeSpan.FromSeconds(9.999));
        Assert.Equal("synced, status, heartbeat", output.Events);
        await under.PassAsync(TimeSpan.FromSeconds(0.001));
        Assert.Equal("synced, status, heartbeat, heartbeat", output.Events);
    }

    [Fact(Timeout = Limit)]
    public async Task A_client_whose_socket_is_full_gets_its_heartbeat_as_soon_as_it_takes_something()
    {
        await using var under = new SenderUnderTest();
        var output = new ScriptedOutput();
        await under.JoinAsync(output);
        output.Room = 0;
        under.Sender.OnUpdate(Update(0, rev: 10, closed: true));
        await under.PassAsync(TimeSpan.FromSeconds(15));
        output.Room = long.MaxValue;
        await under.SettleAsync();
        Assert.Equal("synced, status, closed 10, heartbeat", output.Events);
    }

    [Fact(Timeout = Limit)]
    public async Task A_client_that_takes_nothing_is_ended_after_30_seconds_to_the_millisecond()
    {
        await using var under = new SenderUnderTest();
        var output = new ScriptedOutput();
        var connection = await under.JoinAsync(output);
        await under.PassAsync(TimeSpan.FromSeconds(3.3));
        output.Room = 0;
        under.Sender.OnUpdate(Update(0, rev: 10));
        await under.SettleAsync();
        await under.PassAsync(TimeSpan.FromSeconds(29.999));
        Assert.False(connection.Ended.IsCompleted);
        await under.PassAsync(TimeSpan.FromSeconds(0.001));
        Assert.Equal(SseEnd.TooSlow, await connection.Ended);
    }

    [Fact(Timeout = Limit)]
    public async Task A_stopping_server_waits_for_full_sockets_as_long_as_it_says_and_no_longer()
    {
        await using var under = new SenderUnderTest();
        var output = new ScriptedOutput();
        var connection = await under.JoinAsync(output);
        output.Room = 0;
        var stopped = under.Sender.StopAsync();
        await under.SettleAsync();
        await under.PassAsync(TimeSpan.FromSeconds(1.999));
        Assert.False(stopped.IsCompleted);
        await under.PassAsync(TimeSpan.FromSeconds(0.001));
        Assert.Equal(SseEnd.Gone, await connection.Ended);
        await stopped;
    }

    [Fact(Timeout = Limit)]
    public async Task What_comes_while_a_client_joins_waits_for_synced_and_is_sent_then()
    {
        await using var under = new SenderUnderTest();
        var output = new ScriptedOutput();
        var connection = under.Connect(output);
        Assert.NotNull(await under.RegisterAsync(connection));
        under.Sender.OnUpdate(Update(0, rev: 10, closed: true));
        under.Sender.OnUpdate(Update(1, rev: 11));
        under.Sender.OnUpdate(Update(1, rev: 12));
        await under.SettleAsync();
        Assert.Equal("", output.Events);
        Assert.True(await under.GoLiveAsync(connection));
        await under.SettleAsync();
        Assert.Equal("synced, closed 10, forming 12", output.Events);
    }

    [Fact(Timeout = Limit)]
    public async Task When_too_many_closed_candles_come_while_a_client_joins_the_changes_must_be_read_again_and_none_is_dropped_otherwise()
    {
        await using var under = new SenderUnderTest(pendingClosedCandles: 3);
        var output = new ScriptedOutput();
        var connection = under.Connect(output);
        await under.RegisterAsync(connection);
        for (var n = 0; n < 4; n++) under.Sender.OnUpdate(Update(n, 10 + n, closed: true));
        Assert.False(await under.GoLiveAsync(connection));

        await under.RegisterAsync(connection);
        for (var n = 4; n < 7; n++) under.Sender.OnUpdate(Update(n, 10 + n, closed: true));
        Assert.True(await under.GoLiveAsync(connection));
        await under.SettleAsync();
        Assert.Equal("synced, closed 14, closed 15, closed 16", output.Events);
    }

    [Fact(Timeout = Limit)]
    public async Task A_client_for_whom_too_many_closed_candles_wait_is_ended_and_up_to_then_none_is_dropped()
    {
        await using var under = new SenderUnderTest(pendingClosedCandles: 3);
        var (full, slow) = (new ScriptedOutput(), new ScriptedOutput());
        var (ended, stays) = (await under.JoinAsync(full), await under.JoinAsync(slow));
        (full.Room, slow.Room) = (0, 0);
        for (var n = 0; n < 3; n++) under.Sender.OnUpdate(Update(n, 10 + n, closed: true));
        await under.SettleAsync();
        Assert.False(ended.Ended.IsCompleted);

        slow.Room = long.MaxValue;
        await under.SettleAsync();
        Assert.Equal("synced, status, closed 10, closed 11, closed 12", slow.Events);
        under.Sender.OnUpdate(Update(3, rev: 13, closed: true));
        Assert.Equal(SseEnd.TooSlow, await ended.Ended);
        await under.SettleAsync();
        Assert.Equal("synced, status, closed 10, closed 11, closed 12, closed 13", slow.Events);
        Assert.False(stays.Ended.IsCompleted);
    }

    [Fact(Timeout = Limit)]
    public async Task Under_max_rate_a_forming_candle_waits_for_its_turn_and_the_newest_comes_then_while_a_closed_one_does_not_wait()
    {
        await using var under = new SenderUnderTest();
        var output = new ScriptedOutput();
        await under.JoinAsync(output, formingInterval: TimeSpan.FromSeconds(1));
        foreach (var rev in new[] { 10, 11, 12 })
        {
            under.Sender.OnUpdate(Update(0, rev));
            await under.SettleAsync();
        }

        await under.PassAsync(TimeSpan.FromSeconds(0.999));
        Assert.Equal("synced, status, forming 10", output.Events);
        await under.PassAsync(TimeSpan.FromSeconds(0.001));
        Assert.Equal("synced, status, forming 10, forming 12", output.Events);
        under.Sender.OnUpdate(Update(0, rev: 13, closed: true));
        await under.SettleAsync();
        Assert.Equal("synced, status, forming 10, forming 12, closed 13", output.Events);
    }

    [Fact(Timeout = Limit)]
    public async Task Time_that_passes_while_the_alarm_is_set_makes_it_no_later()
    {
        var clock = new VirtualClock(DateTimeOffset.UnixEpoch.AddYears(53));
        var rung = 0;
        await using var alarm = new Alarm(new HastyClock(clock, TimeSpan.FromSeconds(10)), () => rung++);
        alarm.Set(clock.GetTimestamp() + TimeSpan.FromSeconds(15).Ticks);
        clock.Advance(TimeSpan.FromSeconds(4.999));
        Assert.Equal(0, rung);
        clock.Advance(TimeSpan.FromSeconds(0.001));
        Assert.Equal(1, rung);
    }

    [Fact]
    public void Beyond_the_limit_of_the_inbox_a_forming_candle_replaces_the_one_that_waits_and_nothing_else_is_dropped_or_overtaken()
    {
        using var sleep = SenderSleep.Create();
        var inbox = new Inbox(sleep);
        for (var rev = 1; rev <= Inbox.Limit; rev++) inbox.Post(Update(0, rev));
        for (var rev = 1; rev <= 100; rev++) inbox.Post(Update(1, Inbox.Limit + rev));
        inbox.Post(Update(1, Inbox.Limit + 101, closed: true));
        for (var rev = 102; rev <= 200; rev++) inbox.Post(Update(2, Inbox.Limit + rev));
        Assert.Equal(Inbox.Limit + 3, inbox.Count);

        var revs = Drain(inbox);
        Assert.Equal(Inbox.Limit, revs.Count(rev => rev <= Inbox.Limit));
        Assert.Equal([100, 101, 200], revs.Skip(Inbox.Limit).Select(rev => rev - Inbox.Limit));

        // Taken means gone: what comes next waits by itself.
        inbox.Post(Update(2, Inbox.Limit + 201));
        inbox.Post(Update(2, Inbox.Limit + 202));
        Assert.Equal([201, 202], Drain(inbox).Select(rev => rev - Inbox.Limit));
        Assert.Equal(0, inbox.Count);
    }

    private static List<long> Drain(Inbox inbox)
    {
        var revs = new List<long>();
        while (inbox.TryTake(out var item)) revs.Add(((CandleUpdate)item).Rev.Value);
        return revs;
    }

    private static CandleUpdate Update(int minute, long rev, bool closed = false) =>
        new(SenderUnderTest.Key, new Candle(minute * 60_000L, 1, 1, 1, 1, rev, closed, new Rev(rev)));

    /// <summary>
    /// A machine on which threads wake up now sooner, now later after their timers: each look at the time is up to 4 ms late.
    /// </summary>
    private sealed class UnevenClock(VirtualClock clock) : TimeProvider
    {
        private int _looks;

        public override long TimestampFrequency => clock.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public override long GetTimestamp() =>
            clock.GetTimestamp() + (Interlocked.Increment(ref _looks) * 7 % 5 * TimeSpan.TicksPerMillisecond);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            clock.CreateTimer(callback, state, dueTime, period);
    }

    /// <summary>A clock that has gone on by the time its timer is set for the first time.</summary>
    private sealed class HastyClock(VirtualClock clock, TimeSpan by) : TimeProvider
    {
        private TimeSpan _by = by;

        public override long TimestampFrequency => clock.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => clock.GetUtcNow();

        public override long GetTimestamp() => clock.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new Timer(this, clock.CreateTimer(callback, state, dueTime, period));

        private sealed class Timer(HastyClock owner, ITimer inner) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                var by = owner._by;
                owner._by = TimeSpan.Zero;
                owner.Advance(by);
                return inner.Change(dueTime, period);
            }

            public void Dispose() => inner.Dispose();

            public ValueTask DisposeAsync() => inner.DisposeAsync();
        }

        private void Advance(TimeSpan span) => clock.Advance(span);
    }

    /// <summary>
    /// A sender with one series. What the test does next waits until the sender sleeps: nothing depends on which thread runs first.
    /// </summary>
    private sealed class SenderUnderTest : IAsyncDisposable
    {
        public static readonly SeriesKey Key = SeriesKey.Parse("BTCUSD:1m");

        private readonly VirtualClock _clock;
        private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().AddSingleton<StreamCounters>()
            .BuildServiceProvider();
        private readonly SeriesStatus _status = new(Key, new FeedState(SeriesState.Live), []);
        private readonly SeriesHub _hub;

        public SenderUnderTest(VirtualClock? clock = null, TimeProvider? time = null, int pendingClosedCandles = 1024)
        {
            _clock = clock ?? new VirtualClock(DateTimeOffset.UnixEpoch.AddYears(53));
            time ??= _clock;
            var options =
                Options.Create(new SendingOptions { PendingClosedCandles = pendingClosedCandles, CoalesceInterval = TimeSpan.Zero });
            var revs = new RevCounter(time);
            _hub = new SeriesHub(Key, new StreamingOptions(), null!, null!, revs, time, NullLogger.Instance);
            Sender = new Sender(revs, options, _services.GetRequiredService<StreamCounters>(), time, NullLogger<Sender>.Instance);
            Sender.Start();
        }

        public Sender Sender { get; }

        private static CancellationToken Cancel => TestContext.Current.CancellationToken;

        public Connection Connect(ScriptedOutput output, TimeSpan formingInterval = default)
        {
            var connection = new Connection(new SseSettings(Deltas: false, formingInterval.Ticks)) { Output = output };
            connection.Subscriptions = [new Slot(connection, _hub, _hub.Status)];
            output.Ready = () => Sender.Post(new ReadyCommand(connection));
            return connection;
        }

        public async Task<Rev?> RegisterAsync(Connection connection)
        {
            var join = new JoinCommand(connection);
            Sender.Post(join);
            return await join.Answer.WaitAsync(Cancel);
        }

        public async Task<bool> GoLiveAsync(Connection connection)
        {
            var live = new LiveCommand(connection, Frame.Of("event: synced\nid: 1\ndata: {}\n\n"u8));
            Sender.Post(live);
            return await live.Answer.WaitAsync(Cancel) == SseLive.Live;
        }

        /// <summary>A connection that was sent <c>synced</c> and a status.</summary>
        public async Task<Connection> JoinAsync(ScriptedOutput output, TimeSpan formingInterval = default)
        {
            var connection = Connect(output, formingInterval);
            await RegisterAsync(connection);
            Sender.OnStatus(_status);
            Assert.True(await GoLiveAsync(connection));
            await SettleAsync();
            return connection;
        }

        /// <summary>Lets time pass and waits until the sender has done what is due then.</summary>
        public async Task PassAsync(TimeSpan span)
        {
            _clock.Advance(span);
            await SettleAsync();
        }

        /// <summary>
        /// Waits until the sender has ended the round that takes what was posted before: who leaves is let go at a round's end, so the
        /// second is let go in a later one.
        /// </summary>
        public async Task SettleAsync()
        {
            for (var round = 0; round < 2; round++)
            {
                var leaves = new Connection(default);
                Sender.Post(new LeaveCommand(leaves));
                await leaves.Ended.WaitAsync(Cancel);
            }
        }

        public async ValueTask DisposeAsync()
        {
            var stopped = Sender.StopAsync();
            await SettleAsync();
            _clock.Advance(TimeSpan.FromSeconds(2));
            await stopped;
            await Sender.DisposeAsync();
            await _services.DisposeAsync();
        }
    }
}
