using CandleStream.Server.Access;
using CandleStream.Server.Streams.Sending;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Limits;

/// <summary>Says at the start what the limit of open files means for the limits of connections and streams.</summary>
internal sealed partial class OpenFilesCheck(
    OpenFiles files, IOptions<AccessOptions> security, IOptions<SendingOptions> streams, ILogger<OpenFilesCheck> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (files.Limit is not { } limit) return Task.CompletedTask;
        var connections = security.Value.MaxConnections;
        var needed = connections + OpenFiles.Others;
        if (limit < needed) LogTooFew(limit, needed, connections);
        else if (files.HasFitted) LogFitted(limit, connections, streams.Value.MaxStreams);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(
        LogLevel.Warning,
        "This process may open {Limit} files (ulimit -n) and needs {Needed} for Security:MaxConnections={MaxConnections}: raise the one or lower the other")]
    private partial void LogTooFew(long limit, int needed, int maxConnections);

    [LoggerMessage(
        LogLevel.Information,
        "This process may open {Limit} files (ulimit -n), so Security:MaxConnections is {MaxConnections} and Streaming:MaxStreams {MaxStreams}, less than their defaults")]
    private partial void LogFitted(long limit, int maxConnections, int maxStreams);
}
