namespace CandleStream.EndToEndTests.Stream;

/// <summary>Some candles and series.</summary>
internal static class Some
{
    public static readonly SeriesKey Btc = SeriesKey.Parse("BTCUSD:1m");
    public static readonly SeriesKey Eth = SeriesKey.Parse("ETHUSD:5m");

    /// <summary>2023-11-14 22:13:00 UTC.</summary>
    public const long Start = 1_699_999_980_000;

    /// <summary>
    /// The <paramref name="n"/>-th minute's candle; <paramref name="step"/> makes versions of it differ, with rising volume.
    /// </summary>
    public static Candle Candle(int n, int step = 0) =>
        new(Start + n * 60_000L, 100 + n, 110 + n + step, 90 + n, 100.5m + n + step * 0.01m, 1 + step * 0.001m);

    /// <summary>The same for a series of five minutes.</summary>
    public static Candle Candle5(int n, int step = 0) => Candle(n, step) with { Time = Start - Start % 300_000 + n * 300_000L };
}
