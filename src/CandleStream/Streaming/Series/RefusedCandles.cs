using Microsoft.Extensions.Logging;

namespace CandleStream.Streaming.Series;

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

    /// <summary>The exchange starts its weeks, fortnights or months elsewhere than we expect. The candle is published as it is.</summary>
    public void Unexpected(in Candle candle)
    {
        if (_logGate.Allows("start")) LogStart(series, candle.Time, series.Timeframe.StartOf(candle.Time));
    }

    /// <summary>The exchange's time went back: what was closed or known by the wrong one is put right.</summary>
    public void WrongTime(long wrong, long exchangeTime)
    {
        if (_logGate.Allows("time")) LogTime(series, wrong, exchangeTime);
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "{Series}: a candle opens at {Time}, where one is expected at {Expected}; the exchange's start is kept (logged once a minute)")]
    private partial void LogStart(SeriesKey series, long time, long expected);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "{Series}: the exchange's time went back from {Wrong} to {Time}; what was known by the wrong time is checked again")]
    private partial void LogTime(SeriesKey series, long wrong, long time);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "{Series}: the exchange sent an impossible candle, {Candle}; it is not published ({Count} so far, logged once a minute)")]
    private partial void LogImplausible(SeriesKey series, Candle candle, long count);
}
