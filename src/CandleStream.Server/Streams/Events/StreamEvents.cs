using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Unicode;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Streams.Events;

/// <summary>Encodes every event of the stream (docs/protocol.md). Pure: the same input gives the same bytes.</summary>
internal static class StreamEvents
{
    private const int MaxKeptBuffer = 64 * 1024;
    private const int MinByeRetryMs = 500;
    private const int MaxByeRetryMs = 8000;

    [ThreadStatic] private static ArrayBufferWriter<byte>? _buffer;
    [ThreadStatic] private static Utf8JsonWriter? _json;

    private static ReadOnlySpan<byte> EventEnd => "\n\n"u8;

    /// <summary>How long a client waits before it comes back after a cut.</summary>
    public static Frame Retry(int retryMs)
    {
        Span<byte> text = stackalloc byte[32];
        return Frame.Of(Format(text, $"retry: {retryMs}\n\n"));
    }

    /// <summary>The first event of every stream.</summary>
    public static Frame Hello(long serverTime, TimeSpan heartbeat, IEnumerable<SeriesKey> series, bool simulated)
    {
        var json = BeginData();
        json.WriteNumber("server_time"u8, serverTime);
        json.WriteNumber("heartbeat_ms"u8, (long)heartbeat.TotalMilliseconds);
        json.WriteStartArray("series"u8);
        foreach (var key in series) json.WriteStringValue(key.ToString());
        json.WriteEndArray();
        json.WriteBoolean("simulated"u8, simulated);
        return EndData("event: hello\ndata: "u8);
    }

    /// <summary>What the feed of a series is doing. <paramref name="now"/> turns the time of the next attempt into a wait.</summary>
    public static Frame Status(SeriesStatus status, DateTimeOffset now)
    {
        var json = BeginData();
        json.WriteString("series"u8, status.Series.ToString());
        SeriesStatusJson.Write(json, status, now);
        return EndData("event: status\ndata: "u8);
    }

    /// <summary>A candle that a returning client missed: without an id, so that a cut before <c>synced</c> repeats the resume.</summary>
    public static Frame MissedCandle(SeriesKey series, in Candle candle) =>
        Frame.Of("data: "u8, CandleJson.Encode(series, candle), EventEnd);

    /// <summary>Candles of a series, oldest first. Without an id, like everything before <c>synced</c>.</summary>
    public static Frame Snapshot(SeriesKey series, IReadOnlyList<Candle> candles)
    {
        var json = BeginData();
        json.WriteString("series"u8, series.ToString());
        json.WriteStartArray("candles"u8);
        for (var i = 0; i < candles.Count; i++) CandleJson.Write(json, candles[i]);
        json.WriteEndArray();
        return EndData("event: snapshot\ndata: "u8);
    }

    /// <summary>The seam: everything up to <paramref name="asOf"/> was sent.</summary>
    public static Frame Synced(Rev asOf, IEnumerable<(SeriesKey Series, JoinMode Mode)> series)
    {
        var json = BeginData();
        json.WriteNumber("asof"u8, asOf.Value);
        json.WriteStartObject("series"u8);
        foreach (var (key, mode) in series) json.WriteString(key.ToString(), NameOf(mode));
        json.WriteEndObject();
        Span<byte> head = stackalloc byte[64];
        return EndData(Format(head, $"event: synced\nid: {asOf.Value}\ndata: "));
    }

    /// <summary>A candle; unnamed, so that a browser's <c>onmessage</c> gets it.</summary>
    public static Frame Candle(CandleUpdate update)
    {
        Span<byte> head = stackalloc byte[40];
        return Frame.Of(Format(head, $"id: {update.Rev.Value}\ndata: "), update.Json.Span, EventEnd);
    }

    /// <summary>What changed of a forming candle since <paramref name="from"/>, a version of the same candle.</summary>
    public static Frame Delta(SeriesKey series, in Candle from, in Candle to)
    {
        var json = BeginData();
        json.WriteString("series"u8, series.ToString());
        json.WriteNumber("time"u8, to.Time);
        json.WriteNumber("rev"u8, to.Rev.Value);
        json.WriteNumber("base"u8, from.Rev.Value);
        if (to.Open != from.Open) json.WriteNumber("open"u8, to.Open);
        if (to.High != from.High) json.WriteNumber("high"u8, to.High);
        if (to.Low != from.Low) json.WriteNumber("low"u8, to.Low);
        if (to.Close != from.Close) json.WriteNumber("close"u8, to.Close);
        if (to.Volume != from.Volume) json.WriteNumber("volume"u8, to.Volume);
        if (to.Figures != from.Figures) CandleJson.WriteFigures(json, to.Figures);
        Span<byte> head = stackalloc byte[56];
        return EndData(Format(head, $"event: delta\nid: {to.Rev.Value}\ndata: "));
    }

    /// <summary>A sign of life for clients to watch; one frame for everybody.</summary>
    public static Frame Heartbeat(long serverTime)
    {
        Span<byte> text = stackalloc byte[80];
        return Frame.Of(Format(text, $"event: heartbeat\ndata: {{\"server_time\":{serverTime}}}\n\n"));
    }

    /// <summary>
    /// The server stops; the client comes back to the next server or the restarted one after a time that is drawn anew for each, so that
    /// not all come at once.
    /// </summary>
    public static Frame Bye() => Bye(Random.Shared.Next(MinByeRetryMs, MaxByeRetryMs + 1));

    /// <summary>The same with a given time.</summary>
    public static Frame Bye(int retryMs)
    {
        Span<byte> text = stackalloc byte[120];
        return Frame.Of(Format(text, $"event: bye\ndata: {{\"reason\":\"shutdown\",\"retry_ms\":{retryMs}}}\nretry: {retryMs}\n\n"));
    }

    private static string NameOf(JoinMode mode) => mode switch
    {
        JoinMode.Fresh => "fresh",
        JoinMode.Resumed => "resumed",
        JoinMode.Reset => "reset",
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, null),
    };

    private static Utf8JsonWriter BeginData()
    {
        var buffer = _buffer ??= new ArrayBufferWriter<byte>(512);
        buffer.ResetWrittenCount();
        var json = _json ??= new Utf8JsonWriter(buffer);
        json.Reset();
        json.WriteStartObject();
        return json;
    }

    private static Frame EndData(ReadOnlySpan<byte> head)
    {
        _json!.WriteEndObject();
        _json.Flush();
        var frame = Frame.Of(head, _buffer!.WrittenSpan, EventEnd);

        // A large snapshot must not leave its buffer behind on every pool thread.
        if (_buffer.Capacity > MaxKeptBuffer) (_buffer, _json) = (null, null);
        return frame;
    }

    private static ReadOnlySpan<byte> Format(
        Span<byte> into, [InterpolatedStringHandlerArgument(nameof(into))] ref Utf8.TryWriteInterpolatedStringHandler text) =>
        Utf8.TryWrite(into, ref text, out var written)
            ? into[..written]
            : throw new ArgumentException("The text does not fit.", nameof(into));
}
