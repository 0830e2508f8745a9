namespace CandleStream;

/// <summary>
/// Something that happens once and that many may wait for, each for a limited time. It may be given under a lock: those who wait go on
/// where they began to wait (without a context of theirs on the pool), never on the thread that gives it.
/// </summary>
internal sealed class Signal
{
    private readonly Lock _gate = new();

    // Null once the signal is given.
    private HashSet<TaskCompletionSource<bool>>? _waiting = [];

    public bool IsGiven
    {
        get
        {
            lock (_gate) return _waiting is null;
        }
    }

    public void Give()
    {
        HashSet<TaskCompletionSource<bool>>? waiting;
        lock (_gate) (waiting, _waiting) = (_waiting, null);
        foreach (var waiter in waiting ?? []) waiter.TrySetResult(true);
    }

    /// <summary>True when the signal is given within <paramref name="limit"/>.</summary>
    public async Task<bool> WaitAsync(TimeSpan limit, TimeProvider time, CancellationToken cancel)
    {
        // Not Task.WaitAsync: it takes a turn of the pool before the waiter goes on, also where the waiter has a context.
        var waiter = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_waiting is null) return true;
            _waiting.Add(waiter);
        }

        await using var timer = time.CreateTimer(_ => waiter.TrySetResult(false), null, limit, Timeout.InfiniteTimeSpan);
        await using var cancelling = cancel.UnsafeRegister(_ => waiter.TrySetCanceled(cancel), null);
        try
        {
            return await waiter.Task;
        }
        finally
        {
            lock (_gate) _waiting?.Remove(waiter);
        }
    }
}
