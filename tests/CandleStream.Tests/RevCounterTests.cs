using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests;

public sealed class RevCounterTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    private long NowUs => _time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;

    [Fact]
    public void Numbers_tell_the_time_in_microseconds_and_rise_within_one_instant()
    {
        var revs = new RevCounter(_time);
        var first = revs.Next();
        Assert.InRange(first.Value, NowUs, NowUs + 1);
        Assert.Equal(new Rev(first.Value + 1), revs.Next());
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(NowUs, revs.Next().Value);
    }

    [Fact]
    public void What_is_current_is_a_boundary_no_later_number_falls_on()
    {
        var revs = new RevCounter(_time);
        for (var i = 0; i < 5; i++)
        {
            var current = revs.Current;
            Assert.True(current.Value >= NowUs);
            Assert.True(revs.Next() > current);
            _time.Advance(TimeSpan.FromMicroseconds(1));
        }
    }

    [Fact]
    public void Numbers_go_on_above_those_of_the_store()
    {
        var revs = new RevCounter(_time);
        var stored = NowUs + 60_000_000;
        revs.Raise(new Rev(stored));
        Assert.Equal(stored + 1, revs.Next().Value);
        revs.Raise(new Rev(5));
        Assert.Equal(stored + 2, revs.Next().Value);
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(NowUs, revs.Next().Value);
    }

    [Fact]
    public void After_a_clock_set_back_across_a_restart_every_number_is_above_those_of_forming_candles_that_no_store_keeps()
    {
        var before = new RevCounter(_time);
        var stored = before.Next();
        _time.Advance(TimeSpan.FromMinutes(2));
        var forming = before.Next();

        var clock = new ClockSetBack { Utc = _time.GetUtcNow() - TimeSpan.FromHours(1) };
        var after = new RevCounter(clock);
        after.StartAbove(stored);

        Assert.True(after.Next() > forming);
        Assert.True(after.First > forming);
    }

    [Fact]
    public void A_clock_a_second_behind_what_is_stored_was_not_set_back()
    {
        var revs = new RevCounter(_time);
        revs.StartAbove(new Rev(NowUs + 1_000_000));
        Assert.Equal(NowUs + 1_000_001, revs.Next().Value);
    }

    [Fact]
    public void A_start_stays_within_what_browsers_can_tell_apart()
    {
        var revs = new RevCounter(_time);
        revs.StartAbove(RevCounter.Limit);
        Assert.InRange(revs.Next().Value, NowUs, NowUs + 1);
        revs.StartAbove(new Rev(RevCounter.Limit.Value - 1));
        Assert.Equal(RevCounter.Limit, revs.Next());
    }

    [Theory]
    [InlineData(1L << 52)]
    [InlineData(253_402_305_599_999_000)]
    [InlineData(long.MaxValue)]
    public void A_number_that_no_real_clock_gave_does_not_raise_the_counter(long stored)
    {
        var revs = new RevCounter(_time);
        revs.Raise(new Rev(stored));
        Assert.InRange(revs.Next().Value, NowUs, NowUs + 1);

        revs.Raise(new Rev(RevCounter.Limit.Value - 1));
        Assert.Equal(RevCounter.Limit, revs.Next());
    }

    [Fact]
    public void A_clock_set_centuries_ahead_gives_numbers_that_browsers_can_tell_apart()
    {
        var revs = new RevCounter(new FakeTimeProvider(new DateTimeOffset(9000, 1, 1, 0, 0, 0, TimeSpan.Zero)));
        Assert.InRange(revs.Next().Value, 1, (1L << 53) - 1);
    }

    [Fact]
    public void A_wall_clock_set_back_moves_no_number_back()
    {
        var clock = new ClockSetBack();
        var revs = new RevCounter(clock);
        var before = revs.Next();
        clock.Utc -= TimeSpan.FromHours(1);
        Assert.Equal(before.Value + 1, revs.Next().Value);
    }

    [Fact]
    public void No_two_threads_get_the_same_number()
    {
        var revs = new RevCounter(TimeProvider.System);
        var given = new Rev[4][];
        Parallel.For(0, given.Length,
            thread => given[thread] = [.. Enumerable.Range(0, 20_000).Select(i => i % 7 == 0 ? revs.Current : revs.Next())]);
        Assert.All(given, numbers => Assert.Equal(numbers.Order(), numbers));
        var unique = given.SelectMany(numbers => numbers.Where((_, i) => i % 7 != 0)).ToList();
        Assert.Equal(unique.Count, unique.Distinct().Count());
    }

    private sealed class ClockSetBack : TimeProvider
    {
        public DateTimeOffset Utc { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Utc;

        public override long GetTimestamp() => 0;
    }
}
