
namespace CandleStream.Server.Streams.Sending;

/// <summary>
/// The connections of one sender whose clients take no more at the moment. Sockets that nobody watches for us are tried again after 5 ms,
/// then after twice as long each time, up to 100 ms: a client that is only full for a moment goes on at once, a stalled one costs next to
/// nothing. A client that takes nothing for <paramref name="stuckLimit"/> timestamps is stuck. Owned by the sender thread.
/// </summary>
internal sealed class BlockedConnections(long stuckLimit)
{
    private const int FirstDelayMs = 5;
    private const int LastDelayMs = 100;

    private readonly List<Connection> _connections = [];

    /// <summary>No connection is stuck before this timestamp.</summary>
    public long StuckAt { get; private set; } = Alarm.Never;

    public void Add(Connection connection)
    {
        if (!connection.IsListedBlocked)
        {
            connection.IsListedBlocked = true;
            connection.RetryDelayMs = FirstDelayMs;
            _connections.Add(connection);
        }

        connection.RetryAt = Environment.TickCount64 + connection.RetryDelayMs;
        StuckAt = Math.Min(StuckAt, connection.ProgressAt + stuckLimit);
    }

    /// <summary>Forgets those that are blocked no more and gives <paramref name="retry"/> those whose turn it is.</summary>
    public void Visit(Action<Connection> retry)
    {
        var now = Environment.TickCount64;
        for (var i = _connections.Count - 1; i >= 0; i--)
        {
            var connection = _connections[i];
            if (connection.IsBlocked && connection.Failed is null && connection.Output.NeedsRetry && connection.RetryAt <= now)
            {
                connection.RetryDelayMs = Math.Min(connection.RetryDelayMs * 2, LastDelayMs);
                retry(connection);
            }

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

    /// <summary>How long the sender may sleep before a socket wants to be tried again; -1: nobody does.</summary>
    public int NextRetryMs()
    {
        var next = long.MaxValue;
        foreach (var connection in _connections)
        {
            if (connection.Output.NeedsRetry) next = Math.Min(next, connection.RetryAt);
        }

        return next == long.MaxValue ? -1 : (int)Math.Clamp(next - Environment.TickCount64, 1, LastDelayMs);
    }
}
