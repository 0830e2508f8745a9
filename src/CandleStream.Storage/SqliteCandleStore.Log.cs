using Microsoft.Extensions.Logging;

namespace CandleStream.Storage;

public sealed partial class SqliteCandleStore
{
    [LoggerMessage(1, LogLevel.Information, "Store opened: SQLite file {Path}, candles of {Source}")]
    private static partial void LogOpened(ILogger log, string path, string source);
}
