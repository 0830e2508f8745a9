using CandleStream.Exchanges.Binance;

namespace CandleStream.Tests.Binance;

/// <summary>What the marks of closed candles and the numbers of trades show to be missing.</summary>
public sealed class BinanceAuditTests
{
    private const long Minute = 60_000;

    private readonly BinanceAudit _audit = new(Timeframe.Parse("1m"));

    public BinanceAuditTests() => _audit.Begin(100 * Minute);

    [Fact]
    public void Whole_candles_with_numbers_that_go_on_show_nothing()
    {
        Assert.Null(Missing(100, 1, 5));
        Assert.Null(Missing(100, 1, 8, isOver: true));
        Assert.Null(Missing(101, 9, 9));
        Assert.Null(Missing(101, 9, 11, isOver: true));
        Assert.Null(Empty(102));
        Assert.Null(Empty(102, isOver: true));
        Assert.Null(Missing(103, 12, 12));
    }

    [Fact]
    public void A_mark_that_is_missing_is_no_loss_where_the_numbers_go_on()
    {
        Missing(100, 1, 5);

        Assert.Null(Missing(101, 6, 6));
    }

    [Fact]
    public void A_number_that_is_left_out_makes_the_candle_before_it_unknown()
    {
        Missing(100, 1, 5);

        Assert.Equal(new TimeRange(100 * Minute, 101 * Minute), Missing(101, 7, 7));
    }

    [Fact]
    public void A_number_that_is_left_out_behind_a_mark_makes_that_candle_unknown()
    {
        Missing(100, 1, 5, isOver: true);

        Assert.Equal(new TimeRange(100 * Minute, 101 * Minute), Missing(101, 7, 7));
    }

    [Fact]
    public void Intervals_that_were_not_told_are_unknown_and_the_closed_one_before_them_is_not()
    {
        Missing(100, 1, 5, isOver: true);

        Assert.Equal(new TimeRange(101 * Minute, 104 * Minute), Missing(104, 9, 9));
    }

    [Fact]
    public void Intervals_that_were_not_told_were_empty_where_the_numbers_go_on()
    {
        Missing(100, 1, 5, isOver: true);

        Assert.Null(Missing(104, 6, 6));
    }

    [Fact]
    public void An_empty_candle_after_one_without_a_mark_shows_that_the_mark_was_lost()
    {
        Missing(100, 1, 5);

        Assert.Equal(new TimeRange(100 * Minute, 101 * Minute), Empty(101));
    }

    [Fact]
    public void Before_the_first_number_an_interval_without_a_mark_is_unknown() =>
        Assert.Equal(new TimeRange(100 * Minute, 101 * Minute), Missing(101, 1, 1));

    [Fact]
    public void What_is_older_than_what_was_told_is_no_news()
    {
        Missing(100, 1, 5);

        Assert.False(_audit.Take(Kline(100, 1, 4), out _));
        Missing(100, 1, 8, isOver: true);
        Assert.False(_audit.Take(Kline(100, 1, 8), out _));
        Assert.True(_audit.Take(Kline(100, 1, 8, isOver: true), out var missing));
        Assert.Null(missing);
    }

    [Fact]
    public void A_late_candle_of_before_changes_nothing()
    {
        Missing(100, 1, 5, isOver: true);
        Missing(101, 6, 6);

        Assert.True(_audit.Take(Kline(100, 1, 5, isOver: true), out var missing));

        Assert.Null(missing);
        Assert.Null(Missing(101, 6, 9, isOver: true));
        Assert.Null(Missing(102, 10, 10));
    }

    [Theory]
    [InlineData(101 * Minute + 3_999, null, null)]
    [InlineData(101 * Minute + 4_000, 100L, 101L)]
    [InlineData(103 * Minute + 30_000, 100L, 103L)]
    public void A_mark_is_due_four_seconds_after_the_end(long time, long? from, long? to) =>
        Assert.Equal(from is null ? null : new TimeRange(from.Value * Minute, to!.Value * Minute), _audit.PassTime(time));

    [Fact]
    public void After_a_mark_the_next_one_is_due()
    {
        Missing(100, 1, 5, isOver: true);

        Assert.Null(_audit.PassTime(102 * Minute + 3_999));
        Assert.Equal(new TimeRange(101 * Minute, 102 * Minute), _audit.PassTime(102 * Minute + 4_000));
        Assert.Null(_audit.PassTime(103 * Minute + 3_999));
        Assert.Equal(new TimeRange(102 * Minute, 103 * Minute), _audit.PassTime(103 * Minute + 4_000));
    }

    private static BinanceKline Kline(long minute, long first, long last, bool isOver = false) => new(
        new Candle(minute * Minute, 1, 1, 1, 1, 1, isOver, Figures: new TradeFigures(first < 0 ? 0 : last - first + 1, 1, 1, 1)),
        first, last);

    private TimeRange? Missing(long minute, long first, long last, bool isOver = false)
    {
        Assert.True(_audit.Take(Kline(minute, first, last, isOver), out var missing));
        return missing;
    }

    private TimeRange? Empty(long minute, bool isOver = false) => Missing(minute, -1, -1, isOver);
}
