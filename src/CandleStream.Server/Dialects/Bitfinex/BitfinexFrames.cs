using System.Text.Json;
using CandleStream.Server.Doors;

namespace CandleStream.Server.Dialects.Bitfinex;

/// <summary>The objects of the exchange's socket. Source: Bitfinex documentation, ws-general and ws-public.</summary>
internal static class BitfinexFrames
{
    public static byte[] Greeting(bool isSimulated, bool isOperative) => JsonBytes.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("event", "info");
        json.WriteNumber("version", 2);
        json.WriteString("serverId", Guid.NewGuid());
        json.WriteStartObject("platform");
        json.WriteNumber("status", isOperative ? 1 : 0);
        json.WriteEndObject();
        // Nobody may take invented prices for real ones, whatever language he speaks.
        if (isSimulated) json.WriteString("simulator", "CandleStream");
        json.WriteEndObject();
    });

    public static byte[] Stopping() => Event("info", json =>
    {
        json.WriteNumber("code", 20051);
        json.WriteString("msg", "Stopping. Please try to reconnect");
    });

    public static byte[] Pong(long now, JsonElement request) => Event("pong", json =>
    {
        json.WriteNumber("ts", now);
        if (request.TryGetProperty("cid", out var cid)) Copy(json, "cid", cid);
    });

    public static byte[] Configured(long flags) => Event("conf", json =>
    {
        json.WriteString("status", "OK");
        json.WriteNumber("flags", flags);
    });

    public static byte[] Subscribed(int id, string key, JsonElement request) => Event("subscribed", json =>
    {
        json.WriteString("channel", "candles");
        json.WriteNumber("chanId", id);
        json.WriteString("key", key);
        if (request.TryGetProperty("subId", out var subId)) Copy(json, "subId", subId);
    });

    public static byte[] Unsubscribed(int id) => Event("unsubscribed", json =>
    {
        json.WriteString("status", "OK");
        json.WriteNumber("chanId", id);
    });

    /// <summary>An error, with the request's own fields beside it.</summary>
    public static byte[] Error(int code, string text, JsonElement request, int? channelId = null) => Event("error", json =>
    {
        json.WriteString("msg", text);
        json.WriteNumber("code", code);
        if (channelId is { } id) json.WriteNumber("chanId", id);
        foreach (var name in (ReadOnlySpan<string>)["channel", "key", "symbol", "subId", "chanId", "flags", "pair"])
            if ((name != "chanId" || channelId is null) && request.TryGetProperty(name, out var field)) Copy(json, name, field);
    });

    public static string? Text(JsonElement request, string name) =>
        request.TryGetProperty(name, out var field) && field.ValueKind == JsonValueKind.String ? field.GetString() : null;

    private static byte[] Event(string name, Action<Utf8JsonWriter> write) => JsonBytes.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("event", name);
        write(json);
        json.WriteEndObject();
    });

    private static void Copy(Utf8JsonWriter json, string name, JsonElement value)
    {
        json.WritePropertyName(name);
        value.WriteTo(json);
    }
}
