namespace CandleStream.Tests.Bitfinex;

/// <summary>The clock of the tests goes from timer to timer and skips over none.</summary>
public sealed class VirtualClockTests
{
    [Fact]
    public void A_periodic_timer_that_goes_off_at_once_is_not_skipped_over_afterwards()
    {
        var clock = new VirtualClock(DateTimeOffset.UnixEpoch);
        var rings = new List<DateTimeOffset>();
        using var timer = clock.CreateTimer(_ => rings.Add(clock.Passed), null, TimeSpan.Zero, TimeSpan.FromSeconds(10));

        for (var i = 0; i < 2; i++) clock.GoOn(DateTimeOffset.UnixEpoch.AddHours(1));

        Assert.Equal([0, 10, 20], rings.Select(at => (at - DateTimeOffset.UnixEpoch).TotalSeconds));
    }

    [Fact]
    public void A_timer_that_was_stopped_is_not_due()
    {
        var clock = new VirtualClock(DateTimeOffset.UnixEpoch);
        using var timer = clock.CreateTimer(_ => { }, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(10));
        timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        Assert.False(clock.HasTimers);
    }
}
