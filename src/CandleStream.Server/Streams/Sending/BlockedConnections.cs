
namespace CandleStream.Server.Streams.Sending;

/// <summary>
/// The connections of one sender whose clients take no more at the moment; the sender is told when one does. A client that takes nothing
/// for <paramref name="stuckLimit"/> timestamps is stuck. Owned by the sender thread.
/// </summary>
internal sealed class BlockedConnections(long stuckLimit)
{
    private readonly List<Connection> _connections = [];

    /// <summary>No connection is stuck before this timestamp.</summary>
    public long StuckAt { get; private set; } = Alarm.Never;

    public void Add(Connection connection)
    {
        if (!connection.IsListedBlocked)
        {
            connection.IsListedBlocked = true;
            _connections.Add(connection);
        }

        StuckAt = Math.Min(StuckAt, connection.ProgressAt + stuckLimit);
    }

    /// <summary>Forgets those that are blocked no more.</summary>
    public void Sweep()
    {
        for (var i = _connections.Count - 1; i >= 0; i--)
        {
            var connection = _connections[i];
            if (connection.IsBlocked && connection.Failed is null) continue;
            connection.IsListedBlocked = false;
            _connections[i] = _connections[^1];
            _connections.RemoveAt(_connections.Count - 1);
        }
    }

    /// <summary>Gives <paramref name="end"/> those that are stuck at <paramref name="now"/>.</summary>
    public void EndStuck(long now, Action<Connection> end)
    {
        if (now < StuckAt) return;
        StuckAt = Alarm.Never;
        foreach (var connection in _connections)
        {
            if (!connection.IsBlocked || connection.Failed is not null) continue;
            var stuckAt = connection.ProgressAt + stuckLimit;
            if (stuckAt <= now) end(connection);
            else StuckAt = Math.Min(StuckAt, stuckAt);
        }
    }
}
