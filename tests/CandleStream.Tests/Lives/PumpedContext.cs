namespace CandleStream.Tests.Lives;

/// <summary>
/// Runs all that a server awaits on the test's one thread, in the order in which it became ready: the same seed makes the same run.
/// </summary>
internal sealed class PumpedContext : SynchronizationContext
{
    private readonly Queue<(SendOrPostCallback Work, object? State)> _ready = new();

    /// <summary>The process was killed: nothing of it goes on.</summary>
    public bool IsDead { get; set; }

    public override void Post(SendOrPostCallback d, object? state)
    {
        lock (_ready) _ready.Enqueue((d, state));
    }

    /// <summary>Runs <paramref name="work"/>, and then all that it made ready.</summary>
    public void Run(Action work)
    {
        if (IsDead) return;
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            work();
            while (Next() is { } next) next.Work(next.State);
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    /// <summary>Runs <paramref name="work"/> as it would run outside of any server.</summary>
    public static T Outside<T>(Func<Task<T>> work)
    {
        var before = Current;
        SetSynchronizationContext(null);
        try
        {
            return work().GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    public override SynchronizationContext CreateCopy() => this;

    private (SendOrPostCallback Work, object? State)? Next()
    {
        lock (_ready) return _ready.TryDequeue(out var next) ? next : null;
    }
}
