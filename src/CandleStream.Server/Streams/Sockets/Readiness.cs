using System.Threading.Tasks.Sources;

namespace CandleStream.Server.Streams.Sockets;

/// <summary>
/// A signal that one waiter awaits again and again: forget it, try, and wait where trying did not help. A signal that came since it was
/// forgotten ends the wait at once. <see cref="Signal"/> is for any thread, the rest for the waiter.
/// </summary>
/// <param name="isInline">True: the waiter goes on within the call of <see cref="Signal"/>; false: on the pool.</param>
internal sealed class Readiness(bool isInline = false) : IValueTaskSource
{
    private const int None = 0;
    private const int Ready = 1;
    private const int Waiting = 2;

    private ManualResetValueTaskSourceCore<bool> _core = new() { RunContinuationsAsynchronously = !isInline };
    private int _state;

    public void Forget() => Volatile.Write(ref _state, None);

    public ValueTask WaitAsync()
    {
        _core.Reset();
        return Interlocked.CompareExchange(ref _state, Waiting, None) == None ? new ValueTask(this, _core.Version) : default;
    }

    public void Signal()
    {
        if (Interlocked.Exchange(ref _state, Ready) == Waiting) _core.SetResult(true);
    }

    void IValueTaskSource.GetResult(short token) => _core.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _core.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);
}
