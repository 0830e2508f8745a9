using System.ComponentModel.DataAnnotations;

namespace CandleStream.Storage;

/// <summary>Section <c>Storage</c>: how closed candles are written.</summary>
public sealed class CandleWriterOptions
{
    /// <summary>The longest a closed candle waits before it is written. Default: 1 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan FlushEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Candles written in one transaction; as many waiting are written at once. Default: 500.</summary>
    [Range(1, 100_000)]
    public int BatchSize { get; set; } = 500;

    /// <summary>Candles held while the store is down; beyond it the series with the most loses them, and their range is marked and fetched from the exchange again. Default: 100 000 (about 15 MB).</summary>
    [Range(1, 10_000_000)]
    public int BufferedCandles { get; set; } = 100_000;
}
