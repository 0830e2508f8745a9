using static CandleStream.Tests.Storage.SomeCandles;

namespace CandleStream.Tests.Storage;

/// <summary>A process that is killed while it saves leaves whole transactions, or nothing of them.</summary>
public abstract class StoreKillSuite : StoreTest
{
    // Fifty rounds on a busy machine take minutes: the limit is for what hangs.
    [Fact(Timeout = 900_000)]
    public async Task A_writer_killed_at_a_random_moment_leaves_every_acknowledged_batch_and_no_half_one()
    {
        var cancel = TestContext.Current.CancellationToken;
        for (var round = 0; round < TestSize.Of(normal: 3, full: 50); round++)
        {
            var acknowledged = await KilledWriter.RunAsync(Database, batches: 3 + (round * 7), cancel);

            var store = await Database.OpenAsync(o => o.LockWait = TimeSpan.FromSeconds(30), exclusive: true);
            var minutes = (await store.AllAsync(Btc)).Select(c => c.Time / Minute).ToList();
            Assert.Equal(Enumerable.Range(0, minutes.Count).Select(i => (long)i), minutes);
            Assert.Equal(0, minutes.Count % KilledWriter.RowsPerBatch);
            Assert.True(minutes.Count >= acknowledged * KilledWriter.RowsPerBatch,
                $"{minutes.Count} rows, but {acknowledged} batches were acknowledged");
            var record = await store.FindSeriesAsync(Btc, cancel);
            Assert.Equal(TimeRangeSet.Of(Range(0, minutes.Count * Minute)), record!.Verified);
            Assert.Equal(minutes.Count, record.CompleteFrom.Value);
            await store.DisposeAsync();
        }
    }
}
