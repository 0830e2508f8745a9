namespace CandleStream;

/// <summary>
/// Timestamps to come, in timestamps. Every wait is counted by them: the wall clock may be set back by an hour, and nothing would be
/// polled, repaired or connected for as long.
/// </summary>
internal static class Timestamps
{
    /// <summary>The moment so much later than now.</summary>
    public static long In(this TimeProvider time, TimeSpan delay) => time.GetTimestamp() + time.Ticks(delay);

    /// <summary>How long until a moment; zero or less when it has passed.</summary>
    public static TimeSpan Until(this TimeProvider time, long moment) => time.GetElapsedTime(time.GetTimestamp(), moment);

    /// <summary>A span in timestamps.</summary>
    public static long Ticks(this TimeProvider time, TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}
