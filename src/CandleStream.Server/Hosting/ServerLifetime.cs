using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Console;

namespace CandleStream.Server.Hosting;

/// <summary>
/// Start and end of the process: one clear line when the start fails, ten seconds at most for the end, and at once at the second signal.
/// </summary>
internal static class ServerLifetime
{
    /// <summary>Leaves two of the promised ten seconds to what is disposed after the hosted services.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(8);

    /// <summary>Frameworks' loggers that report a failed start with its stack; Program tells it in one line.</summary>
    private static readonly string[] StartReporters = ["Microsoft.Extensions.Hosting.Internal.Host", "Microsoft.AspNetCore.Server.Kestrel"];

    /// <summary>Frameworks' loggers whose lower levels write request lines and headers as they came.</summary>
    private static readonly string[] RequestRepeaters =
        ["Microsoft.AspNetCore.Hosting.Diagnostics", "Microsoft.AspNetCore.Server.Kestrel.BadRequests"];

    public static void AddLifetime(this WebApplicationBuilder builder)
    {
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        var start = new StartPhase();
        builder.Services.AddSingleton(start);
        // They would repeat whole requests, with the tickets and keys in them.
        foreach (var repeater in RequestRepeaters) builder.Logging.AddFilter(repeater, LogLevel.Warning);
        foreach (var reporter in StartReporters) builder.Logging.AddFilter(reporter, level => start.IsOver && level >= LogLevel.Warning);
    }

    /// <summary>Runs the server until it is told to stop; returns the exit code of the process.</summary>
    public static async Task<int> ServeAsync(this WebApplication app)
    {
        var signals = 0;
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, ExitAtSecond);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, ExitAtSecond);
        await using (app)
        {
            await app.StartAsync();
            app.Services.GetRequiredService<StartPhase>().IsOver = true;
            await app.WaitForShutdownAsync();
        }

        return Environment.ExitCode;

        void ExitAtSecond(PosixSignalContext context)
        {
            if (Interlocked.Increment(ref signals) > 1) Environment.Exit(128 + (context.Signal == PosixSignal.SIGINT ? 2 : 15));
        }
    }

    private sealed class StartPhase
    {
        public volatile bool IsOver;
    }
}

/// <summary>The log: readable lines by default, one JSON object a line with <c>Logging:Console:FormatterName=json</c>.</summary>
internal static class LoggingSetup
{
    // Programs that read JSON want the request's TraceId, which is what an error answer names; on a terminal scopes are noise.
    public static void AddLog(this WebApplicationBuilder builder) =>
        builder.Services.Configure<JsonConsoleFormatterOptions>(json => json.IncludeScopes = true);
}
