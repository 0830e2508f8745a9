using System.Globalization;
using CsCheck;

namespace CandleStream.Tests;

public sealed class TimeframeTests
{
    private static readonly Gen<Timeframe> Any = Gen.Int[0, Timeframe.All.Count - 1].Select(i => Timeframe.All[i]);

    // 1900 to 2200: before and after the epoch.
    private static readonly Gen<long> SomeTime = Gen.Long[Ms("1900-01-01T00:00:00Z"), Ms("2200-01-01T00:00:00Z")];

    private static int Count => TestSize.Of(normal: 5_000, full: 1_000_000);

    [Fact]
    public void The_timeframes_are_those_of_the_exchange() =>
        Assert.Equal("1m 5m 15m 30m 1h 3h 6h 12h 1D 1W 14D 1M", string.Join(' ', Timeframe.All));

    [Theory]
    [InlineData("1m", true)]
    [InlineData("1M", true)]
    [InlineData("14D", true)]
    [InlineData("1d", false)]
    [InlineData("7D", false)]
    [InlineData("1w", false)]
    [InlineData(" 1m", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Names_are_read_exactly(string? name, bool known)
    {
        Assert.Equal(known, Timeframe.TryParse(name, out var timeframe));
        Assert.Equal(known ? name : null, timeframe?.Name);
    }

    [Fact]
    public void A_minute_and_a_month_are_not_the_same() => Assert.NotEqual(Timeframe.Parse("1m"), Timeframe.Parse("1M"));

    [Theory]
    [InlineData("1m", "2026-11-22T21:30:59.999Z", "2026-11-22T21:30:00Z")]
    [InlineData("3h", "2026-11-22T21:30:59Z", "2026-11-22T21:00:00Z")]
    [InlineData("12h", "2026-11-22T11:59:59Z", "2026-11-22T00:00:00Z")]
    [InlineData("1D", "2026-11-22T23:59:59.999Z", "2026-11-22T00:00:00Z")]
    [InlineData("1W", "2026-11-22T21:30:00Z", "2026-11-16T00:00:00Z")]
    [InlineData("1W", "2026-11-23T00:00:00Z", "2026-11-23T00:00:00Z")]
    [InlineData("1W", "1969-12-31T12:00:00Z", "1969-12-29T00:00:00Z")]
    [InlineData("14D", "2021-03-20T00:00:00Z", "2021-03-18T00:00:00Z")]
    [InlineData("1M", "2024-02-29T23:59:59Z", "2024-02-01T00:00:00Z")]
    [InlineData("1M", "1969-12-31T23:59:59Z", "1969-12-01T00:00:00Z")]
    public void A_time_belongs_to_the_candle_that_starts_at(string name, string time, string start) =>
        Assert.Equal(Ms(start), Timeframe.Parse(name).StartOf(Ms(time)));

    [Theory]
    [InlineData("2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z", 29)]
    [InlineData("2023-02-01T00:00:00Z", "2023-03-01T00:00:00Z", 28)]
    [InlineData("2023-12-01T00:00:00Z", "2024-01-01T00:00:00Z", 31)]
    public void A_month_ends_with_the_calendar(string start, string end, int days)
    {
        var month = Timeframe.Parse("1M");
        Assert.Equal(Ms(end), month.EndOf(Ms(start)));
        Assert.Equal(Ms(start), month.Before(Ms(end)));
        Assert.Equal(days, (Ms(end) - Ms(start)) / 86_400_000);
    }

    [Fact]
    public void Every_time_lies_in_its_candle_and_its_neighbours_touch_it() => Gen.Select(Any, SomeTime).Sample(
        (timeframe, time) =>
        {
            var start = timeframe.StartOf(time);
            var end = timeframe.EndOf(start);
            return start <= time && time < end
                && timeframe.StartOf(start) == start && timeframe.StartOf(end - 1) == start && timeframe.StartOf(end) == end
                && timeframe.EndOf(timeframe.Before(start)) == start && timeframe.Before(end) == start
                && timeframe.CeilingOf(time) == (time == start ? start : end);
        },
        iter: Count);

    [Fact]
    public void Weeks_start_on_Monday_and_months_on_the_first() => SomeTime.Sample(
        time => DateTimeOffset.FromUnixTimeMilliseconds(
            Timeframe.Parse("1W").StartOf(time)) is { DayOfWeek: DayOfWeek.Monday, TimeOfDay.Ticks: 0 }
            && DateTimeOffset.FromUnixTimeMilliseconds(Timeframe.Parse("1M").StartOf(time)) is { Day: 1, TimeOfDay.Ticks: 0 },
        iter: Count);

    [Fact]
    public void No_number_is_too_large_or_too_small_to_ask_about() => Gen.Select(Any, Gen.Long).Sample(
        (timeframe, time) =>
        {
            var start = timeframe.StartOf(time);
            var near = timeframe.StartOf(timeframe.EndOf(time)) >= start && timeframe.Before(time) <= start;
            return near && (timeframe.CeilingOf(time) >= start || time < start);
        },
        iter: Count);

    [Theory]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public void The_ends_of_time_do_no_harm(long time)
    {
        foreach (var timeframe in Timeframe.All)
        {
            Assert.InRange(timeframe.StartOf(time), -63_000_000_000_000, 253_402_300_800_000);
            Assert.InRange(timeframe.EndOf(time), -63_000_000_000_000, 254_000_000_000_000);
            Assert.InRange(timeframe.Before(time), -64_000_000_000_000, 253_402_300_800_000);
        }
    }

    private static long Ms(string time) => DateTimeOffset.Parse(time, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();
}
