using System.Globalization;
using CandleStream.Server.Setup;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Access;

/// <summary>Says at the start when the process may not open as many files as its limits promise connections: later it would only fail to accept them.</summary>
internal sealed partial class OpenFilesCheck(IOptions<SecurityOptions> security, ILogger<OpenFilesCheck> logger) : IHostedService
{
    /// <summary>Program files, the store, the exchange's sockets, the runtime's own.</summary>
    private const int Others = 500;

    private const string LinuxLimits = "/proc/self/limits";

    public Task StartAsync(CancellationToken cancellationToken)
    {
        var needed = security.Value.MaxConnections + Others;
        if (File.Exists(LinuxLimits) && ParseLimit(File.ReadLines(LinuxLimits)) is { } limit && limit < needed) LogTooFew(limit, needed, security.Value.MaxConnections);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The limit that counts now; null where there is none.</summary>
    internal static long? ParseLimit(IEnumerable<string> lines)
    {
        // Max open files            1024                 524288               files
        var line = lines.FirstOrDefault(l => l.StartsWith("Max open files", StringComparison.Ordinal));
        var soft = line?["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : null;
    }

    [LoggerMessage(LogLevel.Warning, "This process may open {Limit} files (ulimit -n) and needs {Needed} for Security:MaxConnections={MaxConnections}: raise the one or lower the other")]
    private partial void LogTooFew(long limit, int needed, int maxConnections);
}
