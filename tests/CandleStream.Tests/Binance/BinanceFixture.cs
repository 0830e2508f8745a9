using CandleStream.Exchanges.Binance;
using CandleStream.Providers;
using CandleStream.Simulator;
using CandleStream.Tests.Bitfinex;
using CandleStream.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.Tests.Binance;

/// <summary>A provider and the simulated Binance on one virtual clock.</summary>
internal sealed class BinanceFixture : SimulatedFixture<BinanceOptions, BinanceSimulator>
{
    private BinanceFixture(BinanceSimulator exchange, VirtualClock time, Action<BinanceOptions>? configure)
        : base(exchange, "/stream", time, configure, (options, transport, clock, metrics) => new BinanceWebSocketCandleProvider(
            options, transport, clock, new Random(1), metrics, NullLogger<BinanceWebSocketCandleProvider>.Instance))
    {
    }

    public static async Task<BinanceFixture> StartAsync(
        Action<BinanceOptions>? configure = null, Func<SimulatorOptions, SimulatorOptions>? simulate = null)
    {
        var (time, options) = Begin(simulate);
        return new BinanceFixture(await BinanceSimulator.StartAsync(options), time, configure);
    }

    // The provider knows the symbol as its exchange names it.
    public static SeriesKey Series(string pair = "BTCUSDT", string timeframe = "1m") => SeriesKey.Parse($"BINANCE:{pair}:{timeframe}");

    /// <summary>Follows a series and waits until it is live.</summary>
    public Task<(RecordingFeed Feed, IFollowedSeries Followed)> FollowLiveAsync(string pair = "BTCUSDT", string timeframe = "1m") =>
        FollowLiveAsync(Series(pair, timeframe));
}
