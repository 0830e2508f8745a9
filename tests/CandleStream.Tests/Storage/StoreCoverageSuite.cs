using CandleStream.Storage;
using CsCheck;
using static CandleStream.Tests.Storage.SomeCandles;

namespace CandleStream.Tests.Storage;

/// <summary>What every store remembers of a series beside its candles.</summary>
public abstract class StoreCoverageSuite : StoreTest
{
    [Fact]
    public async Task A_series_is_known_from_its_first_candle_and_promises_nothing()
    {
        var store = await Database.OpenAsync();
        await store.SaveAsync(Batch(Btc, At(1, 1)), Cancel);
        Assert.Equal(new SeriesRecord(TimeRangeSet.Empty, Rev.None), await store.FindSeriesAsync(Btc, Cancel));
    }

    [Fact]
    public async Task Coverage_without_a_candle_is_kept_so_that_an_empty_range_is_not_asked_for_twice()
    {
        var store = await Database.OpenAsync();
        await store.SaveAsync(Change(Btc, Set(0, 10), completeFrom: 7), Cancel);
        Assert.Equal(new SeriesRecord(Set(0, 10), new Rev(7)), await store.FindSeriesAsync(Btc, Cancel));
        Assert.Equal([Btc], await store.ListSeriesAsync(Cancel));
    }

    [Fact]
    public async Task Ranges_that_touch_or_overlap_become_one()
    {
        var store = await Database.OpenAsync();
        await store.SaveAsync(Change(Btc, TimeRangeSet.Of(Range(0, 10), Range(20, 30), Range(40, 50))), Cancel);
        await store.SaveAsync(Change(Btc, Set(10, 20)), Cancel);
        Assert.Equal(TimeRangeSet.Of(Range(0, 30), Range(40, 50)), await VerifiedAsync(store));
        await store.SaveAsync(Change(Btc, Set(25, 60)), Cancel);
        Assert.Equal(Set(0, 60), await VerifiedAsync(store));
    }

    [Fact]
    public async Task What_is_unverified_is_taken_away_after_what_is_verified_was_added()
    {
        var store = await Database.OpenAsync();
        await store.SaveAsync(Change(Btc, Set(0, 100), Set(40, 60)), Cancel);
        Assert.Equal(TimeRangeSet.Of(Range(0, 40), Range(60, 100)), await VerifiedAsync(store));
    }

    [Fact]
    public async Task Several_changes_of_a_series_in_one_batch_apply_in_their_order()
    {
        var store = await Database.OpenAsync();
        await store.SaveAsync(
            new StoreBatch([], [new(Btc, Set(0, 100), TimeRangeSet.Empty, new Rev(1)), new(Btc, TimeRangeSet.Empty, Set(0, 50)),
                new(Btc, Set(10, 20), TimeRangeSet.Empty)]), Cancel);
        Assert.Equal(
            new SeriesRecord(TimeRangeSet.Of(Range(10, 20), Range(50, 100)), new Rev(1)), await store.FindSeriesAsync(Btc, Cancel));
    }

    [Fact]
    public async Task A_null_leaves_the_stored_value_as_it_was()
    {
        var store = await Database.OpenAsync();
        await store.SaveAsync(Change(Btc, completeFrom: 5), Cancel);
        await store.SaveAsync(Change(Btc, Set(0, 10)), Cancel);
        Assert.Equal(5, (await store.FindSeriesAsync(Btc, Cancel))!.CompleteFrom.Value);
        await store.SaveAsync(Change(Btc, completeFrom: 7), Cancel);
        Assert.Equal(new SeriesRecord(Set(0, 10), new Rev(7)), await store.FindSeriesAsync(Btc, Cancel));
    }

    [Fact]
    public async Task The_promise_only_rises_and_what_was_told_before_it_rose_is_forgotten()
    {
        var store = await Database.OpenAsync();
        await store.SaveAsync(Change(Btc, completeFrom: 5, toldFrom: 50), Cancel);
        await store.SaveAsync(Change(Btc, toldFrom: 60), Cancel);
        await store.SaveAsync(Change(Btc, completeFrom: 4, toldFrom: 40), Cancel);
        Assert.Equal(new SeriesRecord(TimeRangeSet.Empty, new Rev(5), 40), await store.FindSeriesAsync(Btc, Cancel));

        await store.SaveAsync(Change(Btc, completeFrom: 6, toldFrom: 70), Cancel);
        Assert.Equal(new SeriesRecord(TimeRangeSet.Empty, new Rev(6), 70), await store.FindSeriesAsync(Btc, Cancel));
    }

    [Fact]
    public async Task Stored_coverage_is_what_the_same_changes_make_of_a_set_in_memory()
    {
        var store = await Database.OpenAsync();
        var range = Gen.Select(Gen.Long[0, 60], Gen.Long[0, 25], (from, length) => Range(from, from + length));
        var set = range.Array[0, 4].Select(r => TimeRangeSet.Of(r));
        var number = 0;
        await Gen.Select(set, set).Array[1, 12].SampleAsync(
            async changes =>
            {
                var series = new SeriesKey($"S{Interlocked.Increment(ref number)}", Btc.Timeframe);
                var expected = TimeRangeSet.Empty;
                foreach (var (verified, unverified) in changes)
                {
                    await store.SaveAsync(Change(series, verified, unverified), Cancel);
                    expected = expected.Union(verified);
                    foreach (var gone in unverified.Ranges) expected = expected.Subtract(gone);
                }

                return expected.Equals((await store.FindSeriesAsync(series, Cancel))!.Verified);
            },
            iter: TestSize.Of(normal: 40, full: 2000), threads: 1);
    }

    [Fact]
    public async Task Retention_deletes_candles_and_their_coverage_and_promises_their_changes_no_longer()
    {
        var store = await Database.OpenAsync();
        var hourly = SeriesKey.Parse("BTCUSD:1h");
        foreach (var series in new[] { Btc, hourly })
        {
            await store.SaveAsync(Batch(series, Enumerable.Range(0, 10).Select(i => At(i, i + 1))), Cancel);
            await store.SaveAsync(Change(series, Set(0, 10 * Minute), completeFrom: 3, toldFrom: 2 * Minute), Cancel);
        }

        Assert.Equal(new DeletedCandles(4, new Rev(4)), await store.DeleteBeforeAsync(Btc, 4 * Minute, Cancel));
        Assert.Equal(default, await store.DeleteBeforeAsync(Btc, 4 * Minute, Cancel));
        Assert.Equal(Enumerable.Range(4, 6).Select(i => At(i, i + 1)), await store.AllAsync(Btc));
        Assert.Equal(new SeriesRecord(Set(4 * Minute, 10 * Minute), new Rev(4), 2 * Minute), await store.FindSeriesAsync(Btc, Cancel));
        Assert.Equal(10, (await store.AllAsync(hourly)).Count);
        Assert.Equal(new SeriesRecord(Set(0, 10 * Minute), new Rev(3), 2 * Minute), await store.FindSeriesAsync(hourly, Cancel));
    }

    [Fact]
    public async Task More_candles_than_one_transaction_deletes_are_all_deleted()
    {
        var store = await Database.OpenAsync();
        await store.SaveAsync(Batch(Btc, Enumerable.Range(0, 20_005).Select(i => At(i, i + 1))), Cancel);
        Assert.Equal(new DeletedCandles(20_003, new Rev(20_003)), await store.DeleteBeforeAsync(Btc, 20_003 * Minute, Cancel));
        Assert.Equal(2, (await store.AllAsync(Btc)).Count);
    }

    private static TimeRangeSet Set(long from, long to) => TimeRangeSet.Of(Range(from, to));

    private static async Task<TimeRangeSet> VerifiedAsync(ICandleStore store) => (await store.FindSeriesAsync(Btc, Cancel))!.Verified;
}
