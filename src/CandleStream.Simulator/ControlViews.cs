using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator;

/// <summary>One connection as the control routes show it. Times are Unix ms on the real clock.</summary>
public sealed record SimulatorConnection(
    int Id, long Opened, int Flags, long Sequence, int Waiting, bool HalfOpen, IReadOnlyList<SimulatorSubscription> Channels);

/// <summary>One channel of a connection.</summary>
public sealed record SimulatorSubscription(int ChanId, string Key);

/// <summary>A candle of the ledger, with names instead of the exchange's order. <c>Closed</c>: market time is past its end.</summary>
public sealed record LedgerCandle(long Time, decimal Open, decimal High, decimal Low, decimal Close, decimal Volume, bool Closed);

/// <summary>What the control routes answer, gathered from the exchange.</summary>
internal static class ControlViews
{
    public static IReadOnlyList<LedgerCandle> Ledger(ISimulatedExchange exchange, CandleKey key, long? start, long? end)
    {
        lock (exchange.Gate)
        {
            var now = exchange.Market.Now;
            return
            [
                .. exchange.Market.Candles(key, start ?? key.Timeframe.Floor(exchange.Started), end ?? long.MaxValue, int.MaxValue)
                    .Select(candle => new LedgerCandle(candle.Time, candle.Open, candle.High, candle.Low, candle.Close, candle.Volume,
                        key.Timeframe.Next(candle.Time) <= now)),
            ];
        }
    }
}
