namespace CandleStream.Server.Sse;

internal sealed partial class SseSender
{
    [LoggerMessage(LogLevel.Critical, "The SSE sender thread failed")]
    private partial void LogSenderFailed(Exception exception);

    [LoggerMessage(LogLevel.Error, "A stream failed and was ended")]
    private partial void LogConnectionFailed(Exception exception);

    [LoggerMessage(LogLevel.Warning, "Streaming:BatchedSends has no effect, sends are made one by one: {Reason}")]
    private partial void LogNotBatched(string reason);

    [LoggerMessage(LogLevel.Error, "A batch of sends failed, so {Count} streams were ended, which resume. From now on sends are made one by one")]
    private partial void LogBatchFailed(Exception exception, int count);
}
