using CandleStream.Server.Streams.Sending;

namespace CandleStream.Tests.Sse;

public sealed class SsePacerTests
{
    private const long Interval = 4000;

    [Fact]
    public void Below_one_round_an_interval_no_round_waits()
    {
        var pacer = new Pacer(Interval);
        for (var i = 0; i < 1000; i++) Assert.Equal(0, pacer.TakeTurn(i * Interval));
    }

    [Fact]
    public void Without_an_interval_no_round_waits()
    {
        var pacer = new Pacer(0);
        for (var i = 0; i < 100; i++) Assert.Equal(0, pacer.TakeTurn(5));
    }

    [Fact]
    public void A_short_burst_starts_at_once_and_a_flood_is_held_to_the_rate()
    {
        var pacer = new Pacer(Interval);
        var now = 1_000_000L;
        for (var i = 0; i < Pacer.Burst; i++) Assert.Equal(0, pacer.TakeTurn(now));
        for (var i = 1; i <= 100; i++)
        {
            var wait = pacer.TakeTurn(now);
            Assert.Equal(Interval, wait);
            now += wait;
        }
    }
}
