using System.Text.Json;
using CandleStream.Providers;
using CandleStream.Server.Access;
using CandleStream.Server.Streams.Sending;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Streams;

/// <summary><c>GET /candles/stream/status</c>: every open series, lingering and recorded ones too, sorted by key; with a ticket in the path, its series alone.</summary>
internal static class StatusEndpoints
{
    public static void MapCandleStreamStatus(this IEndpointRouteBuilder routes) => routes.MapMethods("/candles/stream/status", ["GET", "HEAD"], AnswerAsync);

    private static async Task AnswerAsync(HttpContext context, CandleStreamService service, ICandleProvider provider, StreamCounters counters, TimeProvider time)
    {
        var now = time.GetUtcNow();
        var hubs = service.Hubs.Where(h => PathTicket.Allows(context, h.Series))
            .OrderBy(h => h.Series.ToString(), StringComparer.Ordinal)
            .Select(h => (Hub: h, h.Subscribers))
            .ToList();
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.Headers.CacheControl = "no-store";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteNumber("active_streams", hubs.Count);
        json.WriteNumber("total_subscribers", hubs.Sum(h => h.Subscribers));
        json.WriteBoolean("simulated", provider.IsSimulated);
        json.WriteStartArray("streams");
        foreach (var (hub, subscribers) in hubs)
        {
            json.WriteStartObject();
            json.WriteString("key", hub.Series.ToString());
            json.WriteNumber("subscribers", subscribers);
            SeriesStatusJson.Write(json, hub.Status, now);
            WriteAge(json, "last_message_age_ms", hub.LastMessageAt, now);
            WriteAge(json, "last_trade_age_ms", hub.LastTradeAt, now);
            WriteNumber(json, "exchange_clock_offset_ms", hub.ExchangeClockOffsetMs);
            WriteLatest(json, hub.Latest);
            json.WriteBoolean("simulated", provider.IsSimulated);
            WriteCounters(json, counters.Of(hub.Series));
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
