using System.Net.Http.Headers;

namespace CandleStream.Client;

/// <summary>How long a server asks to be left alone. It is followed within reason: no busy loop, no sleep for ever.</summary>
internal static class AskedWait
{
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Most = TimeSpan.FromMinutes(1);

    public static TimeSpan Within(long milliseconds) =>
        TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, (long)Least.TotalMilliseconds, (long)Most.TotalMilliseconds));

    /// <summary>What <c>Retry-After</c> says; zero where it says nothing.</summary>
    public static TimeSpan Of(RetryConditionHeaderValue? retryAfter, DateTimeOffset now)
    {
        if (retryAfter is null) return TimeSpan.Zero;
        var wait = retryAfter.Delta ?? retryAfter.Date - now ?? TimeSpan.Zero;
        return Within((long)wait.TotalMilliseconds);
    }
}
