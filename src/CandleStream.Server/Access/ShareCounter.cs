using System.Collections.Concurrent;

namespace CandleStream.Server.Access;

/// <summary>Counts places by whose share they are; a share that is not limited is not counted. Thread-safe.</summary>
internal sealed class ShareCounter
{
    private readonly ConcurrentDictionary<ClientShare, int> _places = new();

    /// <summary>Shares with a place; for tests of leaks.</summary>
    public int Count => _places.Count;

    /// <summary>Takes a place, to be given back with <see cref="Leave"/>; false, and none taken, where all are.</summary>
    public bool TryEnter(ClientShare share, int max)
    {
        if (!share.IsLimited || _places.AddOrUpdate(share, 1, static (_, n) => n + 1) <= max) return true;
        Leave(share);
        return false;
    }

    public void Leave(ClientShare share)
    {
        while (_places.TryGetValue(share, out var count))
        {
            var isDone = count == 1 ? _places.TryRemove(new(share, count)) : _places.TryUpdate(share, count - 1, count);
            if (isDone) return;
        }
    }
}
