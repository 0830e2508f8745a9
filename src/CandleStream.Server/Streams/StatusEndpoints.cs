using System.Text.Json;
using CandleStream.Providers;
using CandleStream.Server.Access;
using CandleStream.Server.Streams.Sending;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Streams;

/// <summary>
/// <c>GET /candles/stream/status</c>: every open series, lingering and recorded ones too, sorted by key; with a ticket in the path, its
/// series alone.
/// </summary>
internal static class StatusEndpoints
{
    public static void MapCandleStreamStatus(this IEndpointRouteBuilder routes) =>
        routes.MapMethods("/candles/stream/status", ["GET", "HEAD"], AnswerAsync);

    private static async Task AnswerAsync(
        HttpContext context, ISeriesHome home, ICandleProvider provider, StreamCounters counters, TimeProvider time)
    {
        var now = time.GetUtcNow();
        var open = home.OpenSeries.Where(s => PathTicket.Allows(context, s.Key))
            .OrderBy(s => s.Key.ToString(), StringComparer.Ordinal)
            .Select(s => (Series: s, s.Subscribers))
            .ToList();
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteNumber("active_streams", open.Count);
        json.WriteNumber("total_subscribers", open.Sum(s => s.Subscribers));
        json.WriteBoolean("simulated", provider.IsSimulated);
        json.WriteStartArray("streams");
        foreach (var (series, subscribers) in open)
        {
            json.WriteStartObject();
            json.WriteString("key", series.Key.ToString());
            json.WriteNumber("subscribers", subscribers);
            SeriesStatusJson.Write(json, series.Status, now);
            WriteAge(json, "last_message_age_ms", series.LastMessageAt, now);
            WriteAge(json, "last_trade_age_ms", series.LastTradeAt, now);
            WriteNumber(json, "exchange_clock_offset_ms", series.ExchangeClockOffsetMs);
            WriteLatest(json, series.Latest);
            json.WriteBoolean("simulated", provider.IsSimulated);
            WriteCounters(json, counters.Of(series.Key));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteCounters(Utf8JsonWriter json, SseSeriesCounters counters)
    {
        json.WriteNumber("conflated", counters.Conflated);
        json.WriteNumber("slow_closed", counters.SlowClosed);
        json.WriteNumber("resumed", counters.Resumed);
        json.WriteNumber("reset", counters.Reset);
    }

    private static void WriteLatest(Utf8JsonWriter json, CandleUpdate? latest)
    {
        json.WritePropertyName("latest");
        if (latest is null) json.WriteNullValue();
        else CandleJson.Write(json, latest.Candle);
    }

    private static void WriteAge(Utf8JsonWriter json, string name, DateTimeOffset? at, DateTimeOffset now) =>
        WriteNumber(json, name, at is null ? null : Milliseconds(now - at.Value));

    private static void WriteNumber(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number) json.WriteNumber(name, number);
        else json.WriteNull(name);
    }

    private static long Milliseconds(TimeSpan span) => Math.Max(0, (long)span.TotalMilliseconds);
}
