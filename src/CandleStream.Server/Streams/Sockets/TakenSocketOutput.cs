using CandleStream.Server.Streams.Events;

namespace CandleStream.Server.Streams.Sockets;

/// <summary>
/// Sends on the connection's socket itself, which it takes from the web server when the stream goes live. From then on the request is
/// over, and only the sender uses and closes the socket. Owned by the sender thread.
/// </summary>
/// <param name="takeover">Of the request's connection.</param>
internal sealed class TakenSocketOutput(ISocketTakeover takeover) : Output
{
    /// <summary>What a client may send on an open stream, where nothing is expected of it.</summary>
    private const int MaxDiscarded = 64 * 1024;

    // Let go when it has served its purpose: it holds all of the web server's connection.
    private ISocketTakeover? _takeover = takeover;
    private int _discarded;
    private int _socket = -1;

    public override int Descriptor => _socket;

    public override SseFraming Framing => SseFraming.Chunked;

    public override bool IsReady => !IsFull;

    /// <summary>It took less than it was given; the sender is told when it takes more.</summary>
    public bool IsFull { get; set; }

    /// <summary>The sender waits, or has waited, for it to take more.</summary>
    public bool WatchesRoom { get; set; }

    public override bool TryBegin()
    {
        if (!_takeover!.TryTake(out var descriptor)) return false;
        _socket = descriptor;
        _takeover = null;
        return true;
    }

    public override int Send(ReadOnlyMemory<byte> bytes)
    {
        var sent = Linux.Send(_socket, bytes.Span);
        if (sent >= 0) return sent;
        return sent == -Linux.Again ? 0 : -1;
    }

    /// <summary>
    /// Throws away what the client sent, so that closing does not reset what it has yet to read. False where it sent too much, or the
    /// connection is at its end.
    /// </summary>
    public bool TryDiscard()
    {
        while (_discarded <= MaxDiscarded)
        {
            var count = Linux.Discard(_socket, MaxDiscarded);
            if (count <= 0) return count == -Linux.Again;
            _discarded += count;
        }

        return false;
    }

    /// <summary>Closes the socket.</summary>
    /// <param name="isReset">Throws away what the kernel still holds for the client, and tells it by a reset.</param>
    public void Close(bool isReset)
    {
        if (isReset) Linux.ResetOnClose(_socket);
        else TryDiscard();
        Linux.Close(_socket);
        _socket = -1;
    }

    public override ValueTask SettleAsync() => default;
}
