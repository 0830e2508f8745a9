namespace CandleStream.Load;

/// <summary>Counts latencies in µs with an error of 1.6 % at most. Thread-safe.</summary>
internal sealed class LatencyHistogram
{
    // 64 steps for each doubling, two minutes at most.
    private const int Steps = 64;
    private const int Doublings = 22;
    private const int Last = Steps * Doublings - 1;
    private readonly long[] _counts = new long[Steps * Doublings];

    public long Count => _counts.Sum();

    public void Record(long us) => Interlocked.Increment(ref _counts[IndexOf(Math.Max(0, us))]);

    public void Clear() => Array.Clear(_counts);

    /// <summary>The latency in ms that the given share of all does not exceed.</summary>
    public double PercentileMs(double share)
    {
        var rest = (long)Math.Ceiling(Count * share);
        for (var i = 0; i < _counts.Length; i++)
        {
            rest -= _counts[i];
            if (rest <= 0) return UpperOf(i) / 1000.0;
        }

        return 0;
    }

    private static int IndexOf(long us)
    {
        if (us < Steps) return (int)us;
        // us lies in [64·2^d, 128·2^d): shifted by d it lies in [64, 128), whose offset is the step.
        var doubling = (int)long.Log2(us) - 6;
        return Math.Min(Last, (doubling + 1) * Steps + (int)(us >> doubling) - Steps);
    }

    private static long UpperOf(int index)
    {
        if (index < Steps) return index;
        var doubling = index / Steps - 1;
        return ((long)(index % Steps) + Steps + 1 << doubling) - 1;
    }
}
