namespace CandleStream.Benchmarks;

/// <summary>The candles that the storage benches write and read.</summary>
internal static class BenchCandle
{
    /// <summary>Prices with six decimals around 7 000, a volume with eight: what the exchange sends.</summary>
    public static Candle At(int minute)
    {
        var open = 7000 + (minute % 9973 * 0.100003m);
        var time = 1_500_000_000_000 + (minute * 60_000L);
        return new Candle(time, open, open + 1.25m, open - 1.5m, open + 0.5m, 0.00000031m + (minute % 577 * 0.01000007m), Closed: true,
            Rev.At(time + 60_000));
    }
}
