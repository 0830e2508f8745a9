using CandleStream.Exchanges;
using CandleStream.Exchanges.Bitfinex;
using CandleStream.Providers;
using CandleStream.Server.Candles;
using CandleStream.Server.Configuration;
using CandleStream.Server.Hosting;
using CandleStream.Storage;
using CsvHelper;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Commands;

/// <summary>What a command works with: the server's settings, store and provider, without a server.</summary>
internal sealed class CommandHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private CommandHost(WebApplication app)
    {
        _app = app;
        Revs = new RevCounter(Time);
    }

    /// <summary>Numbers what the command stores; above everything the store holds.</summary>
    public RevCounter Revs { get; }

    public ICandleStore Store => _app.Services.GetRequiredService<ICandleStore>();

    public ICandleProvider Provider => _app.Services.GetRequiredService<ICandleProvider>();

    public BitfinexOptions Bitfinex => _app.Services.GetRequiredService<BitfinexOptions>();

    public ExchangeTransport Transport => _app.Services.GetRequiredService<ExchangeTransport>();

    public StorageOptions Storage => _app.Services.GetRequiredService<IOptions<StorageOptions>>().Value;

    public string Source => _app.Services.GetRequiredService<StoreSource>().Text;

    /// <summary>True for a store of simulated prices.</summary>
    public bool IsSimulated => _app.Services.GetRequiredService<StoreSource>().IsSimulated;

    public TimeProvider Time => _app.Services.GetRequiredService<TimeProvider>();

    public ILoggerFactory Loggers => _app.Services.GetRequiredService<ILoggerFactory>();

    /// <summary>
    /// Opens the store where the command needs one, runs it, and says in one line what went wrong; Ctrl-C ends it after the step under way.
    /// </summary>
    public static async Task<int> RunAsync(ServerArguments arguments, Func<CommandHost, CancellationToken, Task<int>> command,
        CancellationToken cancel, bool needsStore = true)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        ConsoleCancelEventHandler onInterrupt = (_, e) =>
        {
            e.Cancel = true;
            stop.Cancel();
        };
        Console.CancelKeyPress += onInterrupt;
        try
        {
            await using var host = Build(arguments);
            if (needsStore)
            {
                await host.Store.OpenAsync(host.Source, exclusive: false, stop.Token);
                await host._app.Services.GetRequiredService<ExchangeSources>().CheckAsync(host.Store, stop.Token);
                // Beside a server no room is left above what is stored: its own numbers go on right there.
                host.Revs.Raise(await StoredRevs.ReadAsync(
                    host.Store, line => Console.Error.WriteLine($"candlestream: {line}"), stop.Token));
            }

            return await command(host, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("candlestream: stopped; what was done is kept.");
            return 130;
        }
        catch (Exception failure) when (failure is CandleProviderException or StoreUnavailableException or IOException
            or UnauthorizedAccessException or CommandException or CsvFormatException or CsvValidationException)
        {
            await Console.Error.WriteLineAsync($"candlestream: {failure.Message}");
            return 1;
        }
        finally
        {
            Console.CancelKeyPress -= onInterrupt;
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static CommandHost Build(ServerArguments arguments)
    {
        var settings = new Dictionary<string, string?>(arguments.Settings, StringComparer.OrdinalIgnoreCase)
        {
            ["Logging:LogLevel:Default"] = "Warning",
        };
        // A server may run beside the command, on the same address: together they stay below what the exchange allows.
        foreach (var exchange in ExchangeSetup.All)
            settings[$"{exchange.Section}:RestCallsPerMinute"] = $"{exchange.CommandCallsPerMinute}";
        var builder = new ServerArguments(settings).CreateBuilder();
        builder.AddServerSettings();
        builder.AddCandleStore();
        builder.AddCandleStreaming();
        return new CommandHost(builder.Build());
    }
}

/// <summary>A command cannot go on; the message is one line for its user.</summary>
internal sealed class CommandException(string message) : Exception(message);
