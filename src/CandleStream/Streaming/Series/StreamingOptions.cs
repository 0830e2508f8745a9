using System.ComponentModel.DataAnnotations;

namespace CandleStream.Streaming.Series;

/// <summary>Section <c>Streaming</c>: how many series and subscribers, and how they are served.</summary>
public sealed class StreamingOptions
{
    /// <summary>How long a series stays subscribed after its last subscriber left. Default: 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan Linger { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Open series per exchange; one more is answered 503 with this limit. Bitfinex allows about 300 channels per address. Default: 250.
    /// </summary>
    [Range(1, 100_000)]
    public int MaxOpenSeries { get; set; } = 250;

    /// <summary>
    /// Candles of one open series held in memory, the newest; older ones are read from the store. Default: 1000, the most that one snapshot
    /// may ask for.
    /// </summary>
    [Range(300, 100_000)]
    public int CandlesInMemory { get; set; } = 1000;

    /// <summary>How long after a candle's end (in exchange time) it is closed though no later candle appeared. Default: 5 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:05:00")]
    public TimeSpan CloseGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a subscriber of a newly opened series waits for the exchange before the store answers. Default: 2 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan FirstDataWait { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a resume waits for a hole to be closed by the exchange. Default: 3 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan ResumeWait { get; set; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a history query waits for the exchange; what did not come by then is named in <c>gaps</c>. Default: 3 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan HistoryWait { get; set; } = TimeSpan.FromSeconds(3);
}
