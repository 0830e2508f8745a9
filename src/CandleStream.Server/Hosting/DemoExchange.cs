using CandleStream.Simulator;

namespace CandleStream.Server.Hosting;

/// <summary>The demo's simulator. The container makes it before the way to the exchange, and so ends it after everything that talks to it.</summary>
internal sealed class DemoExchange(BitfinexSimulator simulator) : IAsyncDisposable
{
    public ValueTask DisposeAsync() => simulator.DisposeAsync();
}
