using CandleStream.Server.Hosting;
using CandleStream.Simulator;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace CandleStream.EndToEndTests.Server;

/// <summary>
/// The whole server in this process: real Kestrel on a free port, real SQLite file, and the simulator as its exchange over real sockets.
/// </summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly BitfinexSimulator? _ownExchange;
    private readonly TempFolder _folder;

    private RunningServer(WebApplication app, BitfinexSimulator? ownExchange, TempFolder folder)
    {
        (_app, _ownExchange, _folder) = (app, ownExchange, folder);
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
    }

    public HttpClient Client { get; }

    public IServiceProvider Services => _app.Services;

    /// <param name="settings">Beyond the address, the exchange and the store, which are chosen here.</param>
    public static Task<RunningServer> StartAsync(params (string Key, string Value)[] settings) => StartAsync(null, settings);

    /// <param name="time">The server's clock; null: the machine's.</param>
    /// <param name="settings">As above.</param>
    public static async Task<RunningServer> StartAsync(TimeProvider? time, params (string Key, string Value)[] settings)
    {
        var exchange = await BitfinexSimulator.StartAsync(new SimulatorOptions { Seed = 7, Symbols = ["BTCUSD", "ETHUSD", "DUSK:USD"] });
        return await StartAsync(exchange.WebSocketUrl, exchange.RestUrl, exchange, time, settings);
    }

    public static Task<RunningServer> StartAsync(
        Uri webSocketUrl, Uri restUrl, BitfinexSimulator? ownExchange, params (string Key, string Value)[] settings) =>
        StartAsync(webSocketUrl, restUrl, ownExchange, null, settings);

    public Task StopAsync() => _app.StopAsync();

    public T Get<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Ending.OfAsync("the server", _app);
        if (_ownExchange is not null) await Ending.OfAsync("the server's exchange", _ownExchange);
        _folder.Dispose();
    }

    private static async Task<RunningServer> StartAsync(
        Uri webSocketUrl, Uri restUrl, BitfinexSimulator? ownExchange, TimeProvider? time, (string Key, string Value)[] settings)
    {
        var folder = new TempFolder();
        var all = new Dictionary<string, string?>
        {
            ["Urls"] = "http://127.0.0.1:0",
            ["Bitfinex:WebSocketUrl"] = webSocketUrl.ToString(),
            ["Bitfinex:RestUrl"] = restUrl.ToString(),
            ["Storage:SqlitePath"] = folder.File("candles.db"),
            ["Logging:LogLevel:Default"] = "Warning",
            ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Warning",
        };
        foreach (var (key, value) in settings) all[key] = value;
        var app = await CandleStream.Server.Program.BuildAsync(new ServerArguments(all), time);
        try
        {
            await app.StartAsync();
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }

        return new RunningServer(app, ownExchange, folder);
    }
}
