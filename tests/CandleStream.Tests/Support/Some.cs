namespace CandleStream.Tests.Support;

/// <summary>Short ways to write candles and times in tests.</summary>
internal static class Some
{
    /// <summary>2024-05-01 12:00 UTC, a full minute, hour and half day.</summary>
    public const long Noon = 1_714_564_800_000;

    public const long Minute = 60_000;

    /// <summary>Ends with the running test, so that a wait that would never end does not outlive it.</summary>
    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static readonly SeriesKey BtcMinute = SeriesKey.Parse("BTCUSD:1m");

    /// <summary>A consistent candle that opens <paramref name="minute"/> minutes after <see cref="Noon"/>.</summary>
    public static Candle Candle(int minute, decimal close = 100, decimal volume = 1) =>
        new(At(minute), 100, Math.Max(100, close), Math.Min(100, close), close, volume);

    public static long At(int minute, int second = 0) => Noon + minute * Minute + second * 1000L;
}
