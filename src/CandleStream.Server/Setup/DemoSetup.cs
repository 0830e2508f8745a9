using CandleStream.Server.Hosting;
using CandleStream.Simulator;

namespace CandleStream.Server.Setup;

/// <summary>The demo: the built-in exchange simulator takes the exchange's place, with a store of its own.</summary>
internal static class DemoSetup
{
    private const string StorePath = "data/demo.db";

    public static DemoOptions Demo(this IConfiguration configuration) => configuration.GetSection("Demo").Get<DemoOptions>() ?? new DemoOptions();

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
