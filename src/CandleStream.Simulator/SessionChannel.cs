using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator;

/// <summary>One subscription of one connection: the number that stands for a key, and its heartbeat.</summary>
internal sealed class SessionChannel(SimulatorSession session, int id, CandleKey key) : IDisposable
{
    private ITimer? _heartbeat;

    public SimulatorSession Session => session;

    public int Id => id;

    public CandleKey Key => key;

    public void StartHeartbeat(TimeProvider time, TimeSpan every) =>
        _heartbeat = time.CreateTimer(_ => session.SendHeartbeat(this), null, every, every);

    public void Dispose() => _heartbeat?.Dispose();
}
