using CandleStream.Streaming.Series;
using CandleStream.Tests.Support;
using CsCheck;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Streaming;

public sealed class SeriesCandlesTests
{
    private readonly List<Candle> _changes = [];
    private readonly SeriesCandles _candles;
    private long _rev;

    public SeriesCandlesTests() => _candles = NewCandles(capacity: 1000);

    [Fact]
    public void A_later_candle_closes_the_one_before_and_the_closing_is_numbered_first()
    {
        _candles.Push(Candle(0), _changes);
        _candles.Push(Candle(1), _changes);

        Assert.Equal([(At(0), false), (At(0), true), (At(1), false)], _changes.Select(c => (c.Time, c.Closed)));
        Assert.Equal([1, 2, 3], _changes.Select(c => c.Rev.Value));
    }

    [Fact]
    public void Exchange_time_closes_a_candle_at_its_end_plus_grace_and_not_before()
    {
        _candles.Push(Candle(0), _changes);
        _changes.Clear();

        _candles.PassTime(At(1, 4) + 999, _changes);
        Assert.Empty(_changes);

        _candles.PassTime(At(1, 5), _changes);
        Assert.True(Assert.Single(_changes).Closed);
    }

    [Fact]
    public void A_frame_that_was_overtaken_by_a_younger_one_moves_exchange_time_not_back()
    {
        _candles.PassTime(At(1, 5), _changes);
        _candles.PassTime(At(0, 59), _changes);
        Assert.Equal(At(1, 5), _candles.ExchangeTime);

        _candles.Push(Candle(0), _changes);
        Assert.True(Assert.Single(_changes).Closed);
    }

    [Fact]
    public void A_month_closes_at_the_end_of_the_calendar_month()
    {
        var candles = new SeriesCandles(Timeframe.Parse("1M"), 10, 5000, () => new Rev(++_rev));
        var february = new DateTimeOffset(2024, 2, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        candles.Push(Candle(0) with { Time = february }, _changes);
        _changes.Clear();

        candles.PassTime(new DateTimeOffset(2024, 3, 1, 0, 0, 4, TimeSpan.Zero).ToUnixTimeMilliseconds(), _changes);
        Assert.Empty(_changes);
        candles.PassTime(new DateTimeOffset(2024, 3, 1, 0, 0, 5, TimeSpan.Zero).ToUnixTimeMilliseconds(), _changes);
        Assert.True(Assert.Single(_changes).Closed);
    }

    [Fact]
    public void A_repeat_with_equal_values_makes_no_change_whatever_its_notation()
    {
        _candles.Push(Candle(0, close: 101.5m), _changes);
        _changes.Clear();

        _candles.Push(Candle(0, close: 101.50m), _changes);

        Assert.Empty(_changes);
    }

    [Fact]
    public void A_pushed_revision_of_a_closed_candle_is_published_closed_at_any_age()
    {
        for (var minute = 0; minute < 50; minute++) _candles.Push(Candle(minute), _changes);
        _changes.Clear();

        _candles.Push(Candle(3, close: 99, volume: 2), _changes);

        var revision = Assert.Single(_changes);
        Assert.True(revision.Closed);
        Assert.Equal(99, revision.Close);
    }

    [Fact]
    public void A_candle_that_was_never_seen_is_inserted_closed_when_later_ones_exist()
    {
        _candles.Push(Candle(0), _changes);
        _candles.Push(Candle(5), _changes);
        _changes.Clear();

        _candles.Push(Candle(3), _changes);

        Assert.Equal((At(3), true), (Assert.Single(_changes).Time, _changes[0].Closed));
        Assert.Equal([At(0), At(3), At(5)], _candles.Latest(10).Select(c => c.Time));
    }

    [Fact]
    public void REST_replaces_a_pushed_candle_only_when_asked_sixty_seconds_after_its_end()
    {
        _candles.Push(Candle(0, close: 101), _changes);
        _candles.Push(Candle(1), _changes);
        _changes.Clear();

        _candles.Fetch(Candle(0, close: 102), At(1, 59), _changes);
        Assert.Empty(_changes);

        _candles.Fetch(Candle(0, close: 102), At(2), _changes);
        Assert.Equal(102, Assert.Single(_changes).Close);
    }

    [Fact]
    public void A_forming_candle_never_shrinks_by_REST()
    {
        _candles.Fetch(Candle(0, volume: 5), At(0, 30), _changes);
        _changes.Clear();

        _candles.Fetch(Candle(0, volume: 4), At(0, 40), _changes);
        Assert.Empty(_changes);

        _candles.Fetch(Candle(0, volume: 6), At(0, 50), _changes);
        Assert.Equal(6, Assert.Single(_changes).Volume);
    }

    [Fact]
    public void An_older_REST_answer_does_not_replace_a_newer_one()
    {
        _candles.Fetch(Candle(0, volume: 5), At(3), _changes);
        _candles.Fetch(Candle(1), At(3), _changes);
        _changes.Clear();

        _candles.Fetch(Candle(0, volume: 4), At(2, 30), _changes);

        Assert.Empty(_changes);
    }

    [Theory]
    [InlineData(101, 100, 102, 99, 1, 0, false)] // low above open
    [InlineData(99, 100, 98, 99, 1, 0, false)] // high below open
    [InlineData(99, 102, 100, 99, -1, 0, false)] // negative volume
    [InlineData(0, 102, 100, 99, 1, 0, false)] // a price of zero
    [InlineData(-3, 102, 100, 99, 1, 0, false)] // a price below zero
    [InlineData(99, 102, 100, 99, 1, 1, false)] // off the grid
    [InlineData(99, 102, 100, 99, 1, -453_000_000_000, false)] // before 2010
    [InlineData(99, 102, 100, 99, 0, 0, true)]
    [InlineData(99, 102, 100, 99, 1, 0, true)]
    public void Only_possible_candles_are_plausible(int low, int high, int open, int close, int volume, long offset, bool expected) =>
        Assert.Equal(expected, new Candle(At(0) + offset, open, high, low, close, volume).IsPlausible(BtcMinute.Timeframe));

    [Theory]
    [InlineData("1m", 1_000)]
    [InlineData("15m", 60_000)]
    [InlineData("1h", 60_000)]
    [InlineData("1D", 3_600_000)]
    public void A_candle_off_the_grid_of_its_timeframe_is_not_plausible(string timeframe, int offset)
    {
        var parsed = Timeframe.Parse(timeframe);
        var start = parsed.StartOf(Noon);

        Assert.True((Candle(0) with { Time = start }).IsPlausible(parsed));
        Assert.False((Candle(0) with { Time = start + offset }).IsPlausible(parsed));
    }

    [Theory]
    [InlineData("1W")]
    [InlineData("14D")]
    [InlineData("1M")]
    public void Weeks_fortnights_and_months_start_where_the_exchange_says(string timeframe) =>
        Assert.True((Candle(0) with { Time = Noon }).IsPlausible(Timeframe.Parse(timeframe)));

    [Fact]
    public void A_later_candle_closes_none_whose_end_has_not_come_by_exchange_time()
    {
        _candles.PassTime(At(0, 50), _changes);
        _candles.Push(Candle(0), _changes, At(0, 50));
        _candles.Push(Candle(1), _changes, At(0, 55));
        Assert.All(_changes, c => Assert.False(c.Closed));

        _candles.PassTime(At(1), _changes);
        Assert.Equal((At(0), true), (_changes[^1].Time, _changes[^1].Closed));
        Assert.False(_candles.Newest!.Value.Closed);
    }

    [Fact]
    public void A_stored_candle_that_still_runs_is_open_again_once_the_time_is_known()
    {
        _rev = 100;
        _candles.Load(
            [Candle(-1) with { Closed = true, Rev = new Rev(7) }, Candle(0) with { Closed = true, Rev = new Rev(8) }], new Rev(100));

        Assert.Empty(_candles.SetTime(At(0, 30), _changes));

        var open = Assert.Single(_changes);
        Assert.Equal((At(0), false, 101), (open.Time, open.Closed, open.Rev.Value));
        _candles.PassTime(At(1, 5), _changes);
        Assert.Equal((At(0), true), (_changes[^1].Time, _changes[^1].Closed));
    }

    [Fact]
    public void A_stored_candle_of_the_future_is_forgotten_once_the_time_is_known()
    {
        _candles.Load([Candle(-1) with { Closed = true }, Candle(1440) with { Closed = true }], Rev.None);

        Assert.Equal(At(1440), Assert.Single(_candles.SetTime(At(0, 30), _changes)).Time);

        _candles.Push(Candle(0), _changes, At(0, 30));
        Assert.Equal((At(0), false), (_candles.Newest!.Value.Time, _candles.Newest!.Value.Closed));
    }

    [Fact]
    public void What_the_store_holds_as_closed_stays_closed_while_no_time_is_known()
    {
        _candles.Load([Candle(0) with { Closed = true, Rev = new Rev(8) }], new Rev(100));

        _candles.Push(Candle(0, volume: 2), _changes);

        Assert.True(Assert.Single(_changes).Closed);
    }

    [Fact]
    public void A_candle_of_the_store_that_comes_late_is_closed_only_where_its_end_has_come()
    {
        _candles.PassTime(At(0, 30), _changes);

        var added =
            _candles.LoadLate([Candle(-1) with { Closed = true }, Candle(0) with { Closed = true }, Candle(1440) with { Closed = true }]);

        Assert.Equal([(At(-1), true), (At(0), false)], added.Select(c => (c.Time, c.Closed)));
    }

    [Fact]
    public void Candles_beyond_the_capacity_are_forgotten_and_said_to_be()
    {
        var candles = NewCandles(capacity: 8);
        candles.Load([], rev: Rev.None);
        for (var minute = 0; minute < 11; minute++) candles.Push(Candle(minute), _changes);

        Assert.Equal(8, candles.Latest(100).Count);
        var forgotten = _changes.Where(c => c.Time < candles.Oldest!.Value.Time).Max(c => c.Rev);
        Assert.Equal(forgotten, candles.HoldsChangesAfter);
    }

    [Fact]
    public void A_push_that_repeats_a_candle_of_REST_outranks_REST_as_any_push_does()
    {
        _candles.Fetch(Candle(0), At(0, 20), _changes);
        _candles.Push(Candle(0), _changes);
        _changes.Clear();

        _candles.Fetch(Candle(0, close: 101, volume: 3), At(1, 59), _changes);
        Assert.Empty(_changes);

        _candles.Fetch(Candle(0, close: 101, volume: 3), At(2), _changes);
        Assert.Equal(101, Assert.Single(_changes).Close);
    }

    [Fact]
    public void History_fills_holes_between_held_candles_and_adds_nothing_outside_them()
    {
        _candles.Push(Candle(5), _changes);
        _candles.Push(Candle(10), _changes);

        foreach (var minute in new[] { 2, 7, 12 }) _candles.AddHistory(Candle(minute) with { Closed = true, Rev = new Rev(1) });

        Assert.Equal([At(5), At(7), At(10)], _candles.Latest(10).Select(c => c.Time));
    }

    [Fact]
    public void A_loaded_candle_keeps_its_rev_until_its_values_change()
    {
        _rev = 100;
        _candles.Load(
            [Candle(0) with { Closed = true, Rev = new Rev(7) }, Candle(1) with { Closed = true, Rev = new Rev(8) }], new Rev(100));

        _candles.Push(Candle(0), _changes);
        Assert.Empty(_changes);
        _candles.Push(Candle(1, volume: 3), _changes);
        Assert.Equal(101, Assert.Single(_changes).Rev.Value);
    }

    // A random market, seen through pushes that repeat and alternate, and REST answers of any age: whatever the interleaving,
    // once REST was asked late enough the candles are the market's, revs rise, and nothing is published twice.
    [Fact]
    public void Any_interleaving_of_push_and_REST_ends_in_the_exchanges_candles() => Gen.Int[0, int.MaxValue].Sample(
        seed =>
        {
            var random = new Random(seed);
            var market = new RandomMarket(random);
            var rev = 0L;
            var candles = new SeriesCandles(BtcMinute.Timeframe, 1000, 5000, () => new Rev(++rev));
            var changes = new List<Candle>();
            while (market.Minute < 12)
            {
                market.Step();
                if (random.Next(10) < 7) candles.Push(market.Current, changes);
                if (random.Next(10) < 3 && market.Previous is { } previous) candles.Push(previous, changes);
                if (random.Next(10) == 0) candles.PassTime(market.Now, changes);
                if (random.Next(10) == 0) foreach (var candle in market.Recall(random)) candles.Fetch(candle.Candle, candle.AsOf, changes);
            }

            foreach (var candle in market.Candles) candles.Fetch(candle, At(60), changes);
            candles.PassTime(At(60), changes);

            Assert.Equal(
                market.Candles.Select(c => (c.Time, c.Close, c.Volume)), candles.Latest(1000).Select(c => (c.Time, c.Close, c.Volume)));
            Assert.All(candles.Latest(1000), c => Assert.True(c.Closed));
            Assert.Equal(changes.Select(c => c.Rev).Order().Distinct(), changes.Select(c => c.Rev));
            foreach (var versions in changes.GroupBy(c => c.Time))
            {
                var list = versions.ToList();
                Assert.All(list.Zip(list.Skip(1)),
                    pair => Assert.False(pair.First.HasSameValues(pair.Second) && pair.First.Closed == pair.Second.Closed));
                Assert.All(list.Zip(list.Skip(1)), pair => Assert.False(pair.First.Closed && !pair.Second.Closed));
            }
        }, iter: 300);

    private SeriesCandles NewCandles(int capacity) => new(BtcMinute.Timeframe, capacity, 5000, () => new Rev(++_rev));
}
