namespace CandleStream.EndToEndTests.Stream;

/// <summary>Waits for something that another thread does; only the test's time limit ends it otherwise.</summary>
internal static class Eventually
{
    public static async Task TrueAsync(Func<bool> condition)
    {
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!condition()) await look.WaitForNextTickAsync(TestContext.Current.CancellationToken);
    }
}
