using System.Net.WebSockets;

namespace CandleStream.Exchanges;

/// <summary>What a socket gave.</summary>
internal enum MessageKind
{
    Whole,

    /// <summary>Longer than allowed, or binary: read to its end and thrown away.</summary>
    Skipped,

    /// <summary>The other side closed.</summary>
    Closed,
}

/// <summary>
/// Reads whole messages from a socket into one buffer, which grows for a long message and shrinks after it. One reader at a time.
/// </summary>
internal sealed class MessageReader(WebSocket socket, int maxBytes)
{
    // Updates and heartbeats take about 100 bytes; only snapshots need more.
    private const int UsualBytes = 4096;

    private byte[] _buffer = new byte[UsualBytes];
    private int _length;

    /// <summary>The message read last; valid until the next read.</summary>
    public ReadOnlySpan<byte> Message => _buffer.AsSpan(0, _length);

    /// <summary>Reads the next message.</summary>
    /// <exception cref="WebSocketException">The connection was lost.</exception>
    public async ValueTask<MessageKind> ReadAsync(CancellationToken cancel)
    {
        if (_buffer.Length > UsualBytes && _length <= UsualBytes) _buffer = new byte[UsualBytes];
        _length = 0;
        var tooLong = false;
        while (true)
        {
            // What is too long is read over the same buffer again until it ends.
            if (_length == _buffer.Length) tooLong |= !TryGrow();
            if (tooLong) _length = 0;
            var part = await socket.ReceiveAsync(_buffer.AsMemory(_length), cancel);
            if (part.MessageType == WebSocketMessageType.Close) return MessageKind.Closed;
            _length += part.Count;
            if (!part.EndOfMessage) continue;
            if (!tooLong && part.MessageType == WebSocketMessageType.Text) return MessageKind.Whole;
            _length = 0;
            return MessageKind.Skipped;
        }
    }

    private bool TryGrow()
    {
        if (_buffer.Length >= maxBytes) return false;
        Array.Resize(ref _buffer, Math.Min(_buffer.Length * 2, maxBytes));
        return true;
    }
}
