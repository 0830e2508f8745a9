using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text.Json;

namespace CandleStream.Tests.Truth;

/// <summary>Listens on the sockets to the exchange: what was delivered to us of each candle, and when, whatever was made of it.</summary>
internal sealed class ExchangeTap(TimeProvider time)
{
    private const int Remembered = 32;
    private const long LeapMs = 60_000;
    private const int MaintenanceBegins = 20060;
    private const int MaintenanceEnds = 20061;

    private readonly ConcurrentDictionary<string, SortedList<long, Delivery>> _delivered = new();

    public WebSocket Tap(WebSocket socket) => new TappedSocket(socket, this);

    /// <summary>The last delivery of a candle; null where none is remembered.</summary>
    public Delivery? Of(string key, long candleTime)
    {
        if (!_delivered.TryGetValue(key, out var candles)) return null;
        lock (candles) return candles.TryGetValue(candleTime, out var found) ? found : null;
    }

    /// <summary>The newest candle delivered.</summary>
    public Delivery? Newest(string key)
    {
        if (!_delivered.TryGetValue(key, out var candles)) return null;
        lock (candles) return candles.Count > 0 ? candles.Values[^1] : null;
    }

    /// <summary>The process that it was delivered to is gone, and with it the running candles: no store keeps them.</summary>
    public void Forget() => _delivered.Clear();

    private void Take(string key, in Candle candle)
    {
        var candles = _delivered.GetOrAdd(key, _ => []);
        lock (candles)
        {
            // A candle only grows: a smaller version came late, or twice.
            if (candles.TryGetValue(candle.Time, out var known) && known.Candle.Volume >= candle.Volume) return;
            candles[candle.Time] = new Delivery(candle, time.GetUtcNow());
            if (candles.Count > Remembered) candles.RemoveAt(0);
        }
    }

    internal readonly record struct Delivery(Candle Candle, DateTimeOffset At);

    private sealed class TappedSocket(WebSocket socket, ExchangeTap tap) : WebSocket
    {
        private readonly ConcurrentDictionary<int, string> _channels = new();
        private readonly MemoryStream _message = new();
        private long? _sequence;
        private int _wrongTimes;
        private int _rightTimes;
        private bool _isMisled;
        private bool _isPaused;

        public override WebSocketCloseStatus? CloseStatus => socket.CloseStatus;

        public override string? CloseStatusDescription => socket.CloseStatusDescription;

        public override WebSocketState State => socket.State;

        public override string? SubProtocol => socket.SubProtocol;

        public override void Abort() => socket.Abort();

        public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
            socket.CloseAsync(closeStatus, statusDescription, cancellationToken);

        public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription,
            CancellationToken cancellationToken) => socket.CloseOutputAsync(closeStatus, statusDescription, cancellationToken);

        public override void Dispose()
        {
            socket.Dispose();
            _message.Dispose();
        }

        public override async Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken)
        {
            var part = await ReceiveAsync(buffer.AsMemory(), cancellationToken);
            return new WebSocketReceiveResult(part.Count, part.MessageType, part.EndOfMessage);
        }

        public override async ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
        {
            var part = await socket.ReceiveAsync(buffer, cancellationToken);
            _message.Write(buffer.Span[..part.Count]);
            if (!part.EndOfMessage) return part;
            if (part.MessageType == WebSocketMessageType.Text) Read(_message.GetBuffer().AsMemory(0, (int)_message.Length));
            _message.SetLength(0);
            return part;
        }

        public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage,
            CancellationToken cancellationToken) =>
            SendAsync(buffer.AsMemory(), messageType, endOfMessage, cancellationToken).AsTask();

        public override ValueTask SendAsync(ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, bool endOfMessage,
            CancellationToken cancellationToken)
        {
            if (messageType == WebSocketMessageType.Text) ReadRequest(buffer);
            return socket.SendAsync(buffer, messageType, endOfMessage, cancellationToken);
        }

        // What still comes on a channel that we have given up is for nobody.
        private void ReadRequest(ReadOnlyMemory<byte> text)
        {
            using var json = JsonDocument.Parse(text);
            var request = json.RootElement;
            if (request.GetProperty("event").GetString() == "unsubscribe")
                _channels.TryRemove(request.GetProperty("chanId").GetInt32(), out _);
        }

        private void Read(ReadOnlyMemory<byte> text)
        {
            try
            {
                using var json = JsonDocument.Parse(text);
                var root = json.RootElement;
                if (root.ValueKind == JsonValueKind.Object) ReadEvent(root);
                else if (root.ValueKind == JsonValueKind.Array && root.GetArrayLength() >= 2) ReadFrame(root);
            }
            catch (Exception garbled) when (garbled is JsonException or FormatException or InvalidOperationException)
            {
                // A fault: nothing was delivered by it.
            }
        }

        // A frame that shows that others are missing ends every subscription of its socket, and one that was overtaken came too late. While
        // two wrong times in a row are not taken back by two right ones, what is of the present looks as if it were of the future, and is
        // refused.
        private bool IsToBeBelieved(JsonElement frame)
        {
            if (frame.GetArrayLength() < 4) return true;
            var number = frame[2].GetInt64();
            var isNext = _sequence is not { } last || number == last + 1;
            if (number > _sequence + 1) GiveUpChannels();
            _sequence = Math.Max(_sequence ?? 0, number);
            var isRight = Math.Abs(frame[3].GetInt64() - tap.Now) < LeapMs;
            (_wrongTimes, _rightTimes) = isRight ? (0, _rightTimes + 1) : (_wrongTimes + 1, 0);
            _isMisled = _isMisled ? _rightTimes < 2 : _wrongTimes > 1;
            return isNext && !_isMisled;
        }

        private void ReadFrame(JsonElement frame)
        {
            if (IsToBeBelieved(frame) && !_isPaused && _channels.TryGetValue(frame[0].GetInt32(), out var key)) ReadCandles(key, frame[1]);
        }

        private void ReadEvent(JsonElement json)
        {
            if (!json.TryGetProperty("event", out var name)) return;
            if (name.GetString() == "subscribed") _channels[json.GetProperty("chanId").GetInt32()] = json.GetProperty("key").GetString()!;
            else if (name.GetString() == "info" && json.TryGetProperty("code", out var code)) ReadNotice(code.GetInt32());
        }

        // Until the end of a maintenance nothing is taken, and with it every subscription is made anew.
        private void ReadNotice(int code)
        {
            if (code == MaintenanceBegins) _isPaused = true;
            if (code != MaintenanceEnds) return;
            _isPaused = false;
            GiveUpChannels();
        }

        // Here and now: the requests that say so to the exchange leave on another thread, before or after the next frame is read.
        private void GiveUpChannels() => _channels.Clear();

        private void ReadCandles(string key, JsonElement data)
        {
            if (data.ValueKind != JsonValueKind.Array || data.GetArrayLength() == 0) return;
            if (data[0].ValueKind != JsonValueKind.Array)
            {
                ReadCandle(key, data);
                return;
            }

            // Of a snapshot the newest rows are enough.
            foreach (var row in data.EnumerateArray().Take(2)) ReadCandle(key, row);
        }

        private void ReadCandle(string key, JsonElement row)
        {
            for (var i = 0; i < 6; i++)
            {
                if (row[i].ValueKind != JsonValueKind.Number) return;
            }

            if (!row[5].TryGetDecimal(out var volume)) return;
            var candle = new Candle(row[0].GetInt64(), row[1].GetDecimal(), row[3].GetDecimal(), row[4].GetDecimal(), row[2].GetDecimal(),
                volume);
            var timeframe = Timeframe.Parse(key.Split(':')[1]);
            var now = tap.Now;
            var isRecent = candle.Time <= now && candle.Time > now - (400L * 86_400_000);
            if (candle.Low > 0 && isRecent && candle.IsPlausible(timeframe)) tap.Take(key, candle);
        }
    }

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();
}
