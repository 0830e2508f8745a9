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
    private readonly TaskCompletionSource<SseLive> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Frame Synced { get; } = synced;

    public Task<SseLive> Answer => _answer.Task;

    public void Reply(SseLive answer) => _answer.TrySetResult(answer);
}

/// <summary>What became of a <see cref="LiveCommand"/>.</summary>
internal enum SseLive
{
    /// <summary>Too much waited: the changes must be read again.</summary>
    Overflowed,

    /// <summary>The stream had ended before it was live.</summary>
    Ended,

    /// <summary>It is live: the request waits for its end.</summary>
    Live,

    /// <summary>It is live, and the sender has the socket and all that the stream holds: the request is over.</summary>
    Taken,
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
