namespace CandleStream.Server.Hosting;

internal sealed partial class StoreHost
{
    [LoggerMessage(Level = LogLevel.Error, Message = "The store cannot be opened: {Reason} Streaming goes on, and opening is tried again.")]
    private partial void LogUnavailable(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{What}")]
    private partial void LogDeleted(string what);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The store refuses this server, which stops: {Reason}")]
    private partial void LogRefused(string reason);
}
