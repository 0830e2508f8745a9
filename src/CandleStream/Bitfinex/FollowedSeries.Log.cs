using CandleStream.Streaming;
using Microsoft.Extensions.Logging;

namespace CandleStream.Bitfinex;

/// <content>What it says in the log.</content>
internal sealed partial class FollowedSeries
{
    [LoggerMessage(LogLevel.Information, "{Series} is Live")]
    private partial void LogLive(SeriesKey series);

    [LoggerMessage(LogLevel.Information, "{Series} is {State} (attempt {Attempt}): {Reason}")]
    private partial void LogState(SeriesKey series, SeriesState state, int attempt, string? reason);

    [LoggerMessage(LogLevel.Warning, "{Series}: the exchange sent a candle that cannot be read ({Time}); REST is asked for it")]
    private partial void LogUnreadable(SeriesKey series, string time);

    [LoggerMessage(LogLevel.Error, "{Series}: handing over what the exchange sent failed")]
    private partial void LogFeedFailed(SeriesKey series, Exception error);
}
