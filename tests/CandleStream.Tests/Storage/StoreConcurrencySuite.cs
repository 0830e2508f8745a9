using CandleStream.Storage;
using CsCheck;
using static CandleStream.Tests.Storage.SomeCandles;

namespace CandleStream.Tests.Storage;

/// <summary>Whoever writes in whatever order: the newest version of each candle is what stays, and no range is lost.</summary>
public abstract class StoreConcurrencySuite : StoreTest
{
    [Fact]
    public async Task Batches_in_any_order_leave_the_highest_rev_of_each_candle()
    {
        var store = await Database.OpenAsync(o => o.ImportBatchRows = 20);
        var number = 0;
        var version = Gen.Select(Gen.Long[0, 8], Gen.Long[1, 1000], (minute, rev) => At(minute, rev, rev));
        await version.Array[0, 25].Array[1, 6].SampleAsync(
            async batches =>
            {
                var series = new SeriesKey($"S{Interlocked.Increment(ref number)}", Btc.Timeframe);
                foreach (var batch in batches) await store.SaveAsync(Batch(series, batch), Cancel);
                var newest = batches.SelectMany(b => b).GroupBy(c => c.Time).Select(g => g.MaxBy(c => c.Rev)).ToList();
                var changes = await store.ChangesSinceAsync(series, new Rev(500), 100, Cancel).ToListAsync(Cancel);
                return newest.OrderBy(c => c.Time).SequenceEqual(await store.AllAsync(series))
                    && newest.Where(c => c.Rev.Value > 500).OrderBy(c => c.Rev).ThenBy(c => c.Time).SequenceEqual(changes);
            },
            iter: TestSize.Of(normal: 40, full: 2000), threads: 1);
    }

    [Fact]
    public async Task Concurrent_writers_of_the_same_candles_neither_fail_nor_lose_the_newest()
    {
        var server = await Database.OpenAsync(exclusive: true);
        var command = await Database.OpenAsync(o => o.ImportBatchRows = 100);
        ICandleStore[] stores = [server, server, command, command];
        SeriesKey[] series = [Btc, SeriesKey.Parse("ETHUSD:1m"), SeriesKey.Parse("BTCF0:USTF0:1m")];
        var rounds = TestSize.Of(normal: 25, full: 500);

        await Task.WhenAll(stores.Select((store, writer) => Task.Run(() => WriteAsync(store, writer), Cancel)));

        foreach (var key in series)
        {
            var stored = await server.AllAsync(key);
            Assert.Equal(Enumerable.Range(0, 60).Select(i => i * Minute), stored.Select(c => c.Time));
            // The last round's revs are the highest, the last writer's the highest of those.
            Assert.All(stored, c => Assert.Equal(RevOf(rounds - 1, stores.Length - 1), c.Rev.Value));
            var verified = (await server.FindSeriesAsync(key, Cancel))!.Verified;
            Assert.Equal(TimeRangeSet.Of(Range(0, stores.Length * rounds)), verified);
        }

        async Task WriteAsync(ICandleStore store, int writer)
        {
            for (var round = 0; round < rounds; round++)
            {
                // Each writer walks series and minutes its own way, the classic recipe for a deadlock.
                var keys = writer % 2 == 0 ? series : [.. series.Reverse()];
                var minutes = Enumerable.Range(0, 60);
                var candles = keys.SelectMany(
                    k => (writer % 2 == 0 ? minutes : minutes.Reverse()).Select(m => new StoredCandle(k, At(m, RevOf(round, writer)))));
                var at = (round * stores.Length) + writer;
                await store.SaveAsync(new StoreBatch([.. candles],
                    [.. keys.Select(k => new SeriesChange(k, TimeRangeSet.Of(Range(at, at + 1)), TimeRangeSet.Empty, new Rev(at)))]),
                        Cancel);
            }
        }

        static long RevOf(int round, int writer) => (round * 10) + writer + 1;
    }

    [Fact]
    public async Task Readers_see_whole_batches_while_a_writer_is_at_work()
    {
        var store = await Database.OpenAsync();
        await store.SaveAsync(Batch(Btc, Enumerable.Range(0, 50).Select(m => At(m, 1))), Cancel);
        using var done = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var reading = Task.Run(
            async () =>
            {
                var reads = 0;
                for (; reads == 0 || !done.IsCancellationRequested; reads++) Assert.Single(
                    (await store.AllAsync(Btc)).Select(c => c.Rev).Distinct());
                return reads;
            },
            Cancel);
        for (var rev = 2; rev < 60; rev++) await store.SaveAsync(Batch(Btc, Enumerable.Range(0, 50).Select(m => At(m, rev))), Cancel);
        await done.CancelAsync();
        Assert.True(await reading > 0);
    }
}
