namespace CandleStream.Streaming.Series;

/// <summary>
/// When a range was asked for last, and how long it waits for its next turn: longer and longer while the answer does not help.
/// </summary>
internal readonly record struct AskedBefore(long At, TimeSpan Wait)
{
    public static readonly TimeSpan First = TimeSpan.FromSeconds(5);

    /// <summary>What the exchange cannot tell it may tell one day; until then its budget is for others.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    /// <summary>Answered once more without being told what is missing.</summary>
    public AskedBefore Again(TimeProvider time) =>
        new(time.GetTimestamp(), Wait == TimeSpan.Zero ? First : Wait * 2 < Longest ? Wait * 2 : Longest);

    public TimeSpan Left(TimeProvider time) => Wait - time.GetElapsedTime(At);
}
