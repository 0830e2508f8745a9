using System.Diagnostics.Metrics;
using CandleStream.Storage;

namespace CandleStream.Server.Candles;

/// <summary>The store and what waits for it, looked at whenever metrics are collected.</summary>
internal sealed class StoreMetrics
{
    public StoreMetrics(StoreHost store, CandleWriter writer, IMeterFactory meters)
    {
        var meter = meters.Create(nameof(CandleStream));
        meter.CreateObservableGauge("candlestream.store.up", () => store.Trouble is null ? 1 : 0, null, "1 while candles can be kept.");
        meter.CreateObservableGauge("candlestream.store.queue", () => writer.Waiting, "{candle}", "Closed candles that wait to be saved.");
        meter.CreateObservableCounter("candlestream.store.given_up", () => writer.GivenUp, "{candle}",
            "Candles dropped because too many waited; their range becomes a gap and is fetched again.");
    }
}
