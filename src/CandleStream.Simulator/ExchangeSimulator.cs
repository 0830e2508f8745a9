using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.InProcess;
using CandleStream.Simulator.Markets;
using CandleStream.Simulator.Protocol;
using CandleStream.Simulator.Rest;

namespace CandleStream.Simulator;

/// <summary>
/// A simulated exchange as an object: what <c>--demo</c> and tests start in their own process. What the control routes show and do
/// over HTTP is here as properties and methods. Each dialect derives from it.
/// </summary>
public abstract class ExchangeSimulator : IAsyncDisposable
{
    private readonly ISimulatedExchange _exchange;
    private readonly SimulatorServer? _server;
    private readonly List<InProcessConnection> _wires = [];

    private protected ExchangeSimulator(ISimulatedExchange exchange, SimulatorServer? server)
    {
        _exchange = exchange;
        _server = server;
    }

    /// <summary>Where its sockets are. Without a socket: an address for <see cref="ConnectInProcess()"/> to stand for.</summary>
    public abstract Uri WebSocketUrl { get; }

    /// <summary>Where its REST interface is, without a slash at the end.</summary>
    public abstract Uri RestUrl { get; }

    /// <summary><c>http://127.0.0.1:PORT</c>: the root, with the control routes.</summary>
    public Uri Url => new($"http://127.0.0.1:{Port}");

    public IMarket Market => _exchange.Market;

    public FaultBoard Faults => _exchange.Faults;

    /// <summary>Connections asked for and channels opened and closed so far.</summary>
    public ConnectionLog Connections => _exchange.Log;

    public RestCallLog RestCalls => _exchange.Rest.Calls;

    /// <summary>Who is connected now, and to what.</summary>
    public IReadOnlyList<SimulatorConnection> Subscriptions => _exchange.Connections;

    /// <summary>
    /// True while something could happen without the clock moving: a request in work, a frame not yet written, bytes that an
    /// in-process client has not read. For tests that let virtual time advance only when everybody is done.
    /// </summary>
    public bool IsBusy
    {
        get
        {
            lock (_wires)
                return _exchange.IsBusy || _wires.Exists(wire => wire.IsBusy);
        }
    }

    private protected int Port => _server?.Port ?? 0;

    /// <summary>Starts the exchange of the options' dialect; where it listens, it answers on 127.0.0.1 when this returns.</summary>
    /// <exception cref="IOException">The port is taken, or a recording cannot be read.</exception>
    public static async Task<ExchangeSimulator> StartAnyAsync(SimulatorOptions options, CancellationToken cancellationToken = default) =>
        options.Dialect switch
        {
            SimulatorDialect.Binance => await BinanceSimulator.StartAsync(options, cancellationToken),
            SimulatorDialect.Kraken => await KrakenSimulator.StartAsync(options, cancellationToken),
            _ => await BitfinexSimulator.StartAsync(options, cancellationToken),
        };

    /// <summary>A client's end of a new connection, over memory instead of a socket, with the same limits and faults.</summary>
    /// <exception cref="WebSocketException">The upgrade is refused (429), or a fault makes the exchange unreachable; the inner exception
    /// says which.</exception>
    public WebSocket ConnectInProcess() => ConnectInProcess("/");

    /// <summary>The same at one of the places that the dialect has, such as <c>/stream</c>.</summary>
    public WebSocket ConnectInProcess(string pathAndQuery)
    {
        switch (_exchange.RefuseUpgrade())
        {
            case UpgradeRefusal.TooMany:
                throw new WebSocketException(
                    WebSocketError.NotAWebSocket, "The server returned status code '429' when status code '101' was expected.",
                    new HttpRequestException("Too Many Requests", null, HttpStatusCode.TooManyRequests));
            case UpgradeRefusal.Unreachable:
                throw new WebSocketException(WebSocketError.Faulted, "Unable to connect to the simulated exchange.",
                    new SocketException((int)SocketError.ConnectionRefused));
            case UpgradeRefusal.Dns:
                throw new WebSocketException(WebSocketError.Faulted, "Unable to connect to the simulated exchange.",
                    new SocketException((int)SocketError.HostNotFound));
        }
        var wire = new InProcessConnection();
        lock (_wires)
            _wires.Add(wire);
        var stream = new SessionStream(wire.ServerEnd, wire.Cut);
        _ = ServeAsync(wire, stream, pathAndQuery);
        return WebSocket.CreateFromStream(wire.ClientEnd, InProcessConnection.Client);
    }

    /// <summary>Speaks the exchange's side of the protocol over any open WebSocket, until it ends.</summary>
    public Task ServeAsync(WebSocket socket, CancellationToken cancellationToken = default) =>
        _exchange.ServeAsync(socket, null, "/", cancellationToken);

    /// <summary>
    /// For an <see cref="HttpClient"/> that asks this simulator without a socket; any host will do, paths as under <see cref="RestUrl"/>.
    /// </summary>
    public SimulatorHttpHandler CreateHttpHandler() => new(_exchange.Rest);

    /// <summary>
    /// The true candles of a key, ascending, in market time (Unix ms, inclusive); by default those from the start of the simulator on.
    /// </summary>
    public IReadOnlyList<MarketCandle> Ledger(string key, long? start = null, long? end = null)
    {
        var parsed = CandleKey.Parse(key);
        lock (_exchange.Gate)
            return _exchange.Market.Candles(parsed, start ?? parsed.Timeframe.Floor(_exchange.Started), end ?? long.MaxValue, int.MaxValue);
    }

    /// <summary>A candle of the synthetic market as it was at a moment (Unix ms); null where nothing had been traded.</summary>
    public MarketCandle? LedgerAt(string key, long time, long moment)
    {
        lock (_exchange.Gate)
            return ((SyntheticMarket)_exchange.Market).CandleAt(CandleKey.Parse(key), time, moment);
    }

    /// <summary>Candle frames made for a key since the first subscription, each counted once however many connections got it.</summary>
    public long Updates(string key) => _exchange.Updates(key);

    /// <summary>Sends a text frame as it stands to every connection.</summary>
    public void SendRaw(string frame) => _exchange.SendRaw(Encoding.UTF8.GetBytes(frame));

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await _exchange.DisposeAsync();
        if (_server is not null)
            await _server.DisposeAsync();
    }

    private protected static async Task<SimulatorServer?> ListenAsync(ISimulatedExchange exchange, CancellationToken cancel)
    {
        try
        {
            return exchange.Options.Listen ? await SimulatorServer.StartAsync(exchange, cancel) : null;
        }
        catch
        {
            await exchange.DisposeAsync();
            throw;
        }
    }

    private async Task ServeAsync(InProcessConnection wire, SessionStream stream, string pathAndQuery)
    {
        using var socket = WebSocket.CreateFromStream(stream, InProcessConnection.Server);
        await _exchange.ServeAsync(socket, stream, pathAndQuery, CancellationToken.None);
        wire.Cut();
        lock (_wires)
            _wires.Remove(wire);
    }
}
