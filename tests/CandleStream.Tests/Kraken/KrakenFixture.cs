using CandleStream.Exchanges;
using CandleStream.Exchanges.Kraken;
using CandleStream.Providers;
using CandleStream.Simulator;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Protocol;
using CandleStream.Tests.Bitfinex;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.Tests.Kraken;

/// <summary>A provider and the simulated Kraken on one virtual clock.</summary>
internal sealed class KrakenFixture : IAsyncDisposable
{
    // No test may hang, whatever it waits for.
    private readonly CancellationTokenSource _realTime = new(TimeSpan.FromMinutes(2));
    private readonly HttpMessageHandler _http;

    private KrakenFixture(KrakenSimulator exchange, VirtualClock time, Action<KrakenOptions>? configure)
    {
        (Exchange, Time) = (exchange, time);
        configure?.Invoke(Options);
        _http = exchange.CreateHttpHandler();
        Provider = new KrakenWebSocketCandleProvider(
            Options, new ExchangeTransport(_ => Task.FromResult(exchange.ConnectInProcess("/v2")), _http), time, new Random(1), Metrics,
            NullLogger<KrakenWebSocketCandleProvider>.Instance);
    }

    public VirtualClock Time { get; }

    public KrakenOptions Options { get; } = new();

    public ExchangeMetrics Metrics { get; } = new();

    public KrakenSimulator Exchange { get; }

    public KrakenWebSocketCandleProvider Provider { get; }

    /// <summary>The time that passes, whatever the wall clock says.</summary>
    public DateTimeOffset Now => Time.Passed;

    public long NowMs => Now.ToUnixTimeMilliseconds();

    public static async Task<KrakenFixture> StartAsync(
        Action<KrakenOptions>? configure = null, Func<SimulatorOptions, SimulatorOptions>? simulate = null)
    {
        Quiet.Calibrate();
        var time = new VirtualClock(new DateTimeOffset(2026, 9, 22, 12, 0, 10, TimeSpan.Zero));
        var options = new SimulatorOptions { Listen = false, TimeProvider = time };
        return new KrakenFixture(await KrakenSimulator.StartAsync(simulate?.Invoke(options) ?? options), time, configure);
    }

    // The provider knows the symbol as its exchange names it.
    public static SeriesKey Series(string pair = "BTC/USD", string timeframe = "1m") => SeriesKey.Parse($"KRAKEN:{pair}:{timeframe}");

    /// <summary>Follows a series and waits until it is live.</summary>
    public async Task<(RecordingFeed Feed, IFollowedSeries Followed)> FollowLiveAsync(string pair = "BTC/USD", string timeframe = "1m")
    {
        var feed = new RecordingFeed();
        var followed = Provider.Follow(Series(pair, timeframe), feed);
        await Until(() => feed.State == SeriesState.Live);
        return (feed, followed);
    }

    public void Strike(FaultKind kind, Func<Fault, Fault>? more = null)
    {
        var fault = new Fault(kind);
        Exchange.Faults.Add(more?.Invoke(fault) ?? fault);
    }

    /// <summary>The true candles of a key that are over by now.</summary>
    public IReadOnlyList<MarketCandle> Truth(string key, long from) =>
        [.. Exchange.Ledger(key, from).Where(c => CandleKey.Parse(key).Timeframe.Next(c.Time) <= NowMs)];

    /// <summary>Lets time pass, as much as needed, until something is true.</summary>
    public async Task Until(Func<bool> condition, TimeSpan? limit = null)
    {
        var end = Now + (limit ?? TimeSpan.FromMinutes(10));
        await WaitAsync();
        while (!condition())
        {
            Assert.True(Now < end, "It did not happen.");
            Assert.False(_realTime.IsCancellationRequested, "It takes too long.");
            Time.GoOn(end);
            await WaitAsync();
        }
    }

    /// <summary>Lets so much time pass, once everything that was sent before has arrived.</summary>
    public async Task Pass(TimeSpan span)
    {
        await WaitAsync();
        for (var end = Now + span; Now < end;)
        {
            Assert.False(_realTime.IsCancellationRequested, "It takes too long.");
            Time.GoOn(end);
            await WaitAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Provider.DisposeAsync();
        await Exchange.DisposeAsync();
        _http.Dispose();
        Metrics.Dispose();
        _realTime.Dispose();
    }

    private Task WaitAsync() => Quiet.WaitAsync(() => Exchange.IsBusy, _realTime.Token);
}
