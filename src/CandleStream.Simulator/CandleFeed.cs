using System.Collections.Immutable;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator;

/// <summary>The subscribers of one key and the two candles that alternate in its updates. Guarded by the market's gate.</summary>
internal sealed class CandleFeed(CandleKey key, FaultBoard faults)
{
    // The exchange repeats itself now and then; one update in so many is sent twice.
    private const int RepeatEvery = 9;

    private ImmutableArray<SessionChannel> _channels = [];
    private MarketCandle? _previous;
    private MarketCandle? _current;

    public CandleKey Key => key;

    public ImmutableArray<SessionChannel> Channels => _channels;

    /// <summary>Candle frames made for this key so far, for all sessions together.</summary>
    public long Updates { get; private set; }

    public void Add(SessionChannel channel) => _channels = _channels.Add(channel);

    public void Remove(SessionChannel channel) => _channels = _channels.Remove(channel);

    /// <summary>What a snapshot told: the pair that the next updates alternate between.</summary>
    public void Begin(IReadOnlyList<MarketCandle> snapshot)
    {
        _previous = snapshot.Count > 1 ? snapshot[^2] : null;
        _current = snapshot.Count > 0 ? snapshot[^1] : null;
    }

    /// <summary>
    /// Previous, current, previous, current, whichever of the two has changed: so it was seen live (bitfinex-api-node#324).
    /// </summary>
    public void Publish(in MarketCandle candle, long marketTime)
    {
        if (_current is null || candle.Time > _current.Value.Time)
            (_previous, _current) = (_current, candle);
        else if (candle.Time == _current.Value.Time)
            _current = candle;
        else if (candle.Time == _previous?.Time)
            _previous = candle;
        else
            Send(candle, marketTime);

        if (_previous is { } previous)
            Send(previous, marketTime);
        if (_current is { } current)
            Send(current, marketTime);
        if (_current is { } again && Updates % RepeatEvery == 0)
            Send(again, marketTime);
    }

    public void Send(in MarketCandle candle, long marketTime)
    {
        Updates++;
        if (_channels.IsEmpty)
            return;
        var style = CandleStyle.Plain;
        if (!faults.IsEmpty && faults.Strike(FaultKind.Exponents, key.Text) is not null)
            style = CandleStyle.Exponents;
        else if (!faults.IsEmpty && faults.Strike(FaultKind.ExtraElements, key.Text) is not null)
            style = CandleStyle.ExtraElements;
        if (!faults.IsEmpty && BadRows.Before(candle, faults, key.Text) is { } stray)
            SendText(stray, marketTime);
        var spoiled = faults.IsEmpty ? null : BadRows.InPlaceOf(candle, faults, key.Text);
        SendText(spoiled ?? WireText.Candle(candle, style), marketTime);
    }

    public void SendText(ReadOnlyMemory<byte> payload, long marketTime)
    {
        foreach (var channel in _channels)
            channel.Session.SendPayload(channel, payload.Span, marketTime);
    }
}
