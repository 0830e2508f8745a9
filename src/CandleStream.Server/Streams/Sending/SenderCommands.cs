using CandleStream.Server.Streams.Events;

namespace CandleStream.Server.Streams.Sending;

/// <summary>
/// Registers a connection as joining: from the answer on, everything with a rev above it waits for the connection. Repeated after an
/// overflow.
/// </summary>
internal sealed class JoinCommand(Connection connection) : SseCommand(connection)
{
    private readonly TaskCompletionSource<Rev?> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The counter's value at the seam; null when the connection has ended.</summary>
    public Task<Rev?> Answer => _answer.Task;

    public void Reply(Rev? rev) => _answer.TrySetResult(rev);
}

/// <summary>The part before <c>synced</c> is sent: <c>synced</c>, what waits, and then live.</summary>
internal sealed class LiveCommand(Connection connection, Frame synced) : SseCommand(connection)
{
    private readonly TaskCompletionSource<bool> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Frame Synced { get; } = synced;

    /// <summary>False when too much waited: the changes must be read again.</summary>
    public Task<bool> Answer => _answer.Task;

    public void Reply(bool isLive) => _answer.TrySetResult(isLive);
}

/// <summary>The client left.</summary>
internal sealed class LeaveCommand(Connection connection) : SseCommand(connection);

/// <summary>The output of the connection is ready again.</summary>
internal sealed class ReadyCommand(Connection connection) : SseCommand(connection);

/// <summary>What a request has to say to the sender of its connection.</summary>
internal abstract class SseCommand(Connection connection)
{
    public Connection Connection { get; } = connection;
}
