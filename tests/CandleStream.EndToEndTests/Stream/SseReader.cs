using System.Globalization;
using System.Text;
using System.Text.Json;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>Takes a response byte by byte, as the network cuts it: header, chunks, events. What is not exactly right throws.</summary>
internal sealed class SseReader : IDisposable
{
    private readonly List<byte> _line = [];
    private readonly List<byte> _event = [];
    private readonly GzipReader _gzip = new();
    private bool _isGzip;
    private Func<byte, bool> _state;
    private int _chunkLeft;

    public SseReader() => _state = ReadHeader;

    public int BytesSeen { get; private set; }

    /// <summary>Whether the answer must be gzip; otherwise it must not.</summary>
    public bool ExpectsGzip { get; set; }

    public string? LastEventId { get; private set; }

    /// <summary>True after the closing chunk.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>The events that are complete with these bytes.</summary>
    public List<SseEvent> Feed(ReadOnlySpan<byte> bytes)
    {
        var events = new List<SseEvent>();
        foreach (var b in bytes)
        {
            BytesSeen++;
            if (!_state(b)) continue;
            if (_isGzip) _gzip.Feed(b);
            else TakeByte(b, events);
        }

        if (!_isGzip) return events;
        foreach (var b in _gzip.Read()) TakeByte(b, events);
        if (IsComplete) _gzip.AssertWhole();
        return events;
    }

    public void Dispose() => _gzip.Dispose();

    private void TakeByte(byte b, List<SseEvent> events)
    {
        _event.Add(b);
        if (EndsWith(_event, "\n\n") && TakeEvent() is { } e) events.Add(e);
    }

    // These tell whether the byte belongs to the body.
    private bool ReadHeader(byte b)
    {
        _line.Add(b);
        if (!EndsWith(_line, "\r\n\r\n")) return false;
        var header = Encoding.ASCII.GetString(_line.ToArray());
        if (!header.StartsWith("HTTP/1.1 200 OK\r\n", StringComparison.Ordinal))
            throw new FormatException($"Not the answer expected: {header}");
        if (!header.Contains("Transfer-Encoding: chunked\r\n", StringComparison.OrdinalIgnoreCase))
            throw new FormatException($"Not chunked: {header}");
        _isGzip = header.Contains("Content-Encoding: gzip\r\n", StringComparison.OrdinalIgnoreCase);
        if (_isGzip != ExpectsGzip) throw new FormatException($"Not encoded as expected: {header}");
        _line.Clear();
        _state = ReadChunkSize;
        return false;
    }

    private bool ReadChunkSize(byte b)
    {
        _line.Add(b);
        if (!EndsWith(_line, "\r\n")) return false;
        _chunkLeft =
            int.Parse(Encoding.ASCII.GetString(_line.ToArray()).TrimEnd(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        _line.Clear();
        _state = _chunkLeft == 0 ? ReadEnd : ReadChunk;
        return false;
    }

    private bool ReadChunk(byte b)
    {
        if (--_chunkLeft == 0) _state = ReadChunkEnd;
        return true;
    }

    private bool ReadChunkEnd(byte b)
    {
        _line.Add(b);
        if (_line.Count < 2) return false;
        if (!EndsWith(_line, "\r\n")) throw new FormatException("A chunk does not end where its size says.");
        _line.Clear();
        _state = ReadChunkSize;
        return false;
    }

    private bool ReadEnd(byte b)
    {
        _line.Add(b);
        if (!EndsWith(_line, "\r\n")) return false;
        IsComplete = true;
        _state = _ => throw new FormatException("Something came after the end of the body.");
        return false;
    }

    private SseEvent? TakeEvent()
    {
        var text = Encoding.UTF8.GetString(_event.ToArray());
        _event.Clear();
        var (type, id, data) = ("message", (string?)null, (string?)null);
        foreach (var line in text.TrimEnd('\n').Split('\n'))
        {
            var (field, value) =
                (line[..line.IndexOf(": ", StringComparison.Ordinal)], line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..]);
            switch (field)
            {
                case "event": type = value; break;
                case "id": id = value; break;
                case "data" when data is null: data = value; break;
                case "retry": break;
                default: throw new FormatException($"Not a line of an event: {line}");
            }
        }

        if (id is not null) LastEventId = id;
        return data is null ? null : new SseEvent(type, id, JsonElement.Parse(data));
    }

    private static bool EndsWith(List<byte> bytes, string end)
    {
        if (bytes.Count < end.Length) return false;
        for (var i = 0; i < end.Length; i++)
        {
            if (bytes[bytes.Count - end.Length + i] != end[i]) return false;
        }

        return true;
    }
}
