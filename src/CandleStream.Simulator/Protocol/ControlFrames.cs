using System.Buffers;
using System.Text.Json;

namespace CandleStream.Simulator.Protocol;

/// <summary>Writes the frames that are JSON objects with an <c>event</c>.</summary>
internal static class ControlFrames
{
    public static byte[] Greeting(SimulatorOptions options, bool operative) => Write("info", json =>
    {
        json.WriteNumber("version", 2);
        json.WriteString("serverId", Guid.NewGuid());
        json.WriteStartObject("platform");
        json.WriteNumber("status", operative ? 1 : 0);
        json.WriteEndObject();
        json.WriteString("simulator", "CandleStream");
        json.WriteNumber("seed", options.Seed);
    });

    public static byte[] Info(int code, string message) => Write("info", json =>
    {
        json.WriteNumber("code", code);
        json.WriteString("msg", message);
    });

    public static byte[] Pong(long marketTime, JsonElement? cid) => Write("pong", json =>
    {
        json.WriteNumber("ts", marketTime);
        if (cid is { } id)
        {
            json.WritePropertyName("cid");
            id.WriteTo(json);
        }
    });

    public static byte[] Configured(long flags) => Write("conf", json =>
    {
        json.WriteString("status", "OK");
        json.WriteNumber("flags", flags);
    });

    public static byte[] Subscribed(int channelId, string key, JsonElement? subId) => Write("subscribed", json =>
    {
        json.WriteString("channel", "candles");
        json.WriteNumber("chanId", channelId);
        json.WriteString("key", key);
        if (subId is { } id)
        {
            json.WritePropertyName("subId");
            id.WriteTo(json);
        }
    });

    public static byte[] Unsubscribed(int channelId) => Write("unsubscribed", json =>
    {
        json.WriteString("status", "OK");
        json.WriteNumber("chanId", channelId);
    });

    /// <summary>
    /// An error carries the request's own fields; <paramref name="channelId"/> is that of an earlier subscription (10301).
    /// </summary>
    public static byte[] Error(int code, string message, JsonElement request, int? channelId = null) => Write("error", json =>
    {
        json.WriteString("msg", message);
        json.WriteNumber("code", code);
        foreach (var field in request.EnumerateObject())
        {
            if (field.Name is not ("event" or "msg" or "code") && !(field.Name == "chanId" && channelId is not null))
                field.WriteTo(json);
        }
        if (channelId is { } id)
            json.WriteNumber("chanId", id);
    });

    private static byte[] Write(string name, Action<Utf8JsonWriter> fields)
    {
        var text = new ArrayBufferWriter<byte>(192);
        using (var json = new Utf8JsonWriter(text))
        {
            json.WriteStartObject();
            json.WriteString("event", name);
            fields(json);
            json.WriteEndObject();
        }
        return text.WrittenSpan.ToArray();
    }
}
