using Microsoft.Extensions.Logging;

namespace CandleStream.Streaming;

/// <summary>Counts the candles of one series that no real candle looks like, and logs them once a minute. Its owner guards it.</summary>
internal sealed partial class RefusedCandles(SeriesKey series, TimeProvider time, ILogger logger, StreamingMetrics? metrics)
{
    private readonly LogGate _logGate = new(time);

    public long Count { get; private set; }

    public void Add(in Candle candle)
    {
        Count++;
        metrics?.Implausible();
        if (_logGate.Allows("implausible")) LogImplausible(series, candle, Count);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Series}: the exchange sent an impossible candle, {Candle}; it is not published ({Count} so far, logged once a minute)")]
    private partial void LogImplausible(SeriesKey series, Candle candle, long count);
}
