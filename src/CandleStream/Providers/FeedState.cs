namespace CandleStream.Providers;

/// <summary>What a series' feed is doing.</summary>
public enum SeriesState
{
    /// <summary>Never live yet.</summary>
    Connecting,

    /// <summary>Acknowledged, and a frame on its channel within 35 s.</summary>
    Live,

    /// <summary>Was live; trying again.</summary>
    Reconnecting,

    /// <summary>Push is off after five failed attempts; the last REST poll worked.</summary>
    Polling,

    /// <summary>Polling fails too, or the exchange refused the series.</summary>
    Down,
}

/// <summary>The state of a feed and what comes next.</summary>
/// <param name="State">What the feed is doing.</param>
/// <param name="Attempt">Which attempt to reconnect is under way or waited for; 0 while live.</param>
/// <param name="RetryAt">When the next attempt starts (our clock).</param>
/// <param name="Reason">Why it is not live, in words for people.</param>
/// <param name="PollEvery">The real interval between polls of this series, while polling.</param>
public sealed record FeedState(
    SeriesState State, int Attempt = 0, DateTimeOffset? RetryAt = null, string? Reason = null, TimeSpan? PollEvery = null);
