using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Kraken;

/// <summary>
/// One client's socket, from the status to its end: subscribe and unsubscribe with an answer for each symbol, one interval of a symbol, a
/// heartbeat every second once something is subscribed (Kraken docs, websocket-v2).
/// </summary>
internal sealed class KrakenSession : SimulatedSession
{
    private readonly KrakenExchange _exchange;
    private readonly ITimer _heartbeat;
    private readonly ITimer _idle;

    // Guarded by Gate.
    private readonly Dictionary<string, CandleKey> _keys = [];

    public KrakenSession(KrakenExchange exchange, int id, WebSocket socket, SessionStream? stream)
        : base(id, socket, stream, exchange.Faults, exchange.Time)
    {
        _exchange = exchange;
        var every = exchange.Options.KrakenHeartbeat;
        _heartbeat = exchange.Time.CreateTimer(_ => SendHeartbeat(), null, every, every);
        _idle = exchange.Time.CreateTimer(_ => CutIfIdle(), null, exchange.Options.IdleCut, exchange.Options.IdleCut);
    }

    public override IEnumerable<string> Keys
    {
        get
        {
            lock (Gate)
                return [.. _keys.Values.Select(key => key.Text)];
        }
    }

    /// <summary>Sends rows of a key, with the time that is told in their frame.</summary>
    public void SendRows(CandleKey key, IReadOnlyList<string> rows, long time)
    {
        lock (Gate)
        {
            if (_keys.ContainsValue(key))
                EnqueueFaulty(key.Text, wrongBy => KrakenText.Frame("update", rows, time + wrongBy));
        }
    }

    /// <summary>A heartbeat, where something is subscribed.</summary>
    public void SendHeartbeat()
    {
        lock (Gate)
        {
            if (_keys.Count > 0 && !_keys.Values.All(key => _exchange.Faults.Strike(FaultKind.Silence, key.Text, Id) is not null))
                Enqueue(KrakenText.Heartbeat);
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
                Cut();
                break;
            case FaultKind.Maintenance:
                Send(KrakenText.Status("maintenance"));
                break;
            case FaultKind.UnknownEvent:
                Send(Encoding.UTF8.GetBytes("""{"channel":"weather","type":"update","data":[{"new":{"field":[1,2]}}]}"""));
                break;
            case FaultKind.Huge:
                Send(Encoding.UTF8.GetBytes($$"""{"channel":"{{new string('x', fault.Size)}}"}"""));
                break;
        }
    }

    protected override void Begin() => Send(KrakenText.Status(_exchange.IsOperative ? "online" : "maintenance"));

    protected override void Answer(ReadOnlyMemory<byte> text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                Answer(document.RootElement);
        }
        catch (JsonException)
        {
            Send(KrakenText.Refused("", null, "Malformed request", null, _exchange.Market.Now));
        }
    }

    protected override void Leave()
    {
        lock (_exchange.Gate)
        {
            lock (Gate)
            {
                foreach (var key in _keys.Values)
                    _exchange.Unsubscribe(this, key, asked: false);
                _keys.Clear();
            }
        }
    }

    protected override async ValueTask EndAsync()
    {
        await _heartbeat.DisposeAsync();
        await _idle.DisposeAsync();
    }

    private void CutIfIdle()
    {
        lock (Gate)
        {
            if (_keys.Count > 0)
                return;
        }
        Cut();
    }

    private void Answer(JsonElement request)
    {
        var method = TextOf(request, "method") ?? "";
        var id = request.TryGetProperty("req_id", out var given) && given.ValueKind == JsonValueKind.Number ? given.GetRawText() : null;
        var now = _exchange.Market.Now;
        if (method == "ping")
        {
            Send(KrakenText.Pong(id, now));
            return;
        }
        if (method is not ("subscribe" or "unsubscribe") || !request.TryGetProperty("params", out var asked)
            || asked.ValueKind != JsonValueKind.Object || TextOf(asked, "channel") != "ohlc"
            || !asked.TryGetProperty("symbol", out var symbols) || symbols.ValueKind != JsonValueKind.Array)
        {
            Send(KrakenText.Refused(method, null, "Unsupported method, channel or symbol", id, now));
            return;
        }
        var interval = asked.TryGetProperty("interval", out var minutes) && minutes.TryGetInt32(out var number) ? number : 1;
        var wantsSnapshot = !asked.TryGetProperty("snapshot", out var snapshot) || snapshot.ValueKind != JsonValueKind.False;
        foreach (var symbol in symbols.EnumerateArray())
        {
            if (symbol.ValueKind != JsonValueKind.String)
                continue;
            if (method == "subscribe")
                Subscribe(symbol.GetString()!, interval, wantsSnapshot, id);
            else
                Unsubscribe(symbol.GetString()!, interval, id);
        }
    }

    private void Subscribe(string name, int interval, bool wantsSnapshot, string? id)
    {
        // Inside the market's gate: nothing is pushed between the acknowledgement and the snapshot.
        lock (_exchange.Gate)
        {
            var now = _exchange.Market.Now;
            if (_exchange.Symbols.Find(name) is not { } symbol)
            {
                Send(KrakenText.Refused("subscribe", name, $"Currency pair not supported {name}", id, now));
                return;
            }
            if (!KrakenSymbols.IsInterval(interval))
            {
                Send(KrakenText.Refused("subscribe", name, "OHLC interval not supported", id, now));
                return;
            }
            var key = KrakenSymbols.KeyOf(symbol, interval);
            if (_exchange.Faults.Strike(FaultKind.AckWithheld, key.Text, Id) is not null)
                return;
            if (_exchange.Faults.Strike(FaultKind.SubscribeError, key.Text, Id) is not null)
            {
                Send(KrakenText.Refused("subscribe", name, "Subscription refused", id, now));
                return;
            }
            lock (Gate)
            {
                if (!_keys.TryAdd(name, key))
                {
                    Enqueue(KrakenText.Refused("subscribe", name, "Already subscribed to one ohlc interval on this symbol", id, now));
                    return;
                }
                Enqueue(KrakenText.Subscribed(name, interval, id, now));
                _exchange.Subscribe(this, key);
                if (wantsSnapshot)
                    Enqueue(KrakenText.Frame("snapshot", _exchange.Snapshot(key, Id), now));
            }
            (_exchange.Market as Markets.ScriptedMarket)?.Opened(key);
        }
    }

    private void Unsubscribe(string name, int interval, string? id)
    {
        lock (_exchange.Gate)
        {
            lock (Gate)
            {
                var now = _exchange.Market.Now;
                if (!_keys.TryGetValue(name, out var key) || KrakenSymbols.IntervalOf(key.Timeframe) != interval)
                {
                    Enqueue(KrakenText.Refused("unsubscribe", name, "Subscription Not Found", id, now));
                    return;
                }
                if (_exchange.Faults.Strike(FaultKind.AckWithheld, key.Text, Id) is not null)
                    return;
                _keys.Remove(name);
                _exchange.Unsubscribe(this, key, asked: true);
                Enqueue(KrakenText.Unsubscribed(name, interval, id, now));
            }
        }
    }

    private static string? TextOf(JsonElement item, string name) =>
        item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
