namespace CandleStream.Simulator.Rest;

/// <summary>Which REST calls were made, how often and when: tests prove budgets with it. Bounded: the newest calls are kept.</summary>
public sealed class RestCallLog
{
    private const int Kept = 20_000;

    private readonly Lock _gate = new();
    private readonly Queue<RestCall> _calls = new();
    private long _total;

    /// <summary>All calls since the start, refused ones included.</summary>
    public long Total => Interlocked.Read(ref _total);

    /// <summary>The calls, oldest first.</summary>
    public IReadOnlyList<RestCall> Calls
    {
        get
        {
            lock (_gate)
                return [.. _calls];
        }
    }

    /// <summary>How many calls were made to a path such as <c>/v2/conf/pub:list:pair:exchange</c>, whatever their query.</summary>
    public int Count(string path) => Calls.Count(call => call.Path == path);

    internal void Add(RestCall call)
    {
        Interlocked.Increment(ref _total);
        lock (_gate)
        {
            if (_calls.Count == Kept)
                _calls.Dequeue();
            _calls.Enqueue(call);
        }
    }
}

/// <summary>One call; <c>At</c> is on the real clock, <c>Query</c> without its question mark.</summary>
public readonly record struct RestCall(DateTimeOffset At, string Path, string Query, int Status);
