using System.Net.WebSockets;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Markets;
using CandleStream.Simulator.Rest;

namespace CandleStream.Simulator;

/// <summary>An exchange behind the routes, as server and control see it: each dialect is one.</summary>
internal interface ISimulatedExchange : IAsyncDisposable
{
    SimulatorOptions Options { get; }

    IMarket Market { get; }

    /// <summary>Guards market and subscriptions.</summary>
    Lock Gate { get; }

    /// <summary>Market time (Unix ms) when the exchange began.</summary>
    long Started { get; }

    FaultBoard Faults { get; }

    ConnectionLog Log { get; }

    SimulatorRest Rest { get; }

    /// <summary>True while something could happen without the clock moving.</summary>
    bool IsBusy { get; }

    /// <summary>Who is connected now, and to what.</summary>
    IReadOnlyList<SimulatorConnection> Connections { get; }

    /// <summary>The routes at which a WebSocket is opened.</summary>
    IReadOnlyList<string> SocketRoutes { get; }

    /// <summary>How the exchange keeps its sockets alive over the network.</summary>
    WebSocketCreationOptions SocketOptions { get; }

    /// <summary>Null: the upgrade may go ahead. Otherwise why not.</summary>
    UpgradeRefusal? RefuseUpgrade();

    /// <summary>Speaks the protocol over an open WebSocket until either side ends it.</summary>
    Task ServeAsync(WebSocket socket, SessionStream? stream, string pathAndQuery, CancellationToken gone);

    /// <summary>Candle frames made for a key so far.</summary>
    long Updates(string key);

    /// <summary>Sends a text frame as it stands to every connection.</summary>
    void SendRaw(byte[] frame);
}

/// <summary>Why a connection does not come about.</summary>
internal enum UpgradeRefusal
{
    TooMany,
    Unreachable,
    Dns,
}
