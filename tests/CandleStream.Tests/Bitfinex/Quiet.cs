namespace CandleStream.Tests.Bitfinex;

/// <summary>Tests in virtual time run alone: they let the clock move only when no work is left, and other tests' work would look like their own.</summary>
[CollectionDefinition(nameof(VirtualTime), DisableParallelization = true)]
public class VirtualTime;

/// <summary>Waits until the process has nothing to do but wait for the clock.</summary>
internal static class Quiet
{
    private const int CalmLooks = 4;
    private const int MostLooks = 100_000;

    public static async Task WaitAsync()
    {
        for (int calm = 0, looks = 0; calm < CalmLooks && looks < MostLooks; looks++)
        {
            await Task.Yield();
            calm = IsBusy() ? 0 : calm + 1;
        }
    }

    private static bool IsBusy()
    {
        if (ThreadPool.PendingWorkItemCount > 0) return true;
        ThreadPool.GetMaxThreads(out var most, out _);
        ThreadPool.GetAvailableThreads(out var idle, out _);
        return most - idle > (Thread.CurrentThread.IsThreadPoolThread ? 1 : 0);
    }
}
