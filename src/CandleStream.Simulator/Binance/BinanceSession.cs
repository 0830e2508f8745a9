using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using CandleStream.Simulator.Faults;

namespace CandleStream.Simulator.Binance;

/// <summary>
/// One client's socket, from the upgrade to its end: SUBSCRIBE, UNSUBSCRIBE and LIST_SUBSCRIPTIONS, at most five messages a second, and a
/// life of 24 hours (Binance docs, web-socket-streams).
/// </summary>
internal sealed class BinanceSession
{
    private const int LongestRequest = 64 * 1024;
    private const long LeapMs = 365L * 86_400_000;

    private readonly BinanceExchange _exchange;
    private readonly WebSocket _socket;
    private readonly SessionStream? _stream;
    private readonly SessionOutbox _outbox;
    private readonly SlidingLimit _messages;
    private readonly ITimer _life;
    private readonly bool _isCombined;
    private readonly string[] _first;

    // Guards everything below: market, timers and the read loop all send.
    private readonly Lock _gate = new();
    private readonly HashSet<string> _streams = [];
    private byte[]? _heldBack;
    private bool _hasLeapt;
    private volatile bool _isAnswering;

    public BinanceSession(BinanceExchange exchange, int id, WebSocket socket, SessionStream? stream, string pathAndQuery)
    {
        (_exchange, Id, _socket, _stream) = (exchange, id, socket, stream);
        Opened = exchange.Time.GetUtcNow();
        _outbox = new SessionOutbox(socket, exchange.Time);
        _messages = new SlidingLimit(exchange.Options.MessageLimit, exchange.Time, TimeSpan.FromSeconds(1));
        // A path that is neither stands for the combined one, which our own client opens.
        _isCombined = !pathAndQuery.StartsWith("/ws", StringComparison.Ordinal);
        _first = StreamsOf(pathAndQuery);
        _life = exchange.Time.CreateTimer(_ => Cut(), null, exchange.Options.SocketLifetime, Timeout.InfiniteTimeSpan);
    }

    public int Id { get; }

    public DateTimeOffset Opened { get; }

    public int Waiting => _outbox.Waiting;

    public bool IsHalfOpen { get; private set; }

    /// <summary>True while a request is being answered, or a frame could leave without the clock moving.</summary>
    public bool IsBusy => _isAnswering || (!IsHalfOpen && _outbox.IsBusy);

    public IReadOnlyList<string> Streams
    {
        get
        {
            lock (_gate)
                return [.. _streams];
        }
    }

    /// <summary>Lives until either side closes or <paramref name="stopping"/> is cancelled. Never throws for what a client does.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        lock (_exchange.Gate)
            Subscribe(_first);
        var writing = WriteAsync(ending);
        try
        {
            await ReadAsync(ending.Token);
            Leave();
            _outbox.Complete();
            await writing;
            if (_socket.State == WebSocketState.CloseReceived)
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, stopping);
        }
        catch (Exception reason) when (reason is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client is gone, or the socket was cut on purpose: both are everyday here.
        }
        finally
        {
            await ending.CancelAsync();
            Leave();
            _outbox.Complete();
            await writing;
            await _life.DisposeAsync();
            _socket.Abort();
        }
    }

    /// <summary>Ends the connection without a close frame: the other side sees 1006.</summary>
    public void Cut()
    {
        _stream?.Cut();
        _socket.Abort();
    }

    public void Send(byte[] frame)
    {
        lock (_gate)
            Enqueue(frame, TimeSpan.Zero);
    }

    /// <summary>Sends an event of a stream, with the time that is told in it.</summary>
    public void SendEvent(BinanceFeed feed, Func<long, string> text, long now)
    {
        lock (_gate)
        {
            if (_streams.Contains(feed.Stream))
                SendEvent(feed.Stream, feed.Key.Text, text, now);
        }
    }

    /// <summary>What the faults do that strike a connection once.</summary>
    public void Strike(Fault fault)
    {
        switch (fault.Kind)
        {
            case FaultKind.Cut:
                Cut();
                break;
            case FaultKind.HalfOpen:
                IsHalfOpen = true;
                _stream?.Mute();
                break;
            case FaultKind.Restart:
                SayShutdown();
                _life.Change(TimeSpan.FromMilliseconds(fault.DelayMs), Timeout.InfiniteTimeSpan);
                break;
            case FaultKind.UnknownEvent:
                Send(Wrap("!weather", """{"e":"weather","E":1,"new":{"field":[1,2]}}"""));
                break;
            case FaultKind.Huge:
                Send(Wrap("!weather", $$"""{"e":"{{new string('x', fault.Size)}}"}"""));
                break;
        }
    }

    private static string[] StreamsOf(string pathAndQuery)
    {
        var query = pathAndQuery.IndexOf("streams=", StringComparison.Ordinal);
        var text = query >= 0 ? pathAndQuery[(query + "streams=".Length)..].Split('&')[0]
            : pathAndQuery.StartsWith("/ws/", StringComparison.Ordinal) ? pathAndQuery["/ws/".Length..].Split('?')[0]
            : "";
        return text.Split('/', StringSplitOptions.RemoveEmptyEntries);
    }

    private void SayShutdown() => Send(Wrap("!serverShutdown", string.Create(
        CultureInfo.InvariantCulture, $$"""{"e":"serverShutdown","E":{{_exchange.Market.Now}}}""")));

    private byte[] Wrap(string stream, string data) => _isCombined ? BinanceText.Combined(stream, data) : Encoding.UTF8.GetBytes(data);

    private void SendEvent(string stream, string key, Func<long, string> text, long now)
    {
        var faults = _exchange.Faults;
        if (faults.IsEmpty)
        {
            Enqueue(Wrap(stream, text(now)), TimeSpan.Zero);
            return;
        }
        if (faults.Strike(FaultKind.Silence, key, Id) is not null)
            return;
        // Never two in a row: the frame behind it shows the truth.
        _hasLeapt = !_hasLeapt && faults.Strike(FaultKind.TimeLeap, key, Id) is not null;
        var frame = Wrap(stream, text(now + WrongBy(key)));
        if (faults.Strike(FaultKind.Drop, key, Id) is not null)
            return;
        if (faults.Strike(FaultKind.Malformed, key, Id) is not null)
            frame = [.. "[[,"u8, .. frame];
        if (faults.Strike(FaultKind.Truncated, key, Id) is not null)
            frame = frame[..(frame.Length / 2)];
        if (faults.Strike(FaultKind.Reorder, key, Id) is not null && _heldBack is null)
        {
            _heldBack = frame;
            return;
        }
        var delay = faults.Strike(FaultKind.Delay, key, Id) is { } slow ? TimeSpan.FromMilliseconds(slow.DelayMs) : TimeSpan.Zero;
        Enqueue(frame, delay);
        if (faults.Strike(FaultKind.Duplicate, key, Id) is not null)
            Enqueue(frame, delay);
    }

    private long WrongBy(string key)
    {
        if (_hasLeapt)
            return LeapMs;
        if (_exchange.Faults.Strike(FaultKind.TimeAhead, key, Id) is { } ahead)
            return ahead.DelayMs;
        return _exchange.Faults.Strike(FaultKind.TimeBehind, key, Id) is { } behind ? -behind.DelayMs : 0;
    }

    private void Enqueue(ReadOnlyMemory<byte> frame, TimeSpan delay)
    {
        if (IsHalfOpen)
            return;
        _outbox.Add(frame, delay);
        if (_heldBack is { } held)
        {
            _heldBack = null;
            _outbox.Add(held, delay);
        }
    }

    private async Task WriteAsync(CancellationTokenSource ending)
    {
        try
        {
            await _outbox.WriteAsync(ending.Token);
        }
        catch (Exception reason) when (reason is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The read loop sees the same end; wake it where it does not.
            await ending.CancelAsync();
        }
    }

    private async Task ReadAsync(CancellationToken ending)
    {
        var buffer = new byte[LongestRequest];
        while (true)
        {
            var length = 0;
            ValueWebSocketReceiveResult part;
            do
            {
                if (length == buffer.Length)
                    return;
                part = await _socket.ReceiveAsync(buffer.AsMemory(length), ending);
                length += part.Count;
            }
            while (!part.EndOfMessage);
            if (part.MessageType == WebSocketMessageType.Close)
                return;
            if (!_messages.TryTake())
            {
                Cut();
                return;
            }
            _isAnswering = true;
            if (part.MessageType == WebSocketMessageType.Text && !IsHalfOpen)
                Answer(buffer.AsMemory(0, length));
            _isAnswering = false;
        }
    }

    private void Answer(ReadOnlyMemory<byte> text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            Answer(document.RootElement);
        }
        catch (JsonException)
        {
            Send(BinanceText.Error(3, "Invalid JSON: expected value at line 1 column 1"));
        }
    }

    private void Answer(JsonElement request)
    {
        if (request.ValueKind != JsonValueKind.Object)
        {
            Send(BinanceText.Error(2, "Invalid request: request must be an object"));
            return;
        }
        var id = request.TryGetProperty("id", out var given) ? given.GetRawText() : "null";
        var method = request.TryGetProperty("method", out var name) && name.ValueKind == JsonValueKind.String ? name.GetString() : null;
        string[] streams = request.TryGetProperty("params", out var list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(item => item.GetString()!)]
            : [];
        switch (method)
        {
            case "SUBSCRIBE" when streams.Length > 0:
                Subscribe(streams, id);
                break;
            case "UNSUBSCRIBE" when streams.Length > 0:
                Send(BinanceText.Acknowledgement(id));
                lock (_exchange.Gate)
                    Unsubscribe(streams, asked: true);
                break;
            case "LIST_SUBSCRIPTIONS":
                Send(BinanceText.Streams(Streams, id));
                break;
            default:
                Send(BinanceText.Error(2, $"Invalid request: unknown variant `{method}`, or no params", id));
                break;
        }
    }

    private void Subscribe(string[] streams, string id)
    {
        var keys = streams.Select(stream => _exchange.Symbols.KeyOfStream(stream)?.Text).ToList();
        bool Strikes(FaultKind kind) => keys.Any(key => _exchange.Faults.Strike(kind, key, Id) is not null);
        if (Strikes(FaultKind.AckWithheld))
            return;
        if (Strikes(FaultKind.SubscribeError))
        {
            Send(BinanceText.Error(2, "Invalid request: refused", id));
            return;
        }
        lock (_exchange.Gate)
        {
            // Inside the market's gate: nothing is pushed between the acknowledgement and the subscription.
            Send(BinanceText.Acknowledgement(id));
            Subscribe(streams);
        }
    }

    // Inside the market's gate. A stream that does not exist is held like any other, and nothing ever comes on it.
    private void Subscribe(string[] streams)
    {
        foreach (var stream in streams)
        {
            lock (_gate)
            {
                if (_streams.Count >= _exchange.Options.StreamLimit || !_streams.Add(stream))
                    continue;
            }
            if (_exchange.Symbols.KeyOfStream(stream) is { } key)
                _exchange.Subscribe(this, stream, key);
        }
    }

    // Inside the market's gate.
    private void Unsubscribe(IEnumerable<string> streams, bool asked)
    {
        foreach (var stream in streams)
        {
            lock (_gate)
            {
                if (!_streams.Remove(stream))
                    continue;
            }
            if (_exchange.Symbols.KeyOfStream(stream) is { } key)
                _exchange.Unsubscribe(this, key, asked);
        }
    }

    private void Leave()
    {
        lock (_exchange.Gate)
            Unsubscribe(Streams, asked: false);
    }
}
