using Microsoft.Extensions.Logging;

namespace CandleStream.Storage;

public sealed partial class PostgresCandleStore
{
    [LoggerMessage(1, LogLevel.Information, "Store opened: {Store}, candles of {Source}")]
    private static partial void LogOpened(ILogger log, string store, string source);

    [LoggerMessage(2, LogLevel.Warning, "{Store}: connection lost, connecting again")]
    private static partial void LogConnectionLost(ILogger log, string store, Exception error);

    [LoggerMessage(3, LogLevel.Information, "{Store}: connected again, lock and source checked")]
    private static partial void LogConnectedAgain(ILogger log, string store);
}
