using System.Net.Sockets;
using CandleStream.Server.Streams.Events;

namespace CandleStream.Server.Streams.Sockets;

/// <summary>
/// Sends on the connection's own socket, past the web server's pipes: no hand-off, no lock, one system call per write.
/// <see cref="Socket"/> holds a reference to its handle for the length of each call, so a descriptor that was closed and given to another
/// client is never written to.
/// </summary>
/// <param name="socket">Set to non-blocking.</param>
internal sealed class DirectSocketOutput(Socket socket) : Output
{
    public override SseFraming Framing => SseFraming.Chunked;

    public override bool IsReady => true;

    public override bool NeedsRetry => true;

    public override SafeSocketHandle? BatchSocket { get; } = socket.SafeHandle;

    public override int Send(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            var sent = socket.Send(bytes.Span, SocketFlags.None, out var error);
            return error switch
            {
                SocketError.Success => sent,
                SocketError.WouldBlock => 0,
                _ => -1,
            };
        }
        catch (ObjectDisposedException)
        {
            return -1;
        }
    }

    public override ValueTask SettleAsync() => default;
}
