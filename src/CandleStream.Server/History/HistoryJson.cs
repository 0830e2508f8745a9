using System.Text.Json;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.History;

/// <summary>
/// The JSON form of <c>GET /candles</c>, written straight into the response: ten thousand candles are held once, not twice.
/// </summary>
internal static class HistoryJson
{
    /// <summary>Bytes between two flushes.</summary>
    private const int FlushAt = 32 * 1024;

    public static async Task WriteAsync(HttpResponse response, HistoryAnswer answer, CancellationToken cancel)
    {
        response.ContentType = "application/json; charset=utf-8";
        await using var json = new Utf8JsonWriter(response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("symbol", answer.Series.Symbol);
        json.WriteString("timeframe", answer.Series.Timeframe.Name);
        json.WriteStartArray("candles");
        var flushed = 0L;
        for (var i = 0; i < answer.Candles.Count; i++)
        {
            CandleJson.Write(json, answer.Candles[i]);
            // What the writer calls pending is only what it has not handed on to the response, which keeps it until it is flushed.
            if (json.BytesCommitted + json.BytesPending - flushed < FlushAt) continue;
            await json.FlushAsync(cancel);
            await response.BodyWriter.FlushAsync(cancel);
            flushed = json.BytesCommitted;
        }

        json.WriteEndArray();
        json.WriteNumber("asof", answer.AsOf.Value);
        SeriesStatusJson.WriteGaps(json, answer.Gaps);
        if (answer.Next is { } next) json.WriteNumber("next", next);
        else json.WriteNull("next");
        if (answer.Oldest is { } oldest) json.WriteNumber("oldest", oldest);
        if (answer.Reset) json.WriteBoolean("reset", true);
        json.WriteEndObject();
    }
}
