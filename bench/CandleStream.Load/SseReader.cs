using System.Buffers.Text;

namespace CandleStream.Load;

/// <summary>
/// Takes a chunked or plain HTTP answer apart into server-sent events, byte by byte as it comes, and notes what is wrong with it.
/// </summary>
internal sealed class SseReader
{
    private enum Part
    {
        Headers,
        ChunkSize,
        ChunkData,
        ChunkEnd,
        Plain,
    }

    // Headers and chunk sizes are lines; an event may go on behind them.
    private readonly byte[] _line = new byte[256];
    private int _lineLength;
    private bool _isChunked;

    private byte[] _event = new byte[512];
    private int _length;
    private Part _part = Part.Headers;
    private int _chunkLeft;

    /// <summary>Called with each unnamed event's rev, µs.</summary>
    public required Action<long> OnCandle { get; init; }

    /// <summary>The HTTP status; 0 before the headers came.</summary>
    public int Status { get; private set; }

    /// <summary>Events that are not what they should be, with the first of them.</summary>
    public int Malformed { get; private set; }

    public bool IsSynced { get; private set; }

    public void Feed(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = _part switch
            {
                Part.ChunkSize => TakeLine(bytes, OnChunkSize),
                Part.ChunkEnd => TakeLine(bytes, _ => _part = Part.ChunkSize),
                Part.ChunkData => TakeData(bytes),
                Part.Plain => TakeBody(bytes, bytes.Length),
                _ => TakeLine(bytes, OnHeader),
            };
        }
    }

    private ReadOnlySpan<byte> TakeData(ReadOnlySpan<byte> bytes)
    {
        var taken = Math.Min(bytes.Length, _chunkLeft);
        _chunkLeft -= taken;
        var rest = TakeBody(bytes, taken);
        if (_chunkLeft == 0) _part = Part.ChunkEnd;
        return rest;
    }

    private ReadOnlySpan<byte> TakeBody(ReadOnlySpan<byte> bytes, int count)
    {
        foreach (var b in bytes[..count])
        {
            Append(b);
            if (b != '\n' || _length < 2 || _event[_length - 2] != '\n') continue;
            OnEvent(_event.AsSpan(0, _length));
            _length = 0;
        }

        return bytes[count..];
    }

    private ReadOnlySpan<byte> TakeLine(ReadOnlySpan<byte> bytes, Action<ReadOnlyMemory<byte>> take)
    {
        var end = bytes.IndexOf((byte)'\n');
        var part = end < 0 ? bytes : bytes[..end];
        var kept = Math.Min(part.Length, _line.Length - _lineLength);
        part[..kept].CopyTo(_line.AsSpan(_lineLength));
        _lineLength += kept;
        if (end < 0) return [];
        var length = _lineLength > 0 && _line[_lineLength - 1] == '\r' ? _lineLength - 1 : _lineLength;
        _lineLength = 0;
        take(_line.AsMemory(0, length));
        return bytes[(end + 1)..];
    }

    private void OnHeader(ReadOnlyMemory<byte> line)
    {
        var text = line.Span;
        if (Status == 0)
        {
            if (text.Length > 12 && Utf8Parser.TryParse(text[9..], out int status, out _)) Status = status;
            return;
        }

        if (text.IsEmpty) _part = _isChunked ? Part.ChunkSize : Part.Plain;
        else if (text.Length > 18 && text[0] is (byte)'T' or (byte)'t' && text[^7..].SequenceEqual("chunked"u8)) _isChunked = true;
    }

    private void OnChunkSize(ReadOnlyMemory<byte> line)
    {
        if (Utf8Parser.TryParse(line.Span, out _chunkLeft, out _, 'x')) _part = Part.ChunkData;
        else Malformed++;
    }

    private void OnEvent(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith("event: synced"u8)) IsSynced = true;
        if (text.StartsWith("event: "u8) || text.StartsWith("retry: "u8) || text[0] == ':') return;
        var rev = text.LastIndexOf("\"rev\":"u8);
        if (rev >= 0 && text[^3] == '}' && Utf8Parser.TryParse(text[(rev + 6)..], out long value, out _)) OnCandle(value);
        else Malformed++;
    }

    private void Append(byte b)
    {
        if (_length == _event.Length) Array.Resize(ref _event, _event.Length * 2);
        _event[_length++] = b;
    }
}
