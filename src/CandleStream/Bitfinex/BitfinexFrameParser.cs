using System.Text.Json;

namespace CandleStream.Bitfinex;

/// <summary>
/// Turns the bytes of one message into a frame. Pure; throws for nothing that the exchange could send.
/// An update or a heartbeat costs no managed allocation.
/// </summary>
internal static class BitfinexFrameParser
{
    /// <summary>Parses one whole message.</summary>
    /// <param name="message">The message, UTF-8.</param>
    /// <param name="flags">The flags that are on: they decide what stands behind the payload of an array frame.</param>
    /// <param name="snapshot">Cleared, then filled with the candles of a snapshot in the order sent.</param>
    public static BitfinexFrame Parse(ReadOnlySpan<byte> message, ConfFlags flags, List<Candle> snapshot)
    {
        snapshot.Clear();
        try
        {
            var json = new Utf8JsonReader(message);
            json.Read();
            var frame = json.TokenType switch
            {
                JsonTokenType.StartArray => ReadArray(ref json, flags, snapshot),
                JsonTokenType.StartObject => BitfinexEventReader.Read(ref json),
                _ => new BitfinexFrame(FrameKind.Malformed),
            };

            // Reads what follows the message, which throws where anything does.
            if (frame.Kind != FrameKind.Malformed || frame.Sequence is not null) json.Read();
            return frame;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            // Thrown by the reader: broken JSON, a number out of range, or text that is no UTF-8.
            snapshot.Clear();
            return new BitfinexFrame(FrameKind.Malformed);
        }
    }

    private static BitfinexFrame ReadArray(ref Utf8JsonReader json, ConfFlags flags, List<Candle> snapshot)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.Number || !json.TryGetInt32(out var channelId)) return new BitfinexFrame(FrameKind.Malformed);
        json.Read();
        if (json.TokenType == JsonTokenType.EndArray) return new BitfinexFrame(FrameKind.Malformed, channelId);
        var payload = json;
        var kind = ReadPayload(ref json, snapshot, out var candle);
        if (kind == FrameKind.Malformed)
        {
            // The sequence number behind what we cannot read still counts.
            snapshot.Clear();
            candle = default;
            json = payload;
            json.Skip();
        }

        ReadAppended(ref json, flags, out var sequence, out var time);
        return new BitfinexFrame(kind, channelId, candle, sequence, time);
    }

    private static FrameKind ReadPayload(ref Utf8JsonReader json, List<Candle> snapshot, out Candle candle)
    {
        candle = default;
        if (json.TokenType == JsonTokenType.String) return json.ValueTextEquals("hb"u8) ? FrameKind.Heartbeat : FrameKind.Unknown;
        if (json.TokenType != JsonTokenType.StartArray)
        {
            json.Skip();
            return FrameKind.Unknown;
        }

        json.Read();
        return json.TokenType switch
        {
            JsonTokenType.EndArray => FrameKind.Snapshot,
            JsonTokenType.StartArray => CandleReader.TryReadAll(ref json, snapshot) ? FrameKind.Snapshot : FrameKind.Malformed,
            JsonTokenType.Number => CandleReader.TryReadRest(ref json, out candle) ? FrameKind.Update : FrameKind.Malformed,
            _ => FrameKind.Malformed,
        };
    }

    // The elements behind the payload: the sequence number if it is on, then the time if it is on, then whatever the exchange adds one day.
    private static void ReadAppended(ref Utf8JsonReader json, ConfFlags flags, out long? sequence, out long? time)
    {
        sequence = time = null;
        var sequenceAt = (flags & ConfFlags.SequenceAll) != 0 ? 0 : -1;
        var timeAt = (flags & ConfFlags.Timestamp) != 0 ? sequenceAt + 1 : -1;
        for (var i = 0; json.Read() && json.TokenType != JsonTokenType.EndArray; i++)
        {
            if (i == sequenceAt && CandleReader.TryReadInteger(ref json, out var number)) sequence = number;
            else if (i == timeAt && CandleReader.TryReadTime(ref json, out var ms)) time = ms;
            else json.Skip();
        }
    }
}
