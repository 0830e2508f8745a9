using System.Text.Json;

namespace CandleStream.Client;

/// <summary>What a stream can say (docs/protocol.md).</summary>
internal abstract record StreamEvent
{
    // What a server asks for is followed within reason: neither a busy loop nor a sleep for ever.
    private const long MinHeartbeatMs = 100, MaxHeartbeatMs = 600_000;

    public sealed record Hello(TimeSpan Heartbeat, bool? Simulated) : StreamEvent;

    public sealed record Status(SeriesKey Series, string State, string? Reason) : StreamEvent;

    public sealed record Snapshot(SeriesKey Series, IReadOnlyList<Candle> Candles) : StreamEvent;

    /// <summary>The seam, with the series that must be forgotten first.</summary>
    public sealed record Synced(IReadOnlyList<SeriesKey> Reset) : StreamEvent;

    public sealed record Whole(SeriesKey Series, Candle Candle) : StreamEvent;

    public sealed record Delta(SeriesKey Series, long Time, Rev Base, JsonElement Changes) : StreamEvent;

    public sealed record Bye(TimeSpan RetryAfter) : StreamEvent;

    /// <summary>A heartbeat, or an event of a later version: a sign of life.</summary>
    public sealed record Other : StreamEvent;

    /// <exception cref="InvalidDataException">The event is not what the protocol says.</exception>
    public static StreamEvent Parse(string type, ReadOnlySpan<byte> data)
    {
        try
        {
            return type switch
            {
                "message" => ReadWhole(JsonElement.Parse(data)),
                "delta" => ReadDelta(JsonElement.Parse(data)),
                "snapshot" => ReadSnapshot(JsonElement.Parse(data)),
                "synced" => ReadSynced(JsonElement.Parse(data)),
                "status" => ReadStatus(JsonElement.Parse(data)),
                "hello" => ReadHello(JsonElement.Parse(data)),
                "bye" => new Bye(AskedWait.Within(JsonElement.Parse(data).GetProperty("retry_ms").GetInt64())),
                _ => new Other(),
            };
        }
        catch (Exception e) when (IsGarbled(e))
        {
            throw new InvalidDataException($"the event {type} is garbled: {e.Message}", e);
        }
    }

    /// <summary>How reading fails where JSON is cut, or another than expected.</summary>
    public static bool IsGarbled(Exception e) => e is JsonException or FormatException or KeyNotFoundException or InvalidOperationException;

    private static Hello ReadHello(JsonElement json) => new(
        TimeSpan.FromMilliseconds(Math.Clamp(json.GetProperty("heartbeat_ms").GetInt64(), MinHeartbeatMs, MaxHeartbeatMs)),
        json.TryGetProperty("simulated", out var simulated) ? simulated.GetBoolean() : null);

    private static Whole ReadWhole(JsonElement json) =>
        new(SeriesKey.Parse($"{json.GetProperty("symbol").GetString()}:{json.GetProperty("timeframe").GetString()}"),
            CandleReader.Read(json));

    private static Delta ReadDelta(JsonElement json) =>
        new(SeriesOf(json), json.GetProperty("time").GetInt64(), new Rev(json.GetProperty("base").GetInt64()), json);

    private static Snapshot ReadSnapshot(JsonElement json) =>
        new(SeriesOf(json), [.. json.GetProperty("candles").EnumerateArray().Select(CandleReader.Read)]);

    private static Synced ReadSynced(JsonElement json) =>
        new([.. json.GetProperty("series").EnumerateObject().Where(mode => mode.Value.GetString() == "reset")
            .Select(mode => SeriesKey.Parse(mode.Name))]);

    private static Status ReadStatus(JsonElement json) =>
        new(SeriesOf(json), json.GetProperty("state").GetString() ?? "",
            json.TryGetProperty("reason", out var reason) ? reason.GetString() : null);

    private static SeriesKey SeriesOf(JsonElement json) => SeriesKey.Parse(json.GetProperty("series").GetString() ?? "");
}
