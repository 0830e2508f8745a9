using System.ComponentModel.DataAnnotations;
using CandleStream.Server.Hosting;
using CandleStream.Simulator;

namespace CandleStream.Server.Candles;

/// <summary>The demo: built-in simulators take the exchanges' places, with a store of their own.</summary>
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
        List<ExchangeSimulator> simulators = [];
        foreach (var exchange in ExchangeSetup.On(configuration))
        {
            // One seed, so that all tell the prices of one market.
            var simulator = await ExchangeSimulator.StartAnyAsync(
                new SimulatorOptions { Dialect = exchange.Dialect, Seed = configuration.Demo().Seed });
            simulators.Add(simulator);
            configuration.AddInMemoryCollection(
            [
                new($"{exchange.Section}:WebSocketUrl", simulator.WebSocketUrl.ToString()),
                new($"{exchange.Section}:RestUrl", simulator.RestUrl.ToString()),
                new($"{exchange.Section}:Simulated", "true"),
            ]);
        }

        builder.Services.AddSingleton(_ => new DemoExchanges(simulators));
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
/// The demo's simulators. The container makes them before the way to the exchanges, and so ends them after everything that talks to them.
/// </summary>
internal sealed class DemoExchanges(IReadOnlyList<ExchangeSimulator> simulators) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        foreach (var simulator in simulators) await simulator.DisposeAsync();
    }
}
