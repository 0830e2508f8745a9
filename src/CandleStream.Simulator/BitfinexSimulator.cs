namespace CandleStream.Simulator;

/// <summary>A simulated Bitfinex.</summary>
public sealed class BitfinexSimulator : ExchangeSimulator
{
    private BitfinexSimulator(ISimulatedExchange exchange, SimulatorServer? server)
        : base(exchange, server)
    {
    }

    /// <summary><c>ws://127.0.0.1:PORT/ws/2</c>.</summary>
    public override Uri WebSocketUrl => new($"ws://127.0.0.1:{Port}/ws/2");

    /// <summary><c>http://127.0.0.1:PORT/v2</c>.</summary>
    public override Uri RestUrl => new($"http://127.0.0.1:{Port}/v2");

    /// <summary>Starts an exchange; with <see cref="SimulatorOptions.Listen"/> it answers on 127.0.0.1 when this returns.</summary>
    /// <exception cref="IOException">The port is taken, or a recording cannot be read.</exception>
    public static async Task<BitfinexSimulator> StartAsync(SimulatorOptions? options = null, CancellationToken cancellationToken = default)
    {
        var exchange = new SimulatorExchange(options ?? new SimulatorOptions());
        return new BitfinexSimulator(exchange, await ListenAsync(exchange, cancellationToken));
    }
}
