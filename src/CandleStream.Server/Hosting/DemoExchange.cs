using CandleStream.Simulator;

namespace CandleStream.Server.Hosting;

/// <summary>Ends the demo's simulator after everything that talks to it.</summary>
internal sealed class DemoExchange(BitfinexSimulator simulator) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken cancellationToken) => await simulator.DisposeAsync();
}
