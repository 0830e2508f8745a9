namespace CandleStream.Server.Access;

/// <summary>Counts open connections, all together and by whose share they are. Thread-safe.</summary>
/// <param name="max">Connections open at once.</param>
/// <param name="maxPerShare">Those of one share that is limited.</param>
internal sealed class ConnectionPlaces(int max, int maxPerShare)
{
    private readonly ShareCounter _shares = new();
    private int _taken;

    /// <summary>Places taken now.</summary>
    public int Taken => Volatile.Read(ref _taken);

    /// <summary>Takes a place; null where there is none.</summary>
    public ConnectionPlace? TryEnter(ClientShare share)
    {
        if (Interlocked.Increment(ref _taken) <= max && _shares.TryEnter(share, maxPerShare)) return new ConnectionPlace(this, share);
        Interlocked.Decrement(ref _taken);
        return null;
    }

    internal void Leave(ClientShare share)
    {
        _shares.Leave(share);
        Interlocked.Decrement(ref _taken);
    }
}

/// <summary>
/// The place of one connection, a feature of it. The web server's connection holds it, and so does the stream that takes its socket: the
/// last of them to let go gives it back. Thread-safe.
/// </summary>
internal sealed class ConnectionPlace(ConnectionPlaces places, ClientShare share)
{
    private int _holders = 1;

    /// <summary>Only while somebody holds it.</summary>
    public void Hold() => Interlocked.Increment(ref _holders);

    public void LetGo()
    {
        if (Interlocked.Decrement(ref _holders) == 0) places.Leave(share);
    }
}
