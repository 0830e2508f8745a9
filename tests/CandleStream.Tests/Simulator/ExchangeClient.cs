using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using CandleStream.Simulator;

namespace CandleStream.Tests.Simulator;

/// <summary>A client of the exchange that knows nothing but JSON: what it receives is looked at as it came.</summary>
internal sealed class ExchangeClient(WebSocket socket) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly byte[] _buffer = new byte[4 << 20];

    public WebSocket Socket => socket;

    /// <summary>Over a real loopback socket.</summary>
    public static async Task<ExchangeClient> ConnectAsync(BitfinexSimulator simulator)
    {
        var socket = new ClientWebSocket();
        await socket.ConnectAsync(simulator.WebSocketUrl, TestContext.Current.CancellationToken);
        var client = new ExchangeClient(socket);
        Assert.Equal("info", Event(await client.ReceiveAsync()));
        return client;
    }

    public async Task SendAsync(string text) =>
        await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, TestContext.Current.CancellationToken);

    /// <summary>The text of the next frame.</summary>
    public async Task<string> ReceiveTextAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Patience);
        var length = 0;
        ValueWebSocketReceiveResult part;
        do
        {
            part = await socket.ReceiveAsync(_buffer.AsMemory(length), limit.Token);
            length += part.Count;
        }
        while (!part.EndOfMessage);
        return Encoding.UTF8.GetString(_buffer, 0, length);
    }

    public async Task<JsonElement> ReceiveAsync() => JsonElement.Parse(await ReceiveTextAsync());

    /// <summary>The next frame that is an event of this name; others are skipped.</summary>
    public async Task<JsonElement> ReceiveEventAsync(string name)
    {
        while (true)
        {
            var frame = await ReceiveAsync();
            if (Event(frame) == name)
                return frame;
        }
    }

    /// <summary>The next array frame; events are skipped.</summary>
    public async Task<JsonElement> ReceiveDataAsync()
    {
        while (true)
        {
            var frame = await ReceiveAsync();
            if (frame.ValueKind == JsonValueKind.Array)
                return frame;
        }
    }

    /// <summary>Subscribes and returns the channel id.</summary>
    public async Task<int> SubscribeAsync(string key)
    {
        await SendAsync($$"""{"event":"subscribe","channel":"candles","key":"{{key}}"}""");
        return (await ReceiveEventAsync("subscribed")).GetProperty("chanId").GetInt32();
    }

    public static string? Event(JsonElement frame) =>
        frame.ValueKind == JsonValueKind.Object ? frame.GetProperty("event").GetString() : null;

    public void Dispose() => socket.Dispose();
}
