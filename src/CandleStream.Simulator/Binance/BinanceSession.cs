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
internal sealed class BinanceSession : SimulatedSession
{
    private readonly BinanceExchange _exchange;
    private readonly SlidingLimit _messages;
    private readonly ITimer _life;
    private readonly bool _isCombined;
    private readonly string[] _first;

    // Guarded by Gate.
    private readonly HashSet<string> _streams = [];

    public BinanceSession(BinanceExchange exchange, int id, WebSocket socket, SessionStream? stream, string pathAndQuery)
        : base(id, socket, stream, exchange.Faults, exchange.Time)
    {
        _exchange = exchange;
        _messages = new SlidingLimit(exchange.Options.MessageLimit, exchange.Time, TimeSpan.FromSeconds(1));
        // A path that is neither stands for the combined one, which our own client opens.
        _isCombined = !pathAndQuery.StartsWith("/ws", StringComparison.Ordinal);
        _first = StreamsOf(pathAndQuery);
        _life = exchange.Time.CreateTimer(_ => Cut(), null, exchange.Options.SocketLifetime, Timeout.InfiniteTimeSpan);
    }

    public IReadOnlyList<string> Streams
    {
        get
        {
            lock (Gate)
                return [.. _streams];
        }
    }

    // A stream on which nothing ever comes is held by its own name.
    public override IEnumerable<string> Keys => Streams.Select(stream => _exchange.Symbols.KeyOfStream(stream)?.Text ?? stream);

    /// <summary>Sends an event of a stream, with the time that is told in it.</summary>
    public void SendEvent(BinanceFeed feed, Func<long, string> text, long now)
    {
        lock (Gate)
        {
            if (_streams.Contains(feed.Stream))
                EnqueueFaulty(feed.Key.Text, wrongBy => Wrap(feed.Stream, text(now + wrongBy)));
        }
    }

    public override void Strike(Fault fault)
    {
        switch (fault.Kind)
        {
            case FaultKind.Cut:
                Cut();
                break;
            case FaultKind.HalfOpen:
                BecomeHalfOpen();
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

    protected override void Begin()
    {
        lock (_exchange.Gate)
            Subscribe(_first);
    }

    protected override bool TryTake() => _messages.TryTake();

    protected override void Leave()
    {
        lock (_exchange.Gate)
            Unsubscribe(Streams, asked: false);
    }

    protected override ValueTask EndAsync() => _life.DisposeAsync();

    protected override void Answer(ReadOnlyMemory<byte> text)
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
            lock (Gate)
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
            lock (Gate)
            {
                if (!_streams.Remove(stream))
                    continue;
            }
            if (_exchange.Symbols.KeyOfStream(stream) is { } key)
                _exchange.Unsubscribe(this, key, asked);
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
}
