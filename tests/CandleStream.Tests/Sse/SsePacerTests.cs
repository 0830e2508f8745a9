using CandleStream.Server.Sse;

namespace CandleStream.Tests.Sse;

public sealed class SsePacerTests
{
    private const long PerSecond = 1_000_000;

    [Fact]
    public void Below_the_rate_no_round_waits()
    {
        var pacer = new SsePacer(PerSecond);
        for (var i = 0; i < 1000; i++) Assert.Equal(0, pacer.TakeTurn(i * PerSecond / SsePacer.RoundsPerSecond));
    }

    [Fact]
    public void A_short_burst_starts_at_once_and_a_flood_is_held_to_the_rate()
    {
        var pacer = new SsePacer(PerSecond);
        var now = 5 * PerSecond;
        for (var i = 0; i < SsePacer.Burst; i++) Assert.Equal(0, pacer.TakeTurn(now));
        for (var i = 1; i <= 100; i++)
        {
            var wait = pacer.TakeTurn(now);
            Assert.Equal(PerSecond / SsePacer.RoundsPerSecond, wait);
            now += wait;
        }
    }
}
