using System.Text.Json;

namespace CandleStream.Exchanges.Bitfinex;

/// <summary>Reads the exchange's object messages (<c>{"event":…}</c>); unknown fields are skipped.</summary>
internal static class BitfinexEventReader
{
    // Texts end up in logs and in the reasons that clients see: nobody needs more of them.
    private const int MaxText = 200;

    /// <summary>Reads the object that the reader stands on, to its closing brace.</summary>
    public static BitfinexFrame Read(ref Utf8JsonReader json)
    {
        var kind = FrameKind.Unknown;
        var content = new BitfinexEvent();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("event"u8)) kind = ReadKind(ref json);
            else if (json.ValueTextEquals("version"u8)) content = content with { Version = ReadInt(ref json) };
            else if (json.ValueTextEquals("platform"u8)) content = content with { PlatformStatus = ReadPlatformStatus(ref json) };
            else if (json.ValueTextEquals("simulator"u8)) content = content with { IsSimulator = ReadText(ref json) is { Length: > 0 } };
            else if (json.ValueTextEquals("code"u8)) content = content with { Code = ReadInt(ref json) };
            else if (json.ValueTextEquals("msg"u8)) content = content with { Message = ReadText(ref json) };
            else if (json.ValueTextEquals("key"u8)) content = content with { Key = ReadText(ref json) };
            else if (json.ValueTextEquals("chanId"u8)) content = content with { ChannelId = ReadInt(ref json) };
            else if (json.ValueTextEquals("flags"u8)) content = content with { Flags = ReadInt(ref json) };
            else if (json.ValueTextEquals("status"u8)) content = content with { Status = ReadText(ref json) };
            else if (json.ValueTextEquals("ts"u8)) content = content with { Time = ReadTime(ref json) };
            else SkipValue(ref json);
        }

        return new BitfinexFrame(IsComplete(kind, content) ? kind : FrameKind.Malformed, Event: content);
    }

    // An acknowledgement without its channel, or a data channel numbered 0 (the account's), can mean nothing.
    private static bool IsComplete(FrameKind kind, BitfinexEvent content) => kind switch
    {
        FrameKind.Subscribed or FrameKind.Unsubscribed => content.ChannelId is > 0,
        FrameKind.Info => content.Version is not null || content.Code is not null,
        _ => true,
    };

    private static FrameKind ReadKind(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.String)
        {
            json.Skip();
            return FrameKind.Malformed;
        }

        return json switch
        {
            _ when json.ValueTextEquals("info"u8) => FrameKind.Info,
            _ when json.ValueTextEquals("subscribed"u8) => FrameKind.Subscribed,
            _ when json.ValueTextEquals("unsubscribed"u8) => FrameKind.Unsubscribed,
            _ when json.ValueTextEquals("error"u8) => FrameKind.Error,
            _ when json.ValueTextEquals("conf"u8) => FrameKind.Conf,
            _ when json.ValueTextEquals("pong"u8) => FrameKind.Pong,
            _ => FrameKind.Unknown,
        };
    }

    // The exchange's own clients have sent ids as text; a number in quotes is a number.
    private static int? ReadInt(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.Number) return json.TryGetInt32(out var number) ? number : null;
        if (json.TokenType == JsonTokenType.String) return int.TryParse(json.GetString(), out var number) ? number : null;
        json.Skip();
        return null;
    }

    private static long? ReadTime(ref Utf8JsonReader json)
    {
        json.Read();
        if (CandleReader.TryReadTime(ref json, out var time)) return time;
        json.Skip();
        return null;
    }

    private static string? ReadText(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.String)
        {
            var text = json.GetString()!;
            return text.Length <= MaxText ? text : text[..MaxText];
        }

        json.Skip();
        return null;
    }

    private static int? ReadPlatformStatus(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.StartObject)
        {
            json.Skip();
            return null;
        }

        int? status = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("status"u8)) status = ReadInt(ref json);
            else SkipValue(ref json);
        }

        return status;
    }

    private static void SkipValue(ref Utf8JsonReader json)
    {
        json.Read();
        json.Skip();
    }
}
