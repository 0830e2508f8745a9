using CandleStream.Exchanges;
using CandleStream.Exchanges.Bitfinex;
using CandleStream.Providers;

namespace CandleStream.Tests.Bitfinex;

public class FeedPolicyTests
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromSeconds(15);
    private readonly FeedPolicy _policy = new(new BitfinexOptions());

    private SeriesState State => _policy.State(null, PollEvery).State;

    private double FailedAfter(double jitter = 0.5, ChannelEndKind kind = ChannelEndKind.SocketEnded, double lasted = 3600) =>
        _policy.Failed(new ChannelEnd(kind, "cut"), TimeSpan.FromSeconds(lasted), jitter).TotalSeconds;

    [Fact]
    public void A_lost_feed_is_tried_after_1_2_4_8_and_16_seconds_and_then_every_minute()
    {
        _policy.Live();

        Assert.Equal([1, 2, 4, 8, 16, 60, 60], Enumerable.Range(0, 7).Select(_ => FailedAfter()));
    }

    [Theory]
    [InlineData(0, 0.75)]
    [InlineData(0.5, 1)]
    [InlineData(1, 1.25)]
    public void Jitter_spreads_a_delay_over_a_quarter_either_way(double jitter, double seconds)
    {
        _policy.Live();

        Assert.Equal(seconds, FailedAfter(jitter));
    }

    [Fact]
    public void A_feed_that_never_was_live_is_connecting_until_five_attempts_failed()
    {
        Assert.Equal(SeriesState.Connecting, State);
        for (var i = 1; i <= 4; i++)
        {
            FailedAfter();
            Assert.Equal((SeriesState.Connecting, i, false), (State, _policy.State(null, PollEvery).Attempt, _policy.IsPolling));
        }

        FailedAfter();
        Assert.True(_policy.IsPolling);
    }

    [Fact]
    public void After_five_failures_the_state_follows_the_polls()
    {
        _policy.Live();
        for (var i = 0; i < 6; i++) FailedAfter();
        Assert.Equal((SeriesState.Reconnecting, true), (State, _policy.IsPolling));

        _policy.PollWorked();
        var polling = _policy.State(null, PollEvery);
        Assert.Equal((SeriesState.Polling, PollEvery, "cut"), (polling.State, polling.PollEvery, polling.Reason));

        _policy.PollFailed("no answer");
        Assert.Equal((SeriesState.Down, "cut; polling: no answer"), (State, _policy.State(null, PollEvery).Reason));

        FailedAfter();
        Assert.Equal(SeriesState.Down, State);
        _policy.PollWorked();
        Assert.Equal(SeriesState.Polling, State);
    }

    [Fact]
    public void Success_that_lasts_a_minute_resets_the_count()
    {
        _policy.Live();
        for (var i = 0; i < 6; i++) FailedAfter();
        _policy.PollWorked();

        _policy.Live();
        Assert.Equal(new FeedState(SeriesState.Live), _policy.State(null, PollEvery));
        Assert.Equal(1, FailedAfter());
        Assert.Equal((SeriesState.Reconnecting, 1), (State, _policy.State(null, PollEvery).Attempt));
    }

    [Fact]
    public void A_refused_series_is_down_with_the_reason_and_asked_for_again_every_minute()
    {
        Assert.Equal(60, FailedAfter(kind: ChannelEndKind.Refused));
        Assert.Equal((SeriesState.Down, "cut", false), (State, _policy.State(null, PollEvery).Reason, _policy.IsPolling));
    }

    [Fact]
    public void A_resync_is_the_first_attempt_and_no_failure()
    {
        _policy.Live();
        _policy.Resync("sequence gap", TimeSpan.FromHours(1));
        Assert.Equal((SeriesState.Reconnecting, 1), (State, _policy.State(null, PollEvery).Attempt));

        // It fails: the next attempt is the second one.
        Assert.Equal(2, FailedAfter());
        Assert.Equal(2, _policy.State(null, PollEvery).Attempt);
    }

    [Fact]
    public void A_feed_that_is_lost_again_within_a_minute_is_another_failed_attempt()
    {
        _policy.Live();
        Assert.Equal(1, FailedAfter(lasted: 59));
        foreach (var seconds in (int[])[2, 4, 8, 16, 60, 60])
        {
            Assert.False(seconds < 60 && _policy.IsPolling);
            _policy.Live();
            Assert.Equal(seconds, FailedAfter(lasted: 59));
        }

        Assert.True(_policy.IsPolling);
        _policy.Live();
        Assert.Equal(1, FailedAfter(lasted: 60));
        Assert.False(_policy.IsPolling);
    }

    [Fact]
    public void What_a_resync_found_proven_is_forgotten_too()
    {
        _policy.Live();
        for (var i = 0; i < 5; i++) FailedAfter();
        _policy.Live();
        _policy.Resync("sequence gap", TimeSpan.FromSeconds(60));

        Assert.Equal(2, FailedAfter());
        Assert.False(_policy.IsPolling);
    }

    [Fact]
    public void An_address_that_is_shut_out_polls_at_once_and_until_it_is_live()
    {
        Assert.Equal(60, FailedAfter(kind: ChannelEndKind.RateLimited));
        Assert.True(_policy.IsPolling);
        Assert.Equal(60, FailedAfter(kind: ChannelEndKind.ConnectFailed));
        Assert.True(_policy.IsPolling);

        _policy.Live();
        Assert.Equal(1, FailedAfter());
        Assert.False(_policy.IsPolling);
    }
}
