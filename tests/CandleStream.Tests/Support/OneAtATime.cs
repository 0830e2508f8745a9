namespace CandleStream.Tests.Support;

/// <summary>
/// Runs what a test awaits one piece after the other, so that no outcome depends on which thread runs first, and knows when no piece is
/// left: only then may a clock of the test go on.
/// </summary>
internal sealed class OneAtATime : SynchronizationContext
{
    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly Queue<(SendOrPostCallback Work, object? State)> _work = [];
    private readonly Queue<TaskCompletionSource> _whenIdle = [];
    private bool _isRunning;

    /// <summary>From here on, what the calling test awaits comes back by way of this context.</summary>
    public static OneAtATime Begin()
    {
        var context = new OneAtATime();
        SetSynchronizationContext(context);
        return context;
    }

    /// <summary>For a loop that looks again and again: by way of the pool, so that the loop itself is not work that is left.</summary>
    public static Task LetOthersRunAsync() => Task.Run(static () => { });

    public override void Post(SendOrPostCallback work, object? state)
    {
        lock (_gate)
        {
            _work.Enqueue((work, state));
            if (_isRunning) return;
            _isRunning = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(static context => context.Run(), this, preferLocal: false);
    }

    /// <summary>Completes when nothing else is left to run.</summary>
    public Task IdleAsync()
    {
        var idle = new TaskCompletionSource();
        lock (_gate) _whenIdle.Enqueue(idle);
        // Has the queue looked at, should it be empty already.
        Post(static _ => { }, null);
        return idle.Task;
    }

    private void Run()
    {
        SetSynchronizationContext(this);
        while (true)
        {
            TaskCompletionSource? idle = null;
            (SendOrPostCallback Work, object? State) next = default;
            lock (_gate)
            {
                if (!_work.TryDequeue(out next) && !_whenIdle.TryDequeue(out idle))
                {
                    _isRunning = false;
                    SetSynchronizationContext(null);
                    return;
                }
            }

            if (idle is not null) idle.SetResult();
            else next.Work(next.State);
        }
    }
}
