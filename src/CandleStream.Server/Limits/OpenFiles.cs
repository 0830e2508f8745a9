using System.Globalization;
using CandleStream.Server.Access;
using CandleStream.Server.Hosting;
using CandleStream.Server.Streams.Sending;

namespace CandleStream.Server.Limits;

/// <summary>How many files the process may open, each connection being one.</summary>
/// <param name="Limit">The limit that counts now; null where there is none, or none can be read.</param>
/// <param name="HasFitted">Whether the default limits of connections and streams were lowered to it.</param>
internal sealed record OpenFiles(long? Limit, bool HasFitted)
{
    /// <summary>Program files, the store, the exchange's sockets, the runtime's own.</summary>
    public const int Others = 500;

    private const string LinuxLimits = "/proc/self/limits";
    private const string MaxConnections = "Security:MaxConnections";
    private const string MaxStreams = SendingOptions.Section + ":MaxStreams";

    /// <summary>
    /// Where nobody has said how many connections and streams to take and the defaults are more than may be opened, takes what may: later
    /// the server would only fail to accept them.
    /// </summary>
    public static OpenFiles Fit(ConfigurationManager configuration)
    {
        var limit = File.Exists(LinuxLimits) ? Parse(File.ReadLines(LinuxLimits)) : null;
        var (connections, streams) = (new AccessOptions().MaxConnections, new SendingOptions().MaxStreams);
        if (limit is null || limit >= connections + Others || configuration[MaxConnections] is not null
            || configuration[MaxStreams] is not null) return new OpenFiles(limit, false);
        var room = Math.Max(limit.Value - Others, limit.Value / 2);
        ServerArguments.AddDefault(configuration, MaxConnections, room.ToString(CultureInfo.InvariantCulture));
        ServerArguments.AddDefault(configuration, MaxStreams, (room * streams / connections).ToString(CultureInfo.InvariantCulture));
        return new OpenFiles(limit, true);
    }

    /// <summary>The limit among the lines of <c>/proc/self/limits</c>.</summary>
    internal static long? Parse(IEnumerable<string> lines)
    {
        // Max open files            1024                 524288               files
        var line = lines.FirstOrDefault(l => l.StartsWith("Max open files", StringComparison.Ordinal));
        var soft = line?["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        return long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) ? limit : null;
    }
}
