using CandleStream.Simulator.Kraken;

namespace CandleStream.Simulator;

/// <summary>
/// A simulated Kraken spot market. Pairs are those of the market, named as Kraken names them: <c>BTCUSD</c> is <c>BTC/USD</c> on the socket
/// and <c>XBT/USD</c> in its list. Keys of faults and of the ledger stay the market's, such as <c>trade:1m:tBTCUSD</c>; a week, which
/// begins on Thursday, is <c>7D</c> there.
/// </summary>
public sealed class KrakenSimulator : ExchangeSimulator
{
    private KrakenSimulator(ISimulatedExchange exchange, SimulatorServer? server)
        : base(exchange, server)
    {
    }

    /// <summary><c>ws://127.0.0.1:PORT</c>; sockets are at <c>/v2</c>.</summary>
    public override Uri WebSocketUrl => new($"ws://127.0.0.1:{Port}");

    /// <summary><c>http://127.0.0.1:PORT</c>; calls are under <c>/0/public</c>.</summary>
    public override Uri RestUrl => new($"http://127.0.0.1:{Port}");

    /// <summary>Starts an exchange; with <see cref="SimulatorOptions.Listen"/> it answers on 127.0.0.1 when this returns.</summary>
    /// <exception cref="IOException">The port is taken, or a recording cannot be read.</exception>
    public static async Task<KrakenSimulator> StartAsync(SimulatorOptions? options = null, CancellationToken cancellationToken = default)
    {
        var exchange = new KrakenExchange((options ?? new SimulatorOptions()) with { Dialect = SimulatorDialect.Kraken });
        return new KrakenSimulator(exchange, await ListenAsync(exchange, cancellationToken));
    }
}
