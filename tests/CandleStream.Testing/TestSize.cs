namespace CandleStream.Testing;

/// <summary>Small numbers normally, the full ones with CANDLESTREAM_TEST_FULL=1.</summary>
internal static class TestSize
{
    public static bool IsFull { get; } = Environment.GetEnvironmentVariable("CANDLESTREAM_TEST_FULL") == "1";

    public static int Of(int normal, int full) => IsFull ? full : normal;

    /// <summary>
    /// Cancels the running test after so long, in the normal size: the failure shows where it waited. For tests whose own time limit is
    /// that of the full size; dispose it at their end.
    /// </summary>
    public static IAsyncDisposable EndAfter(TimeSpan normal)
    {
        var test = TestContext.Current;
        return new Timer(_ => test.CancelCurrentTest(), null, IsFull ? Timeout.InfiniteTimeSpan : normal, Timeout.InfiniteTimeSpan);
    }
}
