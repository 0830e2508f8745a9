namespace CandleStream.Server.Access;

internal sealed partial class ApiKeys
{
    [LoggerMessage(LogLevel.Information, "Keys of {Path} read again: {Count} now")]
    private partial void LogReloaded(string path, int count);

    [LoggerMessage(LogLevel.Error, "The keys stay as they were, for the key file {Path} is not usable: {Trouble}")]
    private partial void LogKept(string path, string trouble);
}
