using Microsoft.Extensions.Logging;

namespace CandleStream.Streaming;

public sealed partial class SeriesHub
{
    [LoggerMessage(Level = LogLevel.Warning, Message = "{Series}: no real candle looks like {Candle}; not published ({Count} so far, logged once a minute)")]
    private partial void LogImplausible(SeriesKey series, Candle candle, long count);
}
