using System.Text.Json;

namespace CandleStream.Exchanges.Kraken;

/// <summary>
/// Reads one message of Kraken's socket, version 2. Pure; throws for nothing. A candle costs no allocation. Source: Kraken documentation,
/// websocket-v2/ohlc, status, heartbeat and ping.
/// </summary>
internal static class KrakenFrameParser
{
    // Texts end up in logs and in the reasons that clients see: nobody needs more of them.
    private const int MaxText = 200;

    // The fields that a candle must have, a bit each in the order interval_begin, open, high, low, close, volume, trades, symbol, interval.
    private const int AllFields = (1 << 9) - 1;

    /// <summary>Reads a message.</summary>
    /// <param name="message">The bytes.</param>
    /// <param name="rows">Emptied; then holds the rows of a frame of candles, in the order sent.</param>
    public static KrakenFrame Parse(ReadOnlySpan<byte> message, List<KrakenRow> rows)
    {
        rows.Clear();
        try
        {
            var json = new Utf8JsonReader(message);
            if (!json.Read() || json.TokenType != JsonTokenType.StartObject) return new KrakenFrame(FrameKind.Malformed);
            var content = default(Content);
            ReadMessage(ref json, ref content, rows);
            if (!json.Read()) return FrameOf(content);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            // It is no message.
        }

        rows.Clear();
        return new KrakenFrame(FrameKind.Malformed);
    }

    // The fields come in any order: what the frame is shows only at its end.
    private static KrakenFrame FrameOf(in Content content) => (content.Channel, content.Method) switch
    {
        (ChannelName.Ohlc, _) when content.HasRows =>
            new KrakenFrame(content.IsSnapshot ? FrameKind.Snapshot : FrameKind.Update, content.Time),
        (ChannelName.Ohlc, _) => new KrakenFrame(FrameKind.Unreadable, content.Time),
        (ChannelName.Heartbeat, _) => new KrakenFrame(FrameKind.Heartbeat),
        (ChannelName.Status, _) => new KrakenFrame(FrameKind.Info, Text: content.System, IsSimulator: content.IsSimulator),
        (_, MethodName.Pong) => new KrakenFrame(FrameKind.Pong, content.Time),
        (_, MethodName.None) when content.Error is null => new KrakenFrame(FrameKind.Unknown, content.Time),
        (_, var method) => new KrakenFrame(
            content.Error is not null || content.IsFailure ? FrameKind.Error
            : method == MethodName.Subscribe ? FrameKind.Subscribed
            : method == MethodName.Unsubscribe ? FrameKind.Unsubscribed
            : FrameKind.Unknown,
            content.Time, content.Symbol, content.Interval, content.RequestId, content.Error),
    };

    private static void ReadMessage(ref Utf8JsonReader json, ref Content content, List<KrakenRow> rows)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("channel"u8))
            {
                json.Read();
                content.Channel = ChannelOf(ref json);
            }
            else if (json.ValueTextEquals("type"u8))
            {
                json.Read();
                content.IsSnapshot = IsText(ref json, "snapshot"u8);
            }
            else if (json.ValueTextEquals("timestamp"u8) || json.ValueTextEquals("time_out"u8))
            {
                json.Read();
                if (TryReadTime(ref json, out var time)) content.Time = time;
            }
            else if (json.ValueTextEquals("data"u8))
            {
                json.Read();
                if (json.TokenType == JsonTokenType.StartArray) ReadData(ref json, ref content, rows);
            }
            else
            {
                ReadAnswer(ref json, ref content);
            }

            json.Skip();
        }
    }

    // What the channel is may only be said behind the data: each row is read as a candle, and its other fields are noted.
    private static void ReadData(ref Utf8JsonReader json, ref Content content, List<KrakenRow> rows)
    {
        content.HasRows = true;
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
        {
            if (json.TokenType == JsonTokenType.StartObject) rows.Add(ReadRow(ref json, ref content));
            else
            {
                rows.Add(default);
                json.Skip();
            }
        }
    }

    private static KrakenRow ReadRow(ref Utf8JsonReader json, ref Content content)
    {
        long time = 0, trades = 0, interval = 0;
        decimal open = 0, high = 0, low = 0, close = 0, volume = 0;
        var symbol = default(Range);
        var fields = 0;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            var field = FieldOf(ref json);
            json.Read();
            var isRead = field switch
            {
                Field.Time => TryReadTime(ref json, out time),
                Field.Open => ExchangeNumbers.TryReadNumber(ref json, out open),
                Field.High => ExchangeNumbers.TryReadNumber(ref json, out high),
                Field.Low => ExchangeNumbers.TryReadNumber(ref json, out low),
                Field.Close => ExchangeNumbers.TryReadNumber(ref json, out close),
                Field.Volume => ExchangeNumbers.TryReadNumber(ref json, out volume),
                Field.Trades => ExchangeNumbers.TryReadWhole(ref json, out trades) && trades >= 0,
                Field.Symbol => TryReadRange(ref json, out symbol),
                Field.Interval => ExchangeNumbers.TryReadWhole(ref json, out interval) && interval is > 0 and <= int.MaxValue,
                _ => false,
            };
            if (isRead) fields |= 1 << (int)field;
            else if (field == Field.System) content.System = TextOf(ref json);
            else if (field == Field.Simulator) content.IsSimulator |= json.TokenType == JsonTokenType.String;
            json.Skip();
        }

        var isWhole = fields == AllFields;
        return new KrakenRow(
            symbol, (fields & (1 << (int)Field.Interval)) != 0 ? (int)interval : 0,
            isWhole ? new Candle(time, open, high, low, close, volume, Figures: new TradeFigures(trades)) : default,
            (fields & 1) != 0 ? time : null, isWhole);
    }

    // The rarer fields: those of answers to our requests.
    private static void ReadAnswer(ref Utf8JsonReader json, ref Content content)
    {
        if (json.ValueTextEquals("method"u8))
        {
            json.Read();
            content.Method = IsText(ref json, "pong"u8) ? MethodName.Pong
                : IsText(ref json, "subscribe"u8) ? MethodName.Subscribe
                : IsText(ref json, "unsubscribe"u8) ? MethodName.Unsubscribe
                : MethodName.Other;
        }
        else if (json.ValueTextEquals("result"u8))
        {
            json.Read();
            if (json.TokenType == JsonTokenType.StartObject) ReadResult(ref json, ref content);
        }
        else if (json.ValueTextEquals("symbol"u8))
        {
            json.Read();
            content.Symbol = TextOf(ref json);
        }
        else if (json.ValueTextEquals("success"u8))
        {
            json.Read();
            content.IsFailure = json.TokenType == JsonTokenType.False;
        }
        else if (json.ValueTextEquals("error"u8))
        {
            json.Read();
            content.Error = TextOf(ref json);
        }
        else if (json.ValueTextEquals("req_id"u8))
        {
            json.Read();
            if (ExchangeNumbers.TryReadWhole(ref json, out var id)) content.RequestId = id;
        }
    }

    private static void ReadResult(ref Utf8JsonReader json, ref Content content)
    {
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            if (json.ValueTextEquals("symbol"u8))
            {
                json.Read();
                content.Symbol = TextOf(ref json);
            }
            else if (json.ValueTextEquals("interval"u8))
            {
                json.Read();
                if (ExchangeNumbers.TryReadWhole(ref json, out var interval)) content.Interval = interval;
            }

            json.Skip();
        }
    }

    private static Field FieldOf(ref Utf8JsonReader json) =>
        json.ValueTextEquals("interval_begin"u8) ? Field.Time
        : json.ValueTextEquals("open"u8) ? Field.Open
        : json.ValueTextEquals("high"u8) ? Field.High
        : json.ValueTextEquals("low"u8) ? Field.Low
        : json.ValueTextEquals("close"u8) ? Field.Close
        : json.ValueTextEquals("volume"u8) ? Field.Volume
        : json.ValueTextEquals("trades"u8) ? Field.Trades
        : json.ValueTextEquals("symbol"u8) ? Field.Symbol
        : json.ValueTextEquals("interval"u8) ? Field.Interval
        : json.ValueTextEquals("system"u8) ? Field.System
        : json.ValueTextEquals("simulator"u8) ? Field.Simulator
        : Field.Other;

    private static ChannelName ChannelOf(ref Utf8JsonReader json) =>
        IsText(ref json, "ohlc"u8) ? ChannelName.Ohlc
        : IsText(ref json, "heartbeat"u8) ? ChannelName.Heartbeat
        : IsText(ref json, "status"u8) ? ChannelName.Status
        : ChannelName.Other;

    private static bool IsText(ref Utf8JsonReader json, ReadOnlySpan<byte> text) =>
        json.TokenType == JsonTokenType.String && json.ValueTextEquals(text);

    private static bool TryReadRange(ref Utf8JsonReader json, out Range range)
    {
        var start = (int)json.TokenStartIndex + 1;
        range = start..(start + json.ValueSpan.Length);
        return json.TokenType == JsonTokenType.String && !json.ValueIsEscaped && json.ValueSpan.Length > 0;
    }

    // 2026-09-10T17:35:52.114514810Z; nanoseconds are more than anybody needs.
    private static bool TryReadTime(ref Utf8JsonReader json, out long time)
    {
        time = 0;
        if (json.TokenType != JsonTokenType.String || !json.TryGetDateTimeOffset(out var read)) return false;
        time = read.ToUnixTimeMilliseconds();
        return ExchangeNumbers.IsPossible(time);
    }

    private static string? TextOf(ref Utf8JsonReader json)
    {
        var text = json.TokenType == JsonTokenType.String ? json.GetString() : null;
        return text?.Length > MaxText ? text[..MaxText] : text;
    }

    private enum ChannelName
    {
        Other,
        Ohlc,
        Heartbeat,
        Status,
    }

    private enum MethodName
    {
        None,
        Other,
        Subscribe,
        Unsubscribe,
        Pong,
    }

    // Those of a candle first: their numbers are their bits.
    private enum Field
    {
        Time,
        Open,
        High,
        Low,
        Close,
        Volume,
        Trades,
        Symbol,
        Interval,
        System,
        Simulator,
        Other,
    }

    private struct Content
    {
        public ChannelName Channel;
        public MethodName Method;
        public bool HasRows;
        public bool IsSnapshot;
        public bool IsFailure;
        public bool IsSimulator;
        public long? Time;
        public long? Interval;
        public long? RequestId;
        public string? Symbol;
        public string? Error;
        public string? System;
    }
}
