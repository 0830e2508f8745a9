namespace CandleStream.EndToEndTests.Server;

/// <summary>
/// The end of what tests started: one that never comes would hang the whole run after its last test, and no test would be named.
/// </summary>
internal static class Ending
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <exception cref="TimeoutException">It did not end within two minutes; the message names it.</exception>
    public static async Task OfAsync(string what, IAsyncDisposable it)
    {
        try
        {
            await it.DisposeAsync().AsTask().WaitAsync(Limit);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{what} did not end within {Limit.TotalMinutes} min", late);
        }
    }
}
