using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

namespace CandleStream.EndToEndTests.Dialects;

/// <summary>A bare socket to whoever speaks the exchange's dialect: one JSON text in, one out.</summary>
internal sealed class DialectSocket : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[256 * 1024];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public JsonNode Greeting { get; private set; } = null!;

    public static async Task<DialectSocket> OpenAsync(Uri address)
    {
        var client = new DialectSocket();
        await client._socket.ConnectAsync(address, Cancel);
        client.Greeting = await client.ReadAsync();
        return client;
    }

    /// <summary>Where the dialect's socket of a server is.</summary>
    public static Uri Of(HttpClient client, string prefix = "") =>
        new UriBuilder(new Uri(client.BaseAddress!, $"{prefix}/bitfinex/ws/2")) { Scheme = "ws" }.Uri;

    public Task SendAsync(string text) => _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, Cancel);

    public async Task<JsonNode> ReadAsync() => await ReadOrEndAsync() ?? throw new InvalidOperationException("The socket ended.");

    /// <summary>The next frame; null when the socket ended.</summary>
    public async Task<JsonNode?> ReadOrEndAsync()
    {
        try
        {
            var length = 0;
            while (true)
            {
                var received = await _socket.ReceiveAsync(_buffer.AsMemory(length), Cancel);
                if (received.MessageType == WebSocketMessageType.Close) return null;
                length += received.Count;
                if (received.EndOfMessage) return JsonNode.Parse(_buffer.AsSpan(0, length));
            }
        }
        catch (WebSocketException)
        {
            return null;
        }
    }

    /// <summary>The next event of a name; frames of channels in between are skipped.</summary>
    public async Task<JsonNode> EventAsync(string name)
    {
        while (true)
        {
            if (await ReadAsync() is JsonObject frame && (string?)frame["event"] == name) return frame;
        }
    }

    /// <summary>Sends a request and returns the event that answers it.</summary>
    public async Task<JsonNode> AskAsync(string request, string answer)
    {
        await SendAsync(request);
        return await EventAsync(answer);
    }

    /// <summary>The payload of the channel's next frame that is no heartbeat, with what stands behind it.</summary>
    public async Task<JsonArray> FrameAsync(int channel)
    {
        while (true)
        {
            if (await ReadAsync() is JsonArray frame && (int)frame[0]! == channel && frame[1] is JsonArray) return frame;
        }
    }

    public async Task CloseAsync()
    {
        await _socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Cancel);
        Assert.Equal(WebSocketState.Closed, _socket.State);
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
