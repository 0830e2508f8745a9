using CandleStream.Exchanges.Kraken;
using CandleStream.Providers;
using CandleStream.Simulator;
using CandleStream.Tests.Bitfinex;
using CandleStream.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.Tests.Kraken;

/// <summary>A provider and the simulated Kraken on one virtual clock.</summary>
internal sealed class KrakenFixture : SimulatedFixture<KrakenOptions, KrakenSimulator>
{
    private KrakenFixture(KrakenSimulator exchange, VirtualClock time, Action<KrakenOptions>? configure)
        : base(exchange, "/v2", time, configure, (options, transport, clock, metrics) => new KrakenWebSocketCandleProvider(
            options, transport, clock, new Random(1), metrics, NullLogger<KrakenWebSocketCandleProvider>.Instance))
    {
    }

    public static async Task<KrakenFixture> StartAsync(
        Action<KrakenOptions>? configure = null, Func<SimulatorOptions, SimulatorOptions>? simulate = null)
    {
        var (time, options) = Begin(simulate);
        return new KrakenFixture(await KrakenSimulator.StartAsync(options), time, configure);
    }

    // The provider knows the symbol as its exchange names it.
    public static SeriesKey Series(string pair = "BTC/USD", string timeframe = "1m") => SeriesKey.Parse($"KRAKEN:{pair}:{timeframe}");

    /// <summary>Follows a series and waits until it is live.</summary>
    public Task<(RecordingFeed Feed, IFollowedSeries Followed)> FollowLiveAsync(string pair = "BTC/USD", string timeframe = "1m") =>
        FollowLiveAsync(Series(pair, timeframe));
}
