using System.Text.Json;
using CandleStream.Providers;

namespace CandleStream.Streaming.Series;

/// <summary>The state of a series' feed in the words of docs/protocol.md: the same in events, in the status route and in metrics.</summary>
public static class SeriesStatusJson
{
    /// <summary>
    /// The properties from <c>state</c> to <c>gaps</c>. <paramref name="now"/> turns the time of the next attempt into a wait.
    /// </summary>
    public static void Write(Utf8JsonWriter json, SeriesStatus status, DateTimeOffset now)
    {
        var feed = status.Feed;
        json.WriteString("state"u8, NameOf(feed.State));
        json.WriteBoolean("connected"u8, status.Connected);
        if (feed.Attempt > 0) json.WriteNumber("attempt"u8, feed.Attempt);
        if (feed.RetryAt is { } retryAt) json.WriteNumber("retry_in_ms"u8, Math.Max(0, (long)(retryAt - now).TotalMilliseconds));
        if (feed.Reason is { } reason) json.WriteString("reason"u8, reason);
        if (feed.PollEvery is { } pollEvery) json.WriteNumber("poll_every_ms"u8, (long)pollEvery.TotalMilliseconds);
        WriteGaps(json, status.Gaps);
    }

    /// <summary>Writes <c>"gaps":[[from,to],…]</c>.</summary>
    public static void WriteGaps(Utf8JsonWriter json, IEnumerable<TimeRange> gaps)
    {
        json.WriteStartArray("gaps"u8);
        foreach (var gap in gaps)
        {
            json.WriteStartArray();
            json.WriteNumberValue(gap.From);
            json.WriteNumberValue(gap.To);
            json.WriteEndArray();
        }

        json.WriteEndArray();
    }

    public static string NameOf(SeriesState state) => state switch
    {
        SeriesState.Connecting => "connecting",
        SeriesState.Live => "live",
        SeriesState.Reconnecting => "reconnecting",
        SeriesState.Polling => "polling",
        SeriesState.Down => "down",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, null),
    };
}
