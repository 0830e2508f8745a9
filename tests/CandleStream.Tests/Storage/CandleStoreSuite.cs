using CandleStream.Storage;
using CandleStream.Storage.Shared;
using static CandleStream.Tests.Storage.SomeCandles;

namespace CandleStream.Tests.Storage;

/// <summary>What every store does with candles, shown on a real database: the derived classes name it.</summary>
public abstract class CandleStoreSuite : StoreTest
{
    [Fact]
    public async Task A_new_store_is_empty()
    {
        var store = await Database.OpenAsync();
        Assert.Equal(0, (await store.HighestRevAsync(Cancel)).Value);
        Assert.Empty(await store.ListSeriesAsync(Cancel));
        Assert.Null(await store.FindSeriesAsync(Btc, Cancel));
        Assert.Null(await store.FindSymbolsAsync(Cancel));
        Assert.Empty(await store.AllAsync(Btc));
        Assert.Empty(await store.ChangesSinceAsync(Btc, Rev.None, 10, Cancel).ToListAsync(Cancel));
        Assert.Equal(default, await store.DeleteBeforeAsync(Btc, long.MaxValue, Cancel));
        Assert.Empty(await store.ListSeriesAsync(Cancel));
    }

    [Fact]
    public async Task Candles_come_back_as_they_were_saved_also_after_a_restart()
    {
        Candle[] candles = [At(1, 10), At(2, 11, 7379.785503m), At(5, 12, 0.00000031m)];
        await (await Database.OpenAsync()).SaveAsync(Batch(Btc, candles), Cancel);
        Assert.Equal(candles, await (await Database.OpenAsync()).AllAsync(Btc));
    }

    [Fact]
    public async Task What_the_exchange_tells_of_the_trades_comes_back_as_far_as_it_told_it()
    {
        Candle[] candles =
        [
            At(1, 10),
            At(2, 11) with { Figures = new TradeFigures(7) },
            At(3, 12) with { Figures = new TradeFigures(0, 0m, 0m, 0m) },
            At(4, 13) with { Figures = new TradeFigures(long.MaxValue - 1, 0.00000001m, 79228162514264337593543950335m, 1.10m) },
        ];
        var store = await Database.OpenAsync(o => o.ImportBatchRows = 100);
        await store.SaveAsync(Batch(Btc, candles), Cancel);
        // A later version of a candle replaces its figures, also by none.
        await store.SaveAsync(Batch(Btc, At(4, 14)), Cancel);
        // A large batch may take another way into the database.
        var bulk = Enumerable.Range(5, 100).Select(i => candles[i % 4] with { Time = i * Minute, Rev = new Rev(100 + i) }).ToArray();
        await store.SaveAsync(Batch(Btc, bulk), Cancel);

        Assert.Equal([.. candles[..3], At(4, 14), .. bulk], await store.AllAsync(Btc));
    }

    [Theory]
    [InlineData("1234567890123456789012")]
    [InlineData("0.1234567890123456789012")]
    [InlineData("12345678901.23456789012")]
    [InlineData("79228162514264337593543950335")]
    [InlineData("0.0000000000000000000000000001")]
    [InlineData("1.10")]
    [InlineData("0")]
    [InlineData("0.00000031")]
    public async Task Decimals_stay_exact_to_the_last_digit(string text)
    {
        var value = decimal.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
        var store = await Database.OpenAsync(o => o.ImportBatchRows = 100);
        var live = new Candle(Minute, value, value, -value, value, value, true, new Rev(1));
        await store.SaveAsync(Batch(Btc, live), Cancel);
        // A large batch may take another way into the database.
        var bulk = Enumerable.Range(2, 100).Select(i => live with { Time = i * Minute, Rev = new Rev(i) }).ToArray();
        await store.SaveAsync(Batch(Btc, bulk), Cancel);

        var stored = await store.AllAsync(Btc);
        Assert.Equal([live, .. bulk], stored);
        Assert.All(stored, c => Assert.Equal(text, c.Volume.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task An_older_rev_never_overwrites_a_newer_one_and_an_equal_one_changes_nothing()
    {
        var store = await Database.OpenAsync();
        await store.SaveAsync(Batch(Btc, At(1, 20, 200m)), Cancel);
        await store.SaveAsync(Batch(Btc, At(1, 10, 100m)), Cancel);
        await store.SaveAsync(Batch(Btc, At(1, 20, 300m)), Cancel);
        Assert.Equal([At(1, 20, 200m)], await store.AllAsync(Btc));
        await store.SaveAsync(Batch(Btc, At(1, 21, 400m)), Cancel);
        Assert.Equal([At(1, 21, 400m)], await store.AllAsync(Btc));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(1000)]
    public async Task Within_one_batch_the_highest_rev_of_a_candle_wins(int importRows)
    {
        var store = await Database.OpenAsync(o => o.ImportBatchRows = importRows);
        await store.SaveAsync(Batch(Btc, At(1, 12, 120m), At(1, 14, 140m), At(2, 15), At(1, 13, 130m)), Cancel);
        Assert.Equal([At(1, 14, 140m), At(2, 15)], await store.AllAsync(Btc));
    }

    [Fact]
    public async Task Saving_the_same_batch_twice_changes_nothing()
    {
        var store = await Database.OpenAsync();
        var batch = new StoreBatch([new(Btc, At(1, 10)), new(Btc, At(2, 11))],
            [new SeriesChange(Btc, TimeRangeSet.Of(Range(0, 3 * Minute)), TimeRangeSet.Empty, new Rev(5))]);
        await store.SaveAsync(batch, Cancel);
        var (candles, record) = (await store.AllAsync(Btc), await store.FindSeriesAsync(Btc, Cancel));
        await store.SaveAsync(batch, Cancel);
        Assert.Equal(candles, await store.AllAsync(Btc));
        Assert.Equal(record, await store.FindSeriesAsync(Btc, Cancel));
    }

    [Fact]
    public async Task An_empty_batch_is_no_work()
    {
        var store = await Database.OpenAsync();
        await store.SaveAsync(new StoreBatch([], []), Cancel);
        Assert.Empty(await store.ListSeriesAsync(Cancel));
    }

    [Fact]
    public async Task Ranges_are_half_open_and_limits_count_from_the_end_asked_for()
    {
        var store = await Database.OpenAsync();
        await store.SaveAsync(Batch(Btc, Enumerable.Range(1, 10).Select(i => At(i, i))), Cancel);

        Assert.Equal("2 3 4", await TimesAsync(Range(2 * Minute, 5 * Minute), 100, false));
        Assert.Equal("2 3 4", await TimesAsync(Range(2 * Minute, 4 * Minute + 1), 100, false));
        Assert.Equal("3 4", await TimesAsync(Range(2 * Minute + 1, 5 * Minute), 100, false));
        Assert.Equal("2 3", await TimesAsync(Range(2 * Minute, 9 * Minute), 2, false));
        Assert.Equal("8 7", await TimesAsync(Range(2 * Minute, 9 * Minute), 2, true));
        Assert.Equal("10", await TimesAsync(Range(long.MinValue, long.MaxValue), 1, true));
        Assert.Equal("1", await TimesAsync(Range(long.MinValue, long.MaxValue), 1, false));
        Assert.Empty(await TimesAsync(Range(2 * Minute, 9 * Minute), 0, false));
        Assert.Empty(await TimesAsync(Range(5 * Minute, 5 * Minute), 10, false));
        Assert.Empty(await TimesAsync(Range(6 * Minute, 5 * Minute), 10, true));
        Assert.Empty(await TimesAsync(Range(11 * Minute, 99 * Minute), 10, false));

        async Task<string> TimesAsync(TimeRange range, int limit, bool newestFirst) =>
            string.Join(
                ' ', await store.ReadAsync(Btc, range, limit, newestFirst, Cancel).Select(c => c.Time / Minute).ToListAsync(Cancel));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Answers_longer_than_a_page_are_complete_and_in_order(bool newestFirst)
    {
        var store = await Database.OpenAsync();
        var candles = Enumerable.Range(0, 2 * CandlePages.Rows + 1).Select(i => At(i, 1_000_000 - i)).ToArray();
        await store.SaveAsync(Batch(Btc, candles), Cancel);

        var read = await store.ReadAsync(Btc, Range(0, long.MaxValue), int.MaxValue, newestFirst, Cancel).ToListAsync(Cancel);
        Assert.Equal(newestFirst ? candles.Reverse() : candles, read);
        Assert.Equal(candles.Reverse(), await store.ChangesSinceAsync(Btc, Rev.None, int.MaxValue, Cancel).ToListAsync(Cancel));
        Assert.Equal(CandlePages.Rows + 1,
            await store.ReadAsync(Btc, Range(0, long.MaxValue), CandlePages.Rows + 1, newestFirst, Cancel).CountAsync(Cancel));
    }

    [Fact]
    public async Task Changes_come_in_rising_rev_after_the_one_asked_for()
    {
        var store = await Database.OpenAsync();
        await store.SaveAsync(Batch(Btc, At(1, 30), At(2, 10), At(3, 20)), Cancel);
        await store.SaveAsync(Batch(SeriesKey.Parse("BTCUSD:5m"), At(5, 25)), Cancel);

        Assert.Equal("10 20 30", await RevsAsync(0, 10));
        Assert.Equal("20 30", await RevsAsync(10, 10));
        Assert.Equal("20", await RevsAsync(10, 1));
        Assert.Empty(await RevsAsync(30, 10));
        // A revision moves a candle to its new place.
        await store.SaveAsync(Batch(Btc, At(2, 40)), Cancel);
        Assert.Equal("20 30 40", await RevsAsync(0, 10));

        async Task<string> RevsAsync(long rev, int limit) =>
            string.Join(' ', await store.ChangesSinceAsync(Btc, new Rev(rev), limit, Cancel).Select(c => c.Rev).ToListAsync(Cancel));
    }

    [Fact]
    public async Task Equal_revs_of_two_candles_are_both_told_though_a_page_ends_between_them()
    {
        var store = await Database.OpenAsync();
        var candles = Enumerable.Range(0, CandlePages.Rows + 5).Select(i => At(i, 7)).ToArray();
        await store.SaveAsync(Batch(Btc, candles), Cancel);
        Assert.Equal(candles, await store.ChangesSinceAsync(Btc, new Rev(6), int.MaxValue, Cancel).ToListAsync(Cancel));
    }

    [Fact]
    public async Task The_highest_rev_is_that_of_any_series()
    {
        var store = await Database.OpenAsync();
        await store.SaveAsync(Batch(Btc, At(1, 30), At(2, 10)), Cancel);
        await store.SaveAsync(Batch(SeriesKey.Parse("ETHUSD:1h"), At(1, 77)), Cancel);
        await store.SaveAsync(Change(SeriesKey.Parse("NEOUSD:1h"), completeFrom: 5), Cancel);
        Assert.Equal(77, (await store.HighestRevAsync(Cancel)).Value);
    }

    [Fact]
    public async Task Series_do_not_mix_whatever_their_symbols_look_like()
    {
        var store = await Database.OpenAsync();
        SeriesKey[] series = [.. "BTCF0:USTF0:1m BTCF0:USTF0:1M DUSK:USD:1D BTCUSD:1M BTCUSD:1m".Split(' ').Select(SeriesKey.Parse)];
        await store.SaveAsync(new StoreBatch([.. series.Select((s, i) => new StoredCandle(s, At(1, i + 1, i + 100)))], []), Cancel);
        for (var i = 0; i < series.Length; i++) Assert.Equal([At(1, i + 1, i + 100)], await store.AllAsync(series[i]));
        Assert.Equal(
            "BTCF0:USTF0:1M BTCF0:USTF0:1m BTCUSD:1M BTCUSD:1m DUSK:USD:1D", string.Join(' ', await store.ListSeriesAsync(Cancel)));
    }

    [Fact]
    public async Task Calendar_months_are_stored_like_any_candle()
    {
        var months = SeriesKey.Parse("BTCUSD:1M");
        var store = await Database.OpenAsync();
        var time = new DateTimeOffset(2023, 11, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        var candles = new List<Candle>();
        for (var i = 0; i < 14; i++, time = months.Timeframe.EndOf(time)) candles.Add(new Candle(time, 1, 2, 1, 2, 3, true, Rev.At(time)));
        await store.SaveAsync(Batch(months, candles), Cancel);
        Assert.Equal(candles, await store.AllAsync(months));
    }

    [Fact]
    public async Task The_symbol_list_is_replaced_whole()
    {
        var store = await Database.OpenAsync();
        var at = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
        await store.SaveSymbolsAsync(new SymbolList("BTCUSD BTCF0:USTF0".Split(' '), at), Cancel);
        await store.SaveSymbolsAsync(new SymbolList("ETHUSD BTCUSD".Split(' '), at.AddHours(1)), Cancel);
        var found = await store.FindSymbolsAsync(Cancel);
        Assert.Equal(["ETHUSD", "BTCUSD"], found!.Symbols);
        Assert.Equal(at.AddHours(1), found.FetchedAt);
    }

    [Fact]
    public async Task A_note_is_kept_by_its_name_also_after_a_restart()
    {
        await using (var first = await Database.OpenAsync())
        {
            var notes = (INoteStore)first;
            Assert.Null(await notes.FindNoteAsync("symbols", Cancel));
            await notes.SaveNoteAsync("a", "before", Cancel);
            await notes.SaveNoteAsync("a", "after", Cancel);
            await notes.SaveNoteAsync("symbols", "no list", Cancel);
            Assert.Null(await first.FindSymbolsAsync(Cancel));
        }

        var store = (INoteStore)await Database.OpenAsync();
        Assert.Equal(("after", "no list"), (await store.FindNoteAsync("a", Cancel), await store.FindNoteAsync("symbols", Cancel)));
    }

    [Fact]
    public async Task A_store_keeps_where_a_candle_came_from_by_every_way_into_it()
    {
        var store = await Database.OpenAsync(o => o.ImportBatchRows = 100);
        var bulk = Enumerable.Range(10, 100).Select(i => At(i, i) with { Origin = CandleOrigin.File }).ToArray();
        await store.SaveAsync(
            Batch(Btc, At(1, 1), At(2, 2) with { Origin = CandleOrigin.Rest }, At(3, 3) with { Origin = CandleOrigin.File }), Cancel);
        await store.SaveAsync(Batch(Btc, bulk), Cancel);
        Assert.Equal(
            [CandleOrigin.Push, CandleOrigin.Rest, CandleOrigin.File, .. bulk.Select(_ => CandleOrigin.File)],
            (await store.AllAsync(Btc)).Select(c => c.Origin));

        // It changes with the values, and only with them; also where a bulk meets rows.
        await store.SaveAsync(Batch(Btc, At(2, 1), At(3, 4)), Cancel);
        await store.SaveAsync(Batch(Btc, bulk.Select(c => c with { Rev = new Rev(c.Rev.Value + 1), Origin = CandleOrigin.Rest })), Cancel);
        Assert.Equal(
            [CandleOrigin.Push, CandleOrigin.Rest, CandleOrigin.Push, .. bulk.Select(_ => CandleOrigin.Rest)],
            (await store.ChangesSinceAsync(Btc, Rev.None, int.MaxValue, Cancel).ToListAsync(Cancel)).OrderBy(c => c.Time)
                .Select(c => c.Origin));
    }

    [Fact]
    public async Task A_stored_rev_that_cannot_be_is_deleted_with_what_was_known_of_its_time_and_the_counter_starts_above_the_others()
    {
        var eth = SeriesKey.Parse("ETHUSD:1m");
        var highest = RevCounter.Limit.Value - 1;
        var store = await Database.OpenAsync();
        await store.SaveAsync(Batch(Btc, At(1, 1), At(2, RevCounter.Limit.Value), At(3, 253_402_405_599_999_000)), Cancel);
        await store.SaveAsync(Change(Btc, TimeRangeSet.Of(Range(0, 5 * Minute)), completeFrom: 253_402_405_599_999_001), Cancel);
        await store.SaveAsync(Batch(eth, At(1, highest)), Cancel);
        await store.SaveAsync(Change(eth, TimeRangeSet.Of(Range(0, 5 * Minute)), completeFrom: 9), Cancel);

        var revs = new RevCounter(TimeProvider.System);
        var said = new List<string>();
        revs.StartAbove(await StoredRevs.ReadAsync(store, said.Add, Cancel));

        Assert.Equal([At(1, 1)], await store.AllAsync(Btc));
        Assert.Equal([At(1, highest)], await store.AllAsync(eth));
        Assert.Equal(new SeriesRecord(TimeRangeSet.Of(Range(0, 2 * Minute), Range(4 * Minute, 5 * Minute)), Rev.None),
            await store.FindSeriesAsync(Btc, Cancel));
        Assert.Equal(new SeriesRecord(TimeRangeSet.Of(Range(0, 5 * Minute)), new Rev(9)), await store.FindSeriesAsync(eth, Cancel));
        Assert.Equal(
            [$"BTCUSD:1m: the stored candle of 120000 has the impossible rev {RevCounter.Limit}; it was deleted and will be fetched again.",
             "BTCUSD:1m: the stored candle of 180000 has the impossible rev 253402405599999000; it was deleted and will be fetched again."],
            said);
        Assert.Equal(RevCounter.Limit, revs.Next());
    }

    [Fact]
    public async Task A_save_that_is_cancelled_leaves_nothing_behind()
    {
        var store = await Database.OpenAsync();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.SaveAsync(Batch(Btc, At(1, 1)), cancelled.Token));
        Assert.Empty(await store.AllAsync(Btc));
        await store.SaveAsync(Batch(Btc, At(1, 1)), Cancel);
        Assert.Single(await store.AllAsync(Btc));
    }
}
