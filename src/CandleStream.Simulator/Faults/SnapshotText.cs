using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Faults;

/// <summary>The snapshot of a new channel, newest candle first, spoiled where a fault says so.</summary>
internal static class SnapshotText
{
    public static byte[] Write(IReadOnlyList<MarketCandle> ascending, FaultBoard faults, CandleKey key, int session)
    {
        var candles = ascending.Reverse().ToList();
        if (faults.Strike(FaultKind.EmptySnapshot, key.Text, session) is not null)
            candles = [];
        else if (faults.Strike(FaultKind.OneCandleSnapshot, key.Text, session) is not null)
            candles = [.. candles.Take(1)];
        else if (faults.Strike(FaultKind.SnapshotHole, key.Text, session) is not null && candles.Count > 2)
            candles.RemoveRange(1, Math.Max(1, candles.Count / 3));

        var style = faults.Strike(FaultKind.ExtraElements, key.Text, session) is not null ? CandleStyle.ExtraElements
            : faults.Strike(FaultKind.Exponents, key.Text, session) is not null ? CandleStyle.Exponents
            : CandleStyle.Plain;
        return BadRows.Page(candles, style, faults, key.Text, session);
    }
}
