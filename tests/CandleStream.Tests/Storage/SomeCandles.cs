using CandleStream.Storage;

namespace CandleStream.Tests.Storage;

/// <summary>Candles and batches for tests of the store.</summary>
internal static class SomeCandles
{
    public const long Minute = 60_000;

    public static SeriesKey Btc { get; } = SeriesKey.Parse("BTCUSD:1m");

    public static Candle At(long minute, long rev, decimal close = 100m) =>
        new(minute * Minute, close, close + 1, close - 1, close, 0.00000031m, Closed: true, new Rev(rev));

    public static StoreBatch Batch(SeriesKey series, params IEnumerable<Candle> candles) =>
        new([.. candles.Select(c => new StoredCandle(series, c))], []);

    public static StoreBatch Change(SeriesKey series, TimeRangeSet? verified = null, TimeRangeSet? unverified = null,
        long? completeFrom = null, long toldFrom = SeriesRecord.NothingTold) =>
        new([], [new SeriesChange(series, verified ?? TimeRangeSet.Empty, unverified ?? TimeRangeSet.Empty,
            completeFrom is { } from ? new Rev(from) : null, toldFrom)]);

    public static TimeRange Range(long from, long to) => new(from, to);

    public static async Task<List<Candle>> AllAsync(this ICandleStore store, SeriesKey series) =>
        await store.ReadAsync(series, new TimeRange(long.MinValue, long.MaxValue), int.MaxValue, newestFirst: false,
            TestContext.Current.CancellationToken).ToListAsync();
}
