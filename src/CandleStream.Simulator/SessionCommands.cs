using System.Globalization;
using System.Text.Json;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator;

/// <summary>
/// Answers what a client asks on its socket: ping, conf, subscribe, unsubscribe (Bitfinex docs, ws-general and ws-public).
/// </summary>
internal sealed class SessionCommands(SimulatorExchange exchange, SimulatorSession session)
{
    private int? _retiredId;

    public void Answer(ReadOnlyMemory<byte> text)
    {
        // The exchange does not answer what is not JSON, or not an object.
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(text);
        }
        catch (JsonException)
        {
            return;
        }
        using (document)
        {
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                Answer(document.RootElement);
        }
    }

    private void Answer(JsonElement request)
    {
        var name = Text(request, "event");
        switch (name)
        {
            case "ping":
                session.Send(ControlFrames.Pong(exchange.Market.Now, Field(request, "cid")));
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
                session.Send(ControlFrames.Error(10000, $"event: invalid ({name})", request));
                break;
        }
    }

    private void Configure(JsonElement request)
    {
        if (exchange.Faults.Strike(FaultKind.ConfWithheld, null, session.Id) is not null)
            return;
        if (exchange.Faults.Strike(FaultKind.ConfRefused, null, session.Id) is not null)
        {
            session.Send(ControlFrames.Error(10050, "conf: invalid", request));
            return;
        }
        if (Field(request, "flags") is { ValueKind: JsonValueKind.Number } field && field.TryGetInt64(out var flags) && flags >= 0)
            session.SetFlags((ConfFlags)flags & (ConfFlags.Timestamp | ConfFlags.Sequence), ControlFrames.Configured(flags));
        else
            session.Send(ControlFrames.Error(10050, "conf: invalid", request));
    }

    private void Subscribe(JsonElement request)
    {
        if (Text(request, "channel") != "candles")
        {
            Refuse(request, 10300, "channel: unknown");
            return;
        }
        if (!CandleKey.TryParse(Text(request, "key"), out var key))
        {
            Refuse(request, 10300, "key: invalid");
            return;
        }
        var faults = exchange.Faults;
        if (faults.Strike(FaultKind.AckWithheld, key.Text, session.Id) is not null)
            return;
        if (faults.Strike(FaultKind.SubscribeError, key.Text, session.Id) is { } fault)
        {
            Refuse(request, fault.Code, "subscribe: invalid");
            return;
        }
        // Everything from here on happens with the market standing still: see IMarket.
        lock (exchange.Gate)
        {
            if (!exchange.Market.Lists(key))
                Refuse(request, 10300, "symbol: invalid");
            else if (session.Find(channel => channel.Key.Text == key.Text) is { } same)
                session.Send(ControlFrames.Error(10301, "subscribe: dup", request, same.Id));
            else if (exchange.IsChannelLimitReached(session))
                Refuse(request, 10305, "subscribe: limit");
            else
                exchange.Subscribe(session, key, NextChannelId(key), Field(request, "subId"));
        }
    }

    private void Refuse(JsonElement request, int code, string message) =>
        session.Send(ControlFrames.Error(code, message, request));

    private int NextChannelId(CandleKey key)
    {
        if (_retiredId is not { } retired || exchange.Faults.Strike(FaultKind.ChanIdReuse, key.Text, session.Id) is null)
            return exchange.NewChannelId();
        // Used again once: the exchange never gives one number to two open channels.
        _retiredId = null;
        return retired;
    }

    private void Unsubscribe(JsonElement request)
    {
        // ccxt sends the number as a string.
        var field = Field(request, "chanId");
        var text = field is { ValueKind: JsonValueKind.String } ? field.Value.GetString() : field?.GetRawText();
        if (int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var id))
        {
            lock (exchange.Gate)
            {
                if (session.Close(id, asked: true) is not null)
                {
                    _retiredId = id;
                    session.Send(ControlFrames.Unsubscribed(id));
                    return;
                }
            }
        }
        Refuse(request, 10400, "unsubscribe: invalid");
    }

    private static string? Text(JsonElement request, string name) =>
        Field(request, name) is { ValueKind: JsonValueKind.String } field ? field.GetString() : null;

    private static JsonElement? Field(JsonElement request, string name) =>
        request.TryGetProperty(name, out var field) ? field : null;
}
