using System.Globalization;
using System.IO.Compression;
using System.Text.Json;

namespace CandleStream.Simulator.Markets;

/// <summary>
/// One frame the exchange sent. <c>Time</c> is when, in Unix ms, or null where the recording does not say. <c>Json</c> is the frame itself.
/// </summary>
internal readonly record struct RecordedFrame(long? Time, JsonElement Json);

/// <summary>
/// Reads recordings of a WebSocket session: one JSON text a line, or <c>direction TAB unix_seconds TAB frame</c> with the directions
/// <c>open</c>, <c>out</c> (what the client sent: left out here) and <c>in</c>. Gzip where the name ends in <c>.gz</c>.
/// </summary>
internal static class RecordedFrames
{
    /// <exception cref="InvalidDataException">A line is no frame, or the file holds none; the message names file and line.</exception>
    public static IReadOnlyList<RecordedFrame> Read(string path)
    {
        using var stream = File.OpenRead(path);
        using var text = new StreamReader(
            path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(stream, CompressionMode.Decompress) : stream);
        var frames = new List<RecordedFrame>();
        for (var number = 1; text.ReadLine() is { } line; number++)
        {
            try
            {
                if (Parse(line) is { } frame)
                    frames.Add(frame);
            }
            catch (Exception reason) when (reason is JsonException or OverflowException)
            {
                throw new InvalidDataException($"{path}, line {number}: not JSON, nor direction TAB unix_seconds TAB JSON.", reason);
            }
        }
        return frames.Count > 0 ? frames : throw new InvalidDataException($"{path} holds no frames of the exchange.");
    }

    /// <summary>What a frame is, where it is an array: its channel, the text of its second element, and the time at its end.</summary>
    public static RecordedPayload? Payload(JsonElement frame)
    {
        if (frame.ValueKind != JsonValueKind.Array || frame.GetArrayLength() < 2 || frame[0].ValueKind != JsonValueKind.Number
            || !frame[0].TryGetInt32(out var channel))
            return null;
        var last = frame[frame.GetArrayLength() - 1];
        // A number this long can only be a time in ms; a sequence number never gets there.
        var stamp = frame.GetArrayLength() > 2 && last.ValueKind == JsonValueKind.Number && last.TryGetInt64(out var ms)
            && ms > 1_000_000_000_000 ? ms : (long?)null;
        return new RecordedPayload(channel, frame[1].GetRawText(), stamp);
    }

    private static RecordedFrame? Parse(string line)
    {
        var fields = line.Split('\t', 3);
        if (fields.Length < 3)
            return line.Length > 0 ? new RecordedFrame(null, JsonElement.Parse(line)) : null;
        if (fields[0] != "in")
            return null;
        var time = decimal.TryParse(fields[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds)
            ? (long)(seconds * 1000)
            : (long?)null;
        return new RecordedFrame(time, JsonElement.Parse(fields[2]));
    }
}

/// <summary>An array frame taken apart. <c>Text</c> is the second element as it was written.</summary>
internal readonly record struct RecordedPayload(int Channel, string Text, long? Stamp);
