using CandleStream.Streaming.Series;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Streaming;

public sealed class SeriesCoverageTests
{
    private readonly SeriesCoverage _coverage = new(BtcMinute.Timeframe, graceMs: 5000);

    [Fact]
    public void What_is_followed_live_is_verified_once_exchange_time_passed_end_and_grace()
    {
        _coverage.Begin(At(0), At(5, 30));

        _coverage.PassTime(At(6, 4), At(6, 4));
        Assert.False(_coverage.Verified.Contains(At(5)));
        _coverage.PassTime(At(6, 5), At(6, 5));
        Assert.True(_coverage.Verified.Contains(At(5)));
        Assert.Empty(_coverage.Gaps.Ranges);
    }

    [Fact]
    public void An_interruption_longer_than_the_next_snapshot_reaches_back_is_a_gap()
    {
        _coverage.Begin(At(0), At(5, 30));
        _coverage.PassTime(At(10, 30), At(10, 30));
        _coverage.Interrupt();
        _coverage.Begin(At(20), At(30, 30));

        Assert.Equal([new TimeRange(At(10), At(20))], _coverage.Gaps.Ranges);
    }

    [Fact]
    public void A_snapshot_that_overlaps_what_was_followed_leaves_no_gap_but_a_check()
    {
        _coverage.Begin(At(0), At(5, 30));
        _coverage.PassTime(At(10, 30), At(10, 30));
        _coverage.Interrupt();
        _coverage.Begin(At(5), At(12, 30));

        Assert.Empty(_coverage.Gaps.Ranges);
        _coverage.PassTime(At(13, 30), At(13, 30));
        Assert.Equal(new TimeRange(At(0), At(12)), _coverage.DueCheck());
        _coverage.Fetched(new TimeRange(At(0), At(12)), At(13, 30));
        Assert.Null(_coverage.DueCheck());
    }

    [Fact]
    public void What_was_doubted_at_a_wrong_time_is_cleared_by_an_answer_of_the_right_one()
    {
        _coverage.Begin(At(0), At(5, 30));
        _coverage.PassTime(At(10, 30), At(10, 30));
        _coverage.PassTime(At(3000), At(3000));
        _coverage.Doubt(At(8), At(3000));
        _coverage.SetTime(At(11));

        _coverage.Fetched(new TimeRange(At(0), At(11)), At(13));

        Assert.True(_coverage.Verified.ContainsAll(new TimeRange(At(0), At(11))));
        Assert.Null(_coverage.DueCheck());
    }

    [Fact]
    public void Time_told_by_other_channels_verifies_nothing()
    {
        _coverage.Begin(At(0), At(5, 30));
        _coverage.PassTime(At(6, 20), heardUntil: At(5, 58));
        Assert.False(_coverage.Verified.Contains(At(5)));
        _coverage.PassTime(At(6, 21), heardUntil: At(6, 12));
        Assert.True(_coverage.Verified.Contains(At(5)));
    }

    [Fact]
    public void An_empty_snapshot_covers_nothing_of_the_time_before()
    {
        _coverage.Load(TimeRangeSet.Of(new TimeRange(At(0), At(10))), At(9));
        _coverage.Begin(null, At(15, 30));

        Assert.Equal([new TimeRange(At(10), At(15))], _coverage.Gaps.Ranges);
    }

    [Fact]
    public void Nor_of_a_candle_that_ended_less_than_the_grace_before_it()
    {
        _coverage.Begin(At(0), At(5, 30));
        _coverage.PassTime(At(5, 40), At(5, 40));
        _coverage.Interrupt();
        _coverage.Begin(null, At(6, 2));

        Assert.Equal([new TimeRange(At(5), At(6))], _coverage.Gaps.Ranges);
    }

    [Fact]
    public void Nor_of_the_running_candle_which_may_have_been_traded_for_the_last_time()
    {
        _coverage.Begin(At(0), At(5, 30));
        _coverage.PassTime(At(5, 40), At(5, 40));
        _coverage.Interrupt();
        _coverage.Begin(null, At(6, 30));

        _coverage.PassTime(At(8, 30), At(8, 30));

        Assert.Equal([new TimeRange(At(5), At(7))], _coverage.Gaps.Ranges);
        Assert.False(_coverage.Verified.Contains(At(6)));
        Assert.True(_coverage.Verified.Contains(At(7)));
    }

    [Fact]
    public void A_REST_answer_fills_a_gap_at_once_and_verifies_what_is_sixty_seconds_old()
    {
        _coverage.Load(TimeRangeSet.Of(new TimeRange(At(0), At(10))), At(9));
        _coverage.Begin(null, At(15, 30));

        _coverage.Fetched(new TimeRange(At(10), At(15)), At(15, 30));

        Assert.Empty(_coverage.Gaps.Ranges);
        Assert.True(_coverage.Verified.ContainsAll(new TimeRange(At(0), At(14))));
        Assert.False(_coverage.Verified.Contains(At(14)));
    }

    [Fact]
    public void A_stale_REST_answer_fills_only_what_it_can_know()
    {
        _coverage.Load(TimeRangeSet.Of(new TimeRange(At(0), At(10))), At(9));
        _coverage.Begin(null, At(15, 30));

        _coverage.Fetched(new TimeRange(At(10), At(15)), asOf: At(12, 30));

        Assert.Equal([new TimeRange(At(12), At(15))], _coverage.Gaps.Ranges);
    }

    [Fact]
    public void A_series_seen_for_the_first_time_has_no_gap_before_its_snapshot()
    {
        _coverage.Begin(At(0), At(5, 30));

        Assert.Empty(_coverage.Gaps.Ranges);
    }

    [Fact]
    public void A_reopened_series_repairs_the_hole_since_it_was_last_followed_but_not_older_ones_than_seven_days()
    {
        var now = At(60 * 24 * 30);
        _coverage.Load(TimeRangeSet.Of(new TimeRange(At(0), At(10))), At(9));
        _coverage.Begin(now - 10 * Minute, now);

        var gap = Assert.Single(_coverage.Gaps.Ranges);
        Assert.Equal(now - SeriesCoverage.MaxRepairCandles * Minute, gap.From);
        Assert.Equal(now - 10 * Minute, gap.To);
    }

    [Fact]
    public void A_hole_between_verified_ranges_is_a_gap_again_when_the_series_is_reopened()
    {
        _coverage.Load(TimeRangeSet.Of(new TimeRange(At(0), At(10)), new TimeRange(At(12), At(20))), At(19));
        _coverage.Begin(At(15), At(21, 30));

        Assert.Equal([new TimeRange(At(10), At(12))], _coverage.Gaps.Ranges);
    }

    [Fact]
    public void What_the_store_lost_is_a_gap_again()
    {
        _coverage.Begin(At(0), At(5, 30));
        _coverage.PassTime(At(10, 30), At(10, 30));

        _coverage.Lost(new TimeRange(At(6), At(8)));

        Assert.Equal([new TimeRange(At(6), At(8))], _coverage.Gaps.Ranges);
    }

    [Fact]
    public void What_retention_deleted_is_unknown_again_and_no_gap()
    {
        _coverage.Begin(At(0), At(5, 30));
        _coverage.PassTime(At(10, 30), At(10, 30));
        _coverage.Fetched(new TimeRange(At(0), At(10)), At(12));

        _coverage.Forget(At(6));

        Assert.Empty(_coverage.Gaps.Ranges);
        Assert.False(_coverage.Known.Contains(At(5)));
        Assert.True(_coverage.Verified.Contains(At(6)));
    }

    [Fact]
    public void Only_newly_verified_ranges_are_handed_to_the_store()
    {
        _coverage.Load(TimeRangeSet.Of(new TimeRange(At(0), At(5))), At(4));
        _coverage.Begin(At(0), At(5, 30));
        _coverage.PassTime(At(7, 10), At(7, 10));

        Assert.Equal([new TimeRange(At(5), At(7))], _coverage.TakeUnsaved().Verified.Ranges);
        Assert.Empty(_coverage.TakeUnsaved().Verified.Ranges);
    }

    [Fact]
    public void What_may_have_been_revised_while_nobody_listened_is_no_gap_but_verified_only_by_a_younger_answer()
    {
        _coverage.Begin(At(0), At(0, 30));
        _coverage.PassTime(At(30, 30), At(30, 30));
        _coverage.TakeUnsaved();
        _coverage.Interrupt();
        _coverage.Begin(At(25), At(32, 30));
        _coverage.Doubt(At(20), At(32, 30));

        Assert.Empty(_coverage.Gaps.Ranges);
        Assert.Equal([new TimeRange(At(20), At(30))], _coverage.TakeUnsaved().Unverified.Ranges);
        _coverage.PassTime(At(33, 30), At(33, 30));
        Assert.Equal(new TimeRange(At(20), At(32)), _coverage.DueCheck());
        _coverage.Fetched(new TimeRange(At(20), At(32)), At(31, 50));
        Assert.False(_coverage.Verified.Contains(At(29)));
        _coverage.Fetched(new TimeRange(At(20), At(32)), At(33, 30));
        Assert.Null(_coverage.DueCheck());
        Assert.Equal([new TimeRange(At(20), At(33))], _coverage.TakeUnsaved().Verified.Ranges);
    }

    [Fact]
    public void What_the_store_verified_is_doubted_from_the_last_but_one_candle_on()
    {
        _coverage.Load(TimeRangeSet.Of(new TimeRange(At(0), At(30))), lastHeld: At(25), heldBefore: At(20));

        Assert.Equal([new TimeRange(At(0), At(20))], _coverage.Verified.Ranges);
        Assert.True(_coverage.Known.ContainsAll(new TimeRange(At(0), At(30))));
        Assert.Equal([new TimeRange(At(20), At(30))], _coverage.TakeUnsaved().Unverified.Ranges);
    }

    [Fact]
    public void A_doubt_older_than_a_repair_reaches_is_left_to_whoever_asks_for_it()
    {
        _coverage.Load(TimeRangeSet.Of(new TimeRange(At(0), At(30))), lastHeld: At(25), heldBefore: At(20));
        var now = At(60 * 24 * 30);
        _coverage.Begin(null, now);

        _coverage.PassTime(now + 10 * Minute, now + 10 * Minute);

        Assert.Null(_coverage.DueCheck());
    }

    [Fact]
    public void A_snapshot_shows_nothing_from_before_its_oldest_candle()
    {
        _coverage.Load(TimeRangeSet.Of(new TimeRange(At(0), At(4))), At(3));
        _coverage.Begin(At(5), At(5, 2));

        Assert.Equal([new TimeRange(At(4), At(5))], _coverage.Gaps.Ranges);
    }

    [Fact]
    public void The_time_of_a_row_that_was_refused_is_a_gap_until_REST_answers_for_it()
    {
        _coverage.Begin(At(0), At(5, 30));
        _coverage.Spoil(new TimeRange(At(5), At(6)));

        _coverage.PassTime(At(7, 10), At(7, 10));
        Assert.Equal([new TimeRange(At(5), At(6))], _coverage.Gaps.Ranges);
        Assert.False(_coverage.Known.Contains(At(5)));
        Assert.Equal([new TimeRange(At(6), At(7))], _coverage.TakeUnsaved().Verified.Ranges);

        _coverage.Fetched(new TimeRange(At(5), At(6)), At(8));
        Assert.Empty(_coverage.Gaps.Ranges);
        Assert.True(_coverage.Verified.Contains(At(5)));
    }

    [Fact]
    public void A_refused_row_of_a_verified_time_makes_it_unknown_and_the_store_is_told()
    {
        _coverage.Begin(At(0), At(0, 30));
        _coverage.PassTime(At(10, 10), At(10, 10));
        _coverage.TakeUnsaved();

        _coverage.Spoil(new TimeRange(At(3), At(4)));

        Assert.Equal([new TimeRange(At(3), At(4))], _coverage.Gaps.Ranges);
        Assert.Equal([new TimeRange(At(3), At(4))], _coverage.TakeUnsaved().Unverified.Ranges);
    }

    [Fact]
    public void A_row_that_a_REST_answer_could_not_give_stays_unknown()
    {
        _coverage.Load(TimeRangeSet.Of(new TimeRange(At(0), At(10))), At(9));
        _coverage.Begin(null, At(15, 30));

        _coverage.Fetched(new TimeRange(At(10), At(16)), At(17, 30), TimeRangeSet.Of(new TimeRange(At(12), At(13))));

        Assert.Equal([new TimeRange(At(12), At(13))], _coverage.Gaps.Ranges);
        Assert.False(_coverage.Verified.Contains(At(12)));
        Assert.True(_coverage.Verified.Contains(At(13)));
    }

    [Fact]
    public void Stored_coverage_beyond_exchange_time_is_dropped_as_soon_as_the_time_is_known()
    {
        _coverage.Load(TimeRangeSet.Of(new TimeRange(At(0), At(525_600))), At(4), At(3));

        _coverage.SetTime(At(5, 30));
        Assert.True(_coverage.TakeUnsaved().Unverified.ContainsAll(new TimeRange(At(5), At(525_600))));

        _coverage.Begin(null, At(5, 30));
        _coverage.PassTime(At(20, 30), At(20, 30));
        Assert.Equal([new TimeRange(At(5), At(6))], _coverage.Gaps.Ranges);
    }

    [Fact]
    public void Nothing_is_known_from_the_leap_to_a_wrong_time_on()
    {
        _coverage.Begin(At(0), At(5, 30));
        for (var second = 45; second <= 175; second += 15) _coverage.PassTime(At(5, second), At(5, second));
        _coverage.PassTime(At(525_600), At(525_600));
        _coverage.Interrupt();

        _coverage.SetTime(At(60, 30));
        _coverage.Begin(At(60), At(60, 30));

        Assert.Equal([new TimeRange(At(7), At(60))], _coverage.Gaps.Ranges);
        Assert.Empty(_coverage.Verified.Intersect(new TimeRange(At(7), long.MaxValue)).Ranges);
    }

    [Fact]
    public void A_subscription_never_goes_live_before_the_newest_time_known()
    {
        _coverage.Begin(At(0), At(5, 30));
        _coverage.PassTime(At(10, 30), At(10, 30));
        _coverage.Interrupt();
        _coverage.PassTime(At(20, 30), At(5, 30));

        _coverage.Begin(null, At(19, 50));

        _coverage.PassTime(At(22, 10), At(22, 10));
        Assert.Equal([new TimeRange(At(10), At(21))], _coverage.Gaps.Ranges);
    }

    [Fact]
    public void A_time_from_the_past_does_not_hide_what_was_missed_before_the_next_one()
    {
        _coverage.Begin(At(0), At(0, 30));
        _coverage.PassTime(At(10, 30), At(10, 30));
        _coverage.Interrupt();

        _coverage.SetTime(At(3, 10));
        _coverage.Begin(null, At(3, 10));
        _coverage.PassTime(At(30, 30), At(30, 30));

        Assert.True(_coverage.Gaps.ContainsAll(new TimeRange(At(10), At(30))));
        for (var second = 0; second <= 150; second += 15) _coverage.PassTime(At(30, 30 + second), At(30, 30 + second));
        Assert.False(_coverage.Verified.Contains(At(20)));
        Assert.True(_coverage.Verified.Contains(At(31)));
    }

    [Fact]
    public void Without_times_a_silence_ends_no_earlier_than_the_time_may_have_come()
    {
        _coverage.Begin(At(0), At(0, 30));
        _coverage.PassTime(At(5), At(5));
        _coverage.Interrupt();

        _coverage.Begin(null, At(5), latest: At(9, 30));
        _coverage.PassTime(At(12), At(12));

        Assert.True(_coverage.Gaps.ContainsAll(new TimeRange(At(5), At(10))));
    }

    [Fact]
    public void What_lies_before_the_first_watched_time_is_never_checked()
    {
        _coverage.Begin(At(0), At(5, 30));
        _coverage.Fetched(new TimeRange(1, At(5)), At(5, 31));
        _coverage.Doubt(1, At(5, 31));

        _coverage.PassTime(At(7), At(7));

        Assert.Equal(At(0), _coverage.DueCheck()!.Value.From);
    }
}
