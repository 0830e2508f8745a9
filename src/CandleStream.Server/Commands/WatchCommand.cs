using System.CommandLine;
using System.Globalization;
using CandleStream.Client;
using CandleStream.Server.Hosting;
using Microsoft.Extensions.Logging.Console;

namespace CandleStream.Server.Commands;

/// <summary>What the user asks of <c>watch</c> beside the series.</summary>
/// <param name="ApiKey">A key for the server; null where it needs none.</param>
/// <param name="Snapshot">Candles of each series to begin with.</param>
/// <param name="ClosedOnly">Leave out candles that still form.</param>
internal sealed record WatchOptions(string? ApiKey, int Snapshot, bool ClosedOnly);

/// <summary>
/// <c>watch</c>: prints candles as they change, one JSON object a line, from a running server or from one inside this process. It comes
/// back by itself and ends with its pipe. Standard output holds candles only; everything for people goes to standard error.
/// </summary>
internal static class WatchCommand
{
    private const int Interrupted = 130;

    public static void AddTo(RootCommand root, Func<ParseResult, ServerArguments> arguments, BuildServer build)
    {
        var series = new Argument<SeriesKey[]>("series")
        {
            Description = "The series, such as BTCUSD:1m ETHUSD:5m.",
            Arity = ArgumentArity.OneOrMore,
            CustomParser = ParseSeries,
        };
        var url = new Option<string?>("--url")
        {
            Description =
            "A running server, such as http://127.0.0.1:8000. Default: none, this process asks the exchange itself."
        };
        var key = new Option<string?>(
            "--api-key")
        { Description = "A key for that server. Default: CANDLESTREAM_API_KEY, which a list of processes does not show." };
        var closed = new Option<bool>("--closed-only") { Description = "Leave out candles that still form." };
        var snapshot = new Option<int>(
            "--snapshot")
        { Description = "Candles of each series to begin with, 0 to 1000. Default: 1.", DefaultValueFactory = _ => 1 };
        var demo = new Option<bool>("--demo") { Description = "Without --url: use the built-in exchange simulator; prices are not real." };
        var command =
            new Command("watch", "Prints candles as they change, one JSON object a line.") { series, url, key, closed, snapshot, demo };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, cancel) =>
        {
            var options = new WatchOptions(
                parsed.GetValue(key) ?? Environment.GetEnvironmentVariable("CANDLESTREAM_API_KEY"),
                Math.Clamp(parsed.GetValue(snapshot), 0, 1000), parsed.GetValue(closed));
            var server = parsed.GetValue(url);
            if (server is not null && parsed.GetValue(demo))
                throw new StartRefusedException("Give either --url or --demo: a running server has its own prices.");
            return server is null
                ? StandaloneAsync(build, arguments(parsed), parsed.GetValue(demo), parsed.GetValue(series)!, options, cancel)
                : WatchAsync(ReadAddress(server), parsed.GetValue(series)!, options, cancel);
        });
        root.Add(command);
    }

    /// <summary>
    /// Runs a server inside this process, on loopback and with a store that is thrown away, so that nothing of it is in another server's
    /// way.
    /// </summary>
    private static async Task<int> StandaloneAsync(
        BuildServer build, ServerArguments arguments, bool isDemo, SeriesKey[] series, WatchOptions options, CancellationToken cancel)
    {
        var folder = Directory.CreateTempSubdirectory("candlestream-watch-");
        try
        {
            var settings = new Dictionary<string, string?>(arguments.Settings, StringComparer.OrdinalIgnoreCase)
            {
                ["Urls"] = "http://127.0.0.1:0",
                ["Storage:SqlitePath"] = Path.Combine(folder.FullName, "candles.db"),
                ["DATABASE_URL"] = "",
                ["Record"] = "",
                ["Logging:LogLevel:Default"] = "Warning",
                ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Warning",
            };
            if (isDemo) settings["Demo:Enabled"] = "true";
            await using var app = await build(new ServerArguments(settings), builder =>
                builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
            await app.StartAsync(cancel);
            // The server inside takes the signals to stop.
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, app.Lifetime.ApplicationStopping);
            var code = await WatchAsync(new Uri(app.Urls.First()), series, options, stop.Token);
            await app.StopAsync(CancellationToken.None);
            return code;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<int> WatchAsync(Uri server, SeriesKey[] series, WatchOptions options, CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var isInterrupted = false;
        ConsoleCancelEventHandler onInterrupt = (_, e) =>
        {
            e.Cancel = isInterrupted = true;
            stop.Cancel();
        };
        Console.CancelKeyPress += onInterrupt;
        await using var output = new PipedOutput();
        output.WhenGone(stop.Cancel);
        try
        {
            using var client = new CandleStreamClient(server, ClientOptions(server, options));
            await foreach (var update in client.FollowAsync(series, stop.Token))
            {
                if (update.Candle.Closed || !options.ClosedOnly) output.Write(update);
            }
        }
        catch (CandleStreamRefusedException refused)
        {
            Say($"{server}: {refused.Message}");
            return 1;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The user, or the reader of the pipe, has enough.
        }
        catch (IOException) when (output.IsGone)
        {
            // The same, noticed while a line was written.
        }
        finally
        {
            Console.CancelKeyPress -= onInterrupt;
        }

        return isInterrupted ? Interrupted : 0;
    }

    private static CandleStreamClientOptions ClientOptions(Uri server, WatchOptions options) => new()
    {
        ApiKey = options.ApiKey,
        Snapshot = options.Snapshot,
        MaxRate = options.ClosedOnly ? 0 : null,
        OnReset = key => Say($"{key}: the server starts it anew; closed candles may come again."),
        OnStatus = (key, state, reason) =>
        {
            if (state is not ("live" or "connecting")) Say($"{key}: {state}{(reason is null ? "" : $", {reason}")}.");
        },
        OnDisconnected = (reason, wait) =>
            Say(string.Create(CultureInfo.InvariantCulture, $"{server}: {reason}; next attempt in {wait.TotalSeconds:0.#} s.")),
    };

    private static void Say(string line) => Console.Error.WriteLine($"candlestream: {line.ReplaceLineEndings(" ")}");

    private static Uri ReadAddress(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var server) && server.Scheme is "http" or "https"
            ? server
            : throw new StartRefusedException($"'{url}' is not an address such as http://127.0.0.1:8000.");

    private static SeriesKey[] ParseSeries(System.CommandLine.Parsing.ArgumentResult result)
    {
        var series = new List<SeriesKey>();
        foreach (var token in result.Tokens)
        {
            if (SeriesKey.TryParse(token.Value, out var key)) series.Add(key);
            else result.AddError($"'{token.Value}' is not a series such as BTCUSD:1m.");
        }

        return [.. series];
    }
}
