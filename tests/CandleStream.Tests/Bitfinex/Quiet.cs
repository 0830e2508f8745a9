using System.Diagnostics;

namespace CandleStream.Tests.Bitfinex;

/// <summary>
/// Tests in virtual time run alone: they let the clock move only when no work is left, and other tests' work would look like their own.
/// </summary>
[CollectionDefinition(nameof(VirtualTime), DisableParallelization = true)]
public class VirtualTime;

/// <summary>Waits until the process has nothing to do but wait for the clock.</summary>
internal static class Quiet
{
    private const int CalmLooks = 4;
    private const int CalmSpins = 50;

    // A thread that is busy for a moment, as the platform's are while they print, must not be taken for one that is busy for good.
    private static readonly TimeSpan LongestCalibration = TimeSpan.FromMilliseconds(200);

    // The test platform may keep threads of the pool for itself: what is busy at rest is not ours.
    private static int _busyAtRest = int.MaxValue;

    /// <summary>
    /// Looks how busy the process is before the test does anything. Anew for each: the platform may have taken a thread again that it had
    /// given back.
    /// </summary>
    public static void Calibrate()
    {
        // Continuations on the test's own context would wait until nobody looks.
        SynchronizationContext.SetSynchronizationContext(null);
        var least = BusyThreads();
        var began = Stopwatch.GetTimestamp();
        while (least > 0 && Stopwatch.GetElapsedTime(began) < LongestCalibration)
        {
            Thread.Yield();
            least = Math.Min(least, BusyThreads());
        }

        _busyAtRest = least;
    }

    public static Task WaitAsync(CancellationToken cancel) => WaitAsync(static () => false, cancel);

    /// <summary>
    /// The same, and for threads that are not the pool's: <paramref name="isBusyElsewhere"/> is asked in turn with it, for each gives the
    /// other work.
    /// </summary>
    public static async Task WaitAsync(Func<bool> isBusyElsewhere, CancellationToken cancel)
    {
        await Task.Yield();

        // Looking on without awaiting: an await would itself be work for the pool.
        for (var calm = 0; calm < CalmLooks && !cancel.IsCancellationRequested;)
        {
            calm = IsBusy() || isBusyElsewhere() ? 0 : calm + 1;
            if (calm == 0) Thread.Yield();
            else Thread.SpinWait(CalmSpins);
        }
    }

    private static bool IsBusy()
    {
        if (ThreadPool.PendingWorkItemCount > 0) return true;
        var busy = BusyThreads();
        _busyAtRest = Math.Min(_busyAtRest, busy);
        return busy > _busyAtRest;
    }

    private static int BusyThreads()
    {
        ThreadPool.GetMaxThreads(out var most, out _);
        ThreadPool.GetAvailableThreads(out var idle, out _);
        return most - idle - (Thread.CurrentThread.IsThreadPoolThread ? 1 : 0);
    }
}
