namespace CandleStream.Server.Symbols;

internal sealed partial class SymbolDirectory
{
    [LoggerMessage(Level = LogLevel.Information, Message = "The exchange lists {Count} symbols.")]
    private partial void LogListed(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The exchange answered without one of its symbol lists; {Count} symbols known from before stay listed.")]
    private partial void LogHalf(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The exchange's symbols could not be fetched, trying again in a minute: {Reason}")]
    private partial void LogNoList(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The exchange's symbols could not be kept in the store: {Reason}")]
    private partial void LogNotKept(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The exchange's symbols are not refreshed any more.")]
    private partial void LogEnded(Exception bug);
}
