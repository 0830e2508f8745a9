using System.Net.WebSockets;
using System.Threading.Channels;

namespace CandleStream.Exchanges;

/// <summary>Sends messages one after another, so that anybody may post one at any time without waiting.</summary>
internal sealed class Outbox(WebSocket socket)
{
    // Every channel of a socket may be unsubscribed and subscribed a few times over; more than that waiting means that nothing leaves.
    private const int Capacity = 512;

    private readonly Channel<byte[]> _messages = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(Capacity) { SingleReader = true });

    /// <summary>Queues a message; false when the queue is full, which means that the socket takes nothing any more.</summary>
    public bool TryPost(byte[] message) => _messages.Writer.TryWrite(message);

    /// <summary>Sends until cancelled or the socket breaks.</summary>
    public async Task SendAsync(CancellationToken cancel)
    {
        await foreach (var message in _messages.Reader.ReadAllAsync(cancel))
            await socket.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, cancel);
    }
}
