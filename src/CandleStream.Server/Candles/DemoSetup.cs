using System.ComponentModel.DataAnnotations;
using CandleStream.Server.Hosting;
using CandleStream.Simulator;

namespace CandleStream.Server.Candles;

/// <summary>The demo: the built-in exchange simulator takes the exchange's place, with a store of its own.</summary>
internal static class DemoSetup
{
    private const string StorePath = "data/demo.db";

    public static DemoOptions Demo(this IConfiguration configuration) =>
        configuration.GetSection("Demo").Get<DemoOptions>() ?? new DemoOptions();

    public static bool IsDemo(this IConfiguration configuration) => configuration.Demo().Enabled;

    /// <summary>Starts the simulator and points the provider at it; nothing happens outside the demo.</summary>
    public static async Task AddDemoExchangeAsync(this WebApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        if (!configuration.IsDemo()) return;
        ServerArguments.AddDefault(configuration, "Storage:SqlitePath", StorePath);
        var simulator = await BitfinexSimulator.StartAsync(new SimulatorOptions { Seed = configuration.Demo().Seed });
        configuration.AddInMemoryCollection(
        [
            new("Bitfinex:WebSocketUrl", simulator.WebSocketUrl.ToString()),
            new("Bitfinex:RestUrl", simulator.RestUrl.ToString()),
            new("Bitfinex:Simulated", "true"),
        ]);
        builder.Services.AddSingleton(_ => new DemoExchange(simulator));
    }
}

/// <summary>Section <c>Demo</c>: the built-in exchange simulator instead of the exchange.</summary>
public sealed class DemoOptions
{
    /// <summary>
    /// True runs against the simulator, as the switch <c>--demo</c> does. The store is then <c>data/demo.db</c> unless
    /// <c>Storage:SqlitePath</c> says otherwise; DATABASE_URL is refused. Default: false.
    /// </summary>
    public bool Enabled { get; set; }

    /// <summary>
    /// Which simulated market: the same seed continues the same market after a restart, and a store remembers the seed it was filled with.
    /// Default: 1.
    /// </summary>
    [Range(0, int.MaxValue)]
    public int Seed { get; set; } = 1;
}

/// <summary>
/// The demo's simulator. The container makes it before the way to the exchange, and so ends it after everything that talks to it.
/// </summary>
internal sealed class DemoExchange(BitfinexSimulator simulator) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => simulator.DisposeAsync();
}
