using CandleStream.Simulator.Binance;

namespace CandleStream.Simulator;

/// <summary>
/// A simulated Binance spot market. Pairs are those of the market, named as traders name them there: <c>BTCUSD</c> is <c>BTCUSDT</c>.
/// Keys of faults and of the ledger stay the market's, such as <c>trade:1m:tBTCUSD</c>.
/// </summary>
public sealed class BinanceSimulator : ExchangeSimulator
{
    private BinanceSimulator(ISimulatedExchange exchange, SimulatorServer? server)
        : base(exchange, server)
    {
    }

    /// <summary><c>ws://127.0.0.1:PORT</c>; sockets are at <c>/ws</c> and <c>/stream</c>.</summary>
    public override Uri WebSocketUrl => new($"ws://127.0.0.1:{Port}");

    /// <summary><c>http://127.0.0.1:PORT</c>; calls are under <c>/api/v3</c>.</summary>
    public override Uri RestUrl => new($"http://127.0.0.1:{Port}");

    /// <summary>Starts an exchange; with <see cref="SimulatorOptions.Listen"/> it answers on 127.0.0.1 when this returns.</summary>
    /// <exception cref="IOException">The port is taken, or a recording cannot be read.</exception>
    public static async Task<BinanceSimulator> StartAsync(SimulatorOptions? options = null, CancellationToken cancellationToken = default)
    {
        var exchange = new BinanceExchange((options ?? new SimulatorOptions()) with { Dialect = SimulatorDialect.Binance });
        return new BinanceSimulator(exchange, await ListenAsync(exchange, cancellationToken));
    }
}
