using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CandleStream.Server.Candles;
using CandleStream.Server.Configuration;
using CandleStream.Server.Hosting;

namespace CandleStream.Server.Commands;

/// <summary>Makes the server as its settings ask for it, not started yet.</summary>
/// <param name="arguments">The settings of the command line.</param>
/// <param name="configure">What a command changes of it before it is made.</param>
internal delegate Task<WebApplication> BuildServer(ServerArguments arguments, Action<WebApplicationBuilder>? configure);

/// <summary>The server's command line: a few switches with names of their own, and every setting as <c>--Section:Key=value</c>.</summary>
public static class CommandLine
{
    private const int UsageError = 2;
    private const string DefaultPort = "8000";

    /// <summary>Top-level keys of the framework that may be set beside our own sections.</summary>
    private static readonly string[] FrameworkKeys = ["Logging", "Kestrel", "AllowedHosts"];

    /// <summary>
    /// Reads the command line, then does what it asks for: by default it starts the server and runs it to its end. Returns the exit code of
    /// the process.
    /// </summary>
    internal static async Task<int> RunAsync(string[] args, BuildServer build)
    {
        var demo = new Option<bool>("--demo")
        {
            Description =
            "Use the built-in exchange simulator: no network needed, prices are not real.",
            Arity = ArgumentArity.Zero
        };
        var urls = new Option<string?>(
            "--Urls", "--urls")
        { Description = "Where to listen, separated by semicolons. Default: http://127.0.0.1:8000." };
        var host = new Option<string?>("--host") { Description = "Address to listen on, instead of --Urls. Default: 127.0.0.1." };
        var port =
            new Option<string?>("--port") { Description = "Port to listen on, instead of --Urls; 0 picks a free one. Default: 8000." };
        var root =
            new RootCommand(
                "CandleStream brings live candles from the exchange to charts and bots. Every setting of docs/configuration.md can be given as --Section:Key=value.")
        {
            demo, urls, host, port,
        };
        root.TreatUnmatchedTokensAsErrors = false;
        root.SetAction((result, _) =>
        {
            var settings = ReadSettings(result.UnmatchedTokens);
            if (result.GetValue(demo)) settings["Demo:Enabled"] = "true";
            if (ReadUrls(result.GetValue(urls), result.GetValue(host), result.GetValue(port)) is { } where) settings["Urls"] = where;
            return ServeAsync(build, new ServerArguments(settings));
        });
        StoreCommands.AddTo(root, result => new ServerArguments(ReadSettings(result.UnmatchedTokens)));
        KeysCommand.AddTo(root, result => new ServerArguments(ReadSettings(result.UnmatchedTokens)));
        ProbeCommand.AddTo(root, result => new ServerArguments(ReadSettings(result.UnmatchedTokens)));
        HealthCommand.AddTo(root);
        WatchCommand.AddTo(root, result => new ServerArguments(ReadSettings(result.UnmatchedTokens)), build);

        // No response files: a value may start with '@'.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0) return Refuse(parsed.Errors[0].Message, UsageError);
        try
        {
            // Signals are the host's business, and what is thrown is told below.
            return await parsed.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (UsageException e)
        {
            return Refuse(e.Message, UsageError);
        }
        catch (Exception e) when (StartFailure.Describe(e) is { } line)
        {
            return Refuse(line, 1);
        }
    }

    private static async Task<int> ServeAsync(BuildServer build, ServerArguments arguments) =>
        await (await build(arguments, null)).ServeAsync();

    private static int Refuse(string line, int exitCode)
    {
        Console.Error.WriteLine($"candlestream: {line.ReplaceLineEndings(" ")}");
        return exitCode;
    }

    private static string? ReadUrls(string? urls, string? host, string? port)
    {
        if (host is null && port is null) return urls;
        if (urls is not null) throw new UsageException("Give either --Urls or --host and --port, not both.");
        if (!ushort.TryParse(port ?? DefaultPort, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            throw new UsageException($"--port must be 0..65535, not '{port}'.");
        host ??= "127.0.0.1";
        if (IPAddress.TryParse(host, out var address) && address.AddressFamily == AddressFamily.InterNetworkV6) host = $"[{address}]";
        return $"http://{host}:{number}";
    }

    /// <summary>Reads <c>--Section:Key=value</c> and <c>--Section:Key value</c>.</summary>
    private static Dictionary<string, string?> ReadSettings(IReadOnlyList<string> tokens)
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < tokens.Count; i++)
        {
            var token = tokens[i];
            var equals = token.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? token : token[..equals];
            if (!name.StartsWith("--", StringComparison.Ordinal) || !IsSettable(name[2..]))
                throw new UsageException($"Unknown argument '{name}'; --help lists the switches, docs/configuration.md the settings.");
            if (equals < 0 && (i + 1 == tokens.Count || tokens[i + 1].StartsWith("--", StringComparison.Ordinal)))
                throw new UsageException($"'{name}' needs a value: {name}=value.");
            settings[name[2..]] = equals < 0 ? tokens[++i] : token[(equals + 1)..];
        }

        return settings;
    }

    private static bool IsSettable(string key)
    {
        if (key.Equals(RecordOptions.Section, StringComparison.OrdinalIgnoreCase)
            || key.Equals(ExchangesOptions.Section, StringComparison.OrdinalIgnoreCase)
            || key.Equals("AllowedHosts", StringComparison.OrdinalIgnoreCase)) return true;
        var colon = key.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && SettingsSection.Names.Concat(FrameworkKeys).Contains(key[..colon], StringComparer.OrdinalIgnoreCase);
    }

    private sealed class UsageException(string message) : Exception(message);
}
