using CandleStream.Simulator;

namespace CandleStream.Server.Hosting;

/// <summary>
/// Ends the demo's simulator after everything that talks to it: the container disposes what it made first last, and the provider keeps its sockets until it is disposed.
/// </summary>
internal sealed class DemoExchange(BitfinexSimulator simulator) : IHostedService, IAsyncDisposable
{
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => simulator.DisposeAsync();
}
