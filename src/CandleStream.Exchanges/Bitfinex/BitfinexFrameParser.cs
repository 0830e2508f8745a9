using System.Text.Json;

namespace CandleStream.Exchanges.Bitfinex;

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
    /// <param name="unreadable">Cleared, then filled with the rows that could not be read.</param>
    public static BitfinexFrame Parse(ReadOnlySpan<byte> message, ConfFlags flags, List<Candle> snapshot, List<UnreadableRow> unreadable)
    {
        snapshot.Clear();
        unreadable.Clear();
        var (channelId, sequence) = (0, (long?)null);
        try
        {
            var json = new Utf8JsonReader(message);
            json.Read();
            var frame = json.TokenType switch
            {
                JsonTokenType.StartArray => ReadArray(ref json, flags, snapshot, unreadable, ref channelId, ref sequence),
                JsonTokenType.StartObject => BitfinexEventReader.Read(ref json),
                _ => new BitfinexFrame(FrameKind.Malformed),
            };

            // Reads what follows the message, which throws where anything does.
            if (frame.Kind != FrameKind.Malformed) json.Read();
            return frame;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            // Thrown by the reader: broken JSON, a number out of range, or text that is no UTF-8. The channel and the number that were read
            // before count.
            snapshot.Clear();
            unreadable.Clear();
            return new BitfinexFrame(FrameKind.Malformed, channelId, Sequence: sequence);
        }
    }

    private static BitfinexFrame ReadArray(
        ref Utf8JsonReader json, ConfFlags flags, List<Candle> snapshot, List<UnreadableRow> unreadable, ref int channelId,
        ref long? sequence)
    {
        json.Read();
        if (json.TokenType != JsonTokenType.Number || !json.TryGetInt32(out var id)) return new BitfinexFrame(FrameKind.Malformed);

        // A number that is cut off reads as another one: it counts once something stands behind it.
        json.Read();
        channelId = id;
        if (json.TokenType == JsonTokenType.EndArray) return new BitfinexFrame(FrameKind.Malformed, channelId);
        var kind = ReadPayload(ref json, snapshot, unreadable, out var candle);
        var time = ReadAppended(ref json, flags, ref sequence);
        return new BitfinexFrame(kind, channelId, candle, sequence, time);
    }

    private static FrameKind ReadPayload(ref Utf8JsonReader json, List<Candle> snapshot, List<UnreadableRow> unreadable, out Candle candle)
    {
        candle = default;
        if (json.TokenType == JsonTokenType.String) return json.ValueTextEquals("hb"u8) ? FrameKind.Heartbeat : FrameKind.Unknown;
        if (json.TokenType != JsonTokenType.StartArray)
        {
            json.Skip();
            return FrameKind.Unknown;
        }

        var depth = json.CurrentDepth;
        json.Read();
        if (json.TokenType is JsonTokenType.StartArray or JsonTokenType.EndArray
            || (json.TokenType != JsonTokenType.Number && HoldsRows(json)))
        {
            CandleReader.ReadAll(ref json, snapshot, unreadable);
            return FrameKind.Snapshot;
        }

        if (CandleReader.TryReadRow(ref json, depth, out candle, out var time)) return FrameKind.Update;
        unreadable.Add(new UnreadableRow(time, 0));
        return FrameKind.Unreadable;
    }

    // What begins with neither a number nor a row is a list with a bad first row where a row follows, else one bad row. The reader is a
    // copy.
    private static bool HoldsRows(Utf8JsonReader json)
    {
        for (; json.TokenType != JsonTokenType.EndArray; json.Read())
        {
            if (json.TokenType == JsonTokenType.StartArray) return true;
            json.Skip();
        }

        return false;
    }

    // The elements behind the payload: the sequence number if it is on, then the time if it is on, then whatever the exchange adds one day.
    private static long? ReadAppended(ref Utf8JsonReader json, ConfFlags flags, ref long? sequence)
    {
        long? time = null, number = null;
        var sequenceAt = (flags & ConfFlags.SequenceAll) != 0 ? 0 : -1;
        var timeAt = (flags & ConfFlags.Timestamp) != 0 ? sequenceAt + 1 : -1;
        for (var i = 0; json.Read(); i++)
        {
            // As above: only what is followed by something was read whole.
            if (i == sequenceAt + 1) sequence = number;
            if (json.TokenType == JsonTokenType.EndArray) break;
            if (i == sequenceAt && CandleReader.TryReadInteger(ref json, out var whole)) number = whole;
            else if (i == timeAt && CandleReader.TryReadTime(ref json, out var ms)) time = ms;
            else json.Skip();
        }

        return time;
    }
}
