using System.Collections.Concurrent;
using System.Net.WebSockets;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Markets;
using CandleStream.Simulator.Protocol;
using CandleStream.Simulator.Rest;

namespace CandleStream.Simulator;

/// <summary>
/// What every exchange behind the routes has: its market, the sessions, limits and faults. Sockets reach it through
/// <see cref="ServeAsync"/>, REST through <see cref="SimulatorRest"/>, whether over loopback or in the process.
/// </summary>
internal abstract class SimulatedExchange<TSession> : IMarketSink, ISimulatedExchange
    where TSession : SimulatedSession
{
    // Far more than a healthy socket ever holds; a replay at full speed waits here instead of filling memory.
    private const int RoomPerSession = 500;

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<int, TSession> _sessions = [];
    private readonly ConcurrentDictionary<Task, byte> _running = [];
    private readonly SlidingLimit _connects;
    private int _lastSession;

    protected SimulatedExchange(SimulatorOptions options, SlidingLimit connects)
    {
        Options = options;
        Time = options.TimeProvider;
        Faults = new FaultBoard(Time, Strike);
        Log = new ConnectionLog(Time);
        _connects = connects;
        Market = options.CustomMarket ?? MarketFactory.Create(options);
        Market.Start(this);
        Started = Market.Now;
    }

    public SimulatorOptions Options { get; }

    public TimeProvider Time { get; }

    public IMarket Market { get; }

    public abstract SimulatorRest Rest { get; }

    public FaultBoard Faults { get; }

    public ConnectionLog Log { get; }

    public Lock Gate { get; } = new();

    public long Started { get; }

    public bool IsBusy => Rest.IsBusy || _sessions.Values.Any(session => session.IsBusy);

    public IReadOnlyList<TSession> Sessions => [.. _sessions.Values.OrderBy(session => session.Id)];

    public IReadOnlyList<SimulatorConnection> Connections => [.. Sessions.Select(View)];

    public abstract IReadOnlyList<string> SocketRoutes { get; }

    public abstract WebSocketCreationOptions SocketOptions { get; }

    /// <summary>The pairs with a subscription. Called inside <see cref="Gate"/>.</summary>
    protected abstract IEnumerable<string> WatchedPairs { get; }

    /// <summary>Cancelled when the exchange ends.</summary>
    protected CancellationToken Stopping => _stopping.Token;

    public UpgradeRefusal? RefuseUpgrade()
    {
        var refusal = Faults.Strike(FaultKind.Dns) is not null ? UpgradeRefusal.Dns
            : Faults.Strike(FaultKind.Unreachable) is not null ? UpgradeRefusal.Unreachable
            : Faults.Strike(FaultKind.Upgrade429) is not null || !_connects.TryTake() ? UpgradeRefusal.TooMany
            : (UpgradeRefusal?)null;
        Log.Connect(accepted: refusal is null);
        return refusal;
    }

    public async Task ServeAsync(WebSocket socket, SessionStream? stream, string pathAndQuery, CancellationToken gone)
    {
        var session = CreateSession(Interlocked.Increment(ref _lastSession), socket, stream, pathAndQuery);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(gone, _stopping.Token);
        var running = session.RunAsync(ending.Token);
        _sessions[session.Id] = session;
        _running[running] = 0;
        try
        {
            await running;
        }
        finally
        {
            _sessions.TryRemove(session.Id, out _);
            _running.TryRemove(running, out _);
        }
    }

    public void SendRaw(byte[] frame)
    {
        foreach (var session in Sessions)
            session.Send(frame);
    }

    public abstract long Updates(string key);

    public abstract void Publish(CandleKey key, in MarketCandle candle, long marketTime);

    public abstract void PublishAlone(CandleKey key, in MarketCandle candle, long marketTime);

    public abstract void PublishText(CandleKey key, ReadOnlyMemory<byte> payload, long marketTime);

    public abstract void Heartbeat();

    public async ValueTask WaitForRoomAsync(CancellationToken stopping)
    {
        while (_sessions.Values.Any(session => session.Waiting > RoomPerSession))
            await Task.Delay(1, stopping);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        foreach (var session in _sessions.Values)
            session.Cut();
        await Task.WhenAll(_running.Keys);
        EndFeeds();
        await Market.DisposeAsync();
        _stopping.Dispose();
    }

    protected abstract TSession CreateSession(int id, WebSocket socket, SessionStream? stream, string pathAndQuery);

    /// <summary>A connection as the control routes show it.</summary>
    protected abstract SimulatorConnection View(TSession session);

    /// <summary>A sudden fault strikes the exchange itself, before it strikes its connections.</summary>
    protected virtual void OnStrike(Fault fault)
    {
    }

    /// <summary>No connection is left: timers end.</summary>
    protected virtual void EndFeeds()
    {
    }

    /// <summary>True where a fault strikes this connection.</summary>
    protected static bool IsMeant(Fault fault, TSession session) =>
        (fault.Connection is null || fault.Connection == session.Id) && (fault.Key is null || session.Keys.Contains(fault.Key));

    private void Strike(Fault fault)
    {
        if (fault.Kind == FaultKind.LateRevision)
        {
            Revise(fault.Key);
            return;
        }
        OnStrike(fault);
        foreach (var session in Sessions)
        {
            if (IsMeant(fault, session))
                session.Strike(fault);
        }
    }

    private void Revise(string? key)
    {
        lock (Gate)
        {
            var pairs = key is null ? WatchedPairs.Distinct() : [CandleKey.Parse(key).Pair];
            foreach (var pair in pairs.ToList())
                Market.AddLateTrade(pair);
        }
    }
}
