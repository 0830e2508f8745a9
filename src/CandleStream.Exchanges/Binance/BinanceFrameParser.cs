using System.Text.Json;

namespace CandleStream.Exchanges.Binance;

/// <summary>
/// Reads one message of Binance's socket. Pure; throws for nothing. A candle costs no allocation. Both forms are taken, the bare event and
/// <c>{"stream":…,"data":{…}}</c>, and an error with its fields in <c>error</c> or without. Source: Binance documentation,
/// web-socket-streams.
/// </summary>
internal static class BinanceFrameParser
{
    // Texts end up in logs and in the reasons that clients see: nobody needs more of them.
    private const int MaxText = 200;

    public static BinanceFrame Parse(ReadOnlySpan<byte> message)
    {
        try
        {
            var json = new Utf8JsonReader(message);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject) return new BinanceFrame(FrameKind.Malformed);
            var content = new Content();
            ReadObject(ref json, ref content);
            return json.Read() ? new BinanceFrame(FrameKind.Malformed) : FrameOf(content);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return new BinanceFrame(FrameKind.Malformed);
        }
    }

    // The event may come before the candle or behind it: what the frame is shows only at its end.
    private static BinanceFrame FrameOf(in Content content)
    {
        if (content.IsShutdown) return new BinanceFrame(FrameKind.Info, content.Stream, ExchangeTime: content.Time);
        if (content.IsKline)
        {
            return content.IsRead
                ? new BinanceFrame(FrameKind.Update, content.Stream, content.Kline, content.Time)
                : new BinanceFrame(FrameKind.Unreadable, content.Stream, ExchangeTime: content.Time, OpenTime: content.OpenTime);
        }

        if (content.Code is not null || content.Text is not null)
            return new BinanceFrame(FrameKind.Error, RequestId: content.RequestId, Code: content.Code, Text: content.Text);
        return content.HasResult
            ? new BinanceFrame(FrameKind.Subscribed, RequestId: content.RequestId)
            : new BinanceFrame(FrameKind.Unknown, content.Stream, ExchangeTime: content.Time);
    }

    private static void ReadObject(ref Utf8JsonReader json, ref Content content)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("stream"u8))
            {
                json.Read();
                if (json.TokenType == JsonTokenType.String)
                    content.Stream = ((int)json.TokenStartIndex + 1)..((int)json.TokenStartIndex + 1 + json.ValueSpan.Length);
            }
            else if (json.ValueTextEquals("data"u8) || json.ValueTextEquals("error"u8))
            {
                json.Read();
                if (json.TokenType == JsonTokenType.StartObject) ReadObject(ref json, ref content);
            }
            else if (json.ValueTextEquals("e"u8))
            {
                json.Read();
                if (json.TokenType == JsonTokenType.String)
                {
                    content.IsKline |= json.ValueTextEquals("kline"u8);
                    content.IsShutdown |= json.ValueTextEquals("serverShutdown"u8);
                }
            }
            else if (json.ValueTextEquals("E"u8))
            {
                json.Read();
                if (ExchangeNumbers.TryReadTime(ref json, out var time)) content.Time = time;
            }
            else if (json.ValueTextEquals("k"u8))
            {
                json.Read();
                if (json.TokenType == JsonTokenType.StartObject)
                    content.IsRead = BinanceKlineReader.TryReadObject(ref json, out content.Kline, out content.OpenTime);
            }
            else
            {
                ReadAnswer(ref json, ref content);
            }

            json.Skip();
        }
    }

    // The rarer fields: those of answers to our requests.
    private static void ReadAnswer(ref Utf8JsonReader json, ref Content content)
    {
        if (json.ValueTextEquals("result"u8))
        {
            content.HasResult = true;
        }
        else if (json.ValueTextEquals("id"u8))
        {
            json.Read();
            if (ExchangeNumbers.TryReadWhole(ref json, out var id)) content.RequestId = id;
        }
        else if (json.ValueTextEquals("code"u8))
        {
            json.Read();
            if (json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var code)) content.Code = code;
        }
        else if (json.ValueTextEquals("msg"u8))
        {
            json.Read();
            if (json.TokenType == JsonTokenType.String) content.Text = Short(json.GetString()!);
        }
    }

    private static string Short(string text) => text.Length <= MaxText ? text : text[..MaxText];

    private struct Content
    {
        public Range Stream;
        public bool IsKline;
        public bool IsShutdown;
        public bool IsRead;
        public BinanceKline Kline;
        public long? OpenTime;
        public long? Time;
        public bool HasResult;
        public long? RequestId;
        public int? Code;
        public string? Text;
    }
}
