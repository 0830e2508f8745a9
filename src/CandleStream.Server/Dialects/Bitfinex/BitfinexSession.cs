using System.Net.WebSockets;
using System.Text.Json;
using CandleStream.Server.Doors;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Dialects.Bitfinex;

/// <summary>
/// One bot's socket, from the greeting to its end: one loop reads what it asks, one writes what waits for it. Nobody waits for the bot:
/// what waits is bounded, and beyond that the socket ends and the bot comes back.
/// </summary>
internal sealed class BitfinexSession(WebSocket socket, CandleDoor door, DialectMetrics metrics, TimeProvider time, Action<Exception> onBug)
{
    /// <summary>Channels of one socket; one more is refused with 10305. Source: Bitfinex documentation, ws-general.</summary>
    public const int MaxChannels = 30;

    private const int LongestRequest = 64 * 1024;

    private static readonly TimeSpan HeartbeatEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(60);

    /// <summary>A bot whose socket takes nothing for so long is gone.</summary>
    private static readonly TimeSpan StuckLimit = TimeSpan.FromSeconds(30);

    private static int _lastChannelId;

    private readonly BitfinexOutbox _outbox = new();

    // Owned by the reading loop; the heartbeat reads a copy.
    private readonly Dictionary<int, BitfinexChannel> _channels = [];
    private volatile BitfinexChannel[] _open = [];

    // Timestamp of the last request.
    private long _heardAt = time.GetTimestamp();

    /// <summary>Lives until either side closes, the server stops or the request is aborted. Never throws for what a bot does.</summary>
    public async Task RunAsync(CancellationToken stopping, CancellationToken aborted)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        _outbox.Add(BitfinexFrames.Greeting(door.IsSimulated, door.IsOperative));
        await using var heartbeat = time.CreateTimer(_ => Beat(ending), null, HeartbeatEvery, HeartbeatEvery);
        await using var stop = stopping.Register(() =>
        {
            _outbox.Add(BitfinexFrames.Stopping());
            _outbox.Complete();
        });
        var writing = WriteAsync(ending);
        try
        {
            await ReadAsync(ending.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The bot is gone, or its socket is over: the expected end.
        }
        finally
        {
            foreach (var channel in _channels.Values) channel.Dispose();
            _outbox.Complete();
            // A bot that says goodbye is answered.
            if (socket.State != WebSocketState.CloseReceived) await ending.CancelAsync();
            await writing;
            socket.Abort();
        }
    }

    private async Task ReadAsync(CancellationToken cancel)
    {
        var buffer = new byte[4096];
        var length = 0;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(length), cancel);
            if (received.MessageType == WebSocketMessageType.Close) return;
            length += received.Count;
            if (!received.EndOfMessage)
            {
                if (length >= LongestRequest) return;
                if (length == buffer.Length) Array.Resize(ref buffer, buffer.Length * 2);
                continue;
            }

            Volatile.Write(ref _heardAt, time.GetTimestamp());
            Answer(buffer.AsMemory(0, length));
            length = 0;
        }
    }

    private async Task WriteAsync(CancellationTokenSource ending)
    {
        using var stuck = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
        await using var alarm =
            time.CreateTimer(static s => ((CancellationTokenSource)s!).Cancel(), stuck, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        try
        {
            while (await _outbox.NextAsync(ending.Token) is { } frame)
            {
                alarm.Change(StuckLimit, Timeout.InfiniteTimeSpan);
                await socket.SendAsync(frame, WebSocketMessageType.Text, endOfMessage: true, stuck.Token);
                alarm.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                metrics.Frame();
            }

            alarm.Change(StuckLimit, Timeout.InfiniteTimeSpan);
            await socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, null, stuck.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // As for reading.
        }
        finally
        {
            await ending.CancelAsync();
        }
    }

    // Text that is no JSON object is not answered; the socket stays.
    private void Answer(ReadOnlyMemory<byte> text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Object) Answer(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Nor is text that is no Unicode.
        }
    }

    private void Answer(JsonElement request)
    {
        var name = BitfinexFrames.Text(request, "event");
        switch (name)
        {
            case "ping":
                _outbox.Add(BitfinexFrames.Pong(Now(), request));
                break;
            case "conf":
                Configure(request);
                break;
            case "subscribe":
                Subscribe(request);
                break;
            case "unsubscribe":
                Unsubscribe(request);
                break;
            default:
                _outbox.Add(BitfinexFrames.Error(10000, $"event: invalid ({name})", request));
                break;
        }
    }

    private void Configure(JsonElement request)
    {
        if (request.TryGetProperty("flags", out var field) && field.ValueKind == JsonValueKind.Number && field.TryGetInt64(out var flags)
            && flags >= 0)
            _outbox.Add(BitfinexFrames.Configured(flags), flags);
        else _outbox.Add(BitfinexFrames.Error(10050, "conf: invalid", request));
    }

    private void Subscribe(JsonElement request)
    {
        if (BitfinexFrames.Text(request, "channel") != "candles")
        {
            Refuse(10300, "channel: unknown");
            return;
        }

        var key = BitfinexFrames.Text(request, "key");
        if (DialectKey.TryRead(key, door.Symbols, out var series) is { } invalid)
        {
            Refuse(10300, $"{invalid}: invalid");
            return;
        }

        if (_channels.Values.FirstOrDefault(c => c.Key == key) is { } same)
        {
            _outbox.Add(BitfinexFrames.Error(10301, "subscribe: dup", request, same.Id));
            return;
        }

        var id = 1 + ((Interlocked.Increment(ref _lastChannelId) - 1) & 0x3FFFFFFF);
        try
        {
            if (_channels.Count >= MaxChannels) throw new SeriesLimitException(MaxChannels);
            var channel = new BitfinexChannel(id, key!, _outbox, time, onBug);
            _outbox.Add(BitfinexFrames.Subscribed(id, key!, request));
            channel.Open(door, series);
            _channels.Add(id, channel);
            _open = [.. _channels.Values];
        }
        catch (SeriesLimitException)
        {
            Refuse(10305, "subscribe: limit");
        }
        catch (ObjectDisposedException)
        {
            // The server stops: the bot is told so, and comes back.
        }

        void Refuse(int code, string text) => _outbox.Add(BitfinexFrames.Error(code, text, request));
    }

    private void Unsubscribe(JsonElement request)
    {
        // Some clients send the number as a text.
        if (!request.TryGetProperty("chanId", out var field) || !int.TryParse(field.ToString(), out var id)
            || !_channels.Remove(id, out var channel))
        {
            _outbox.Add(BitfinexFrames.Error(10400, "unsubscribe: invalid", request));
            return;
        }

        channel.Dispose();
        _open = [.. _channels.Values];
        _outbox.Add(BitfinexFrames.Unsubscribed(id));
    }

    private void Beat(CancellationTokenSource ending)
    {
        var channels = _open;
        // As the exchange does: a socket that neither asks nor reads anything is cut.
        if (channels.Length == 0 && time.GetElapsedTime(Volatile.Read(ref _heardAt)) >= IdleLimit) ending.Cancel();
        foreach (var channel in channels) channel.Beat();
    }

    private long Now() => _open is [var any, ..] ? any.Now : time.GetUtcNow().ToUnixTimeMilliseconds();
}
