namespace CandleStream.Simulator;

/// <summary>What clients did so far, for tests that must prove what a client did not do. Bounded: the newest entries are kept.</summary>
public sealed class ConnectionLog
{
    private const int Kept = 20_000;

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly Queue<ConnectionAttempt> _connects = new();
    private readonly Queue<SubscriptionChange> _changes = new();

    internal ConnectionLog(TimeProvider time) => _time = time;

    /// <summary>Every upgrade asked for, oldest first.</summary>
    public IReadOnlyList<ConnectionAttempt> Connects
    {
        get
        {
            lock (_gate)
                return [.. _connects];
        }
    }

    /// <summary>Every channel opened and closed, oldest first; a connection that ends closes its channels.</summary>
    public IReadOnlyList<SubscriptionChange> Changes
    {
        get
        {
            lock (_gate)
                return [.. _changes];
        }
    }

    internal void Connect(bool accepted) => Keep(_connects, new ConnectionAttempt(_time.GetUtcNow(), accepted));

    internal void Subscribe(int connection, int channelId, string key) =>
        Keep(_changes, new SubscriptionChange(_time.GetUtcNow(), true, connection, channelId, key));

    internal void Unsubscribe(int connection, int channelId, string key, bool asked) =>
        Keep(_changes, new SubscriptionChange(_time.GetUtcNow(), false, connection, channelId, key, asked));

    private void Keep<T>(Queue<T> queue, T entry)
    {
        lock (_gate)
        {
            if (queue.Count == Kept)
                queue.Dequeue();
            queue.Enqueue(entry);
        }
    }
}

/// <summary>One upgrade asked for, on the real clock.</summary>
public readonly record struct ConnectionAttempt(DateTimeOffset At, bool Accepted);

/// <summary>
/// A channel opened (<c>Subscribed</c>) or closed; <c>Asked</c> when the client closed it by an unsubscribe, not by ending the connection.
/// </summary>
public readonly record struct SubscriptionChange(
    DateTimeOffset At, bool Subscribed, int Connection, int ChannelId, string Key, bool Asked = true);
