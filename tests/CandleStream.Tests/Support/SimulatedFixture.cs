using CandleStream.Exchanges;
using CandleStream.Providers;
using CandleStream.Simulator;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Protocol;
using CandleStream.Tests.Bitfinex;

namespace CandleStream.Tests.Support;

/// <summary>A provider and the simulator of its exchange on one virtual clock.</summary>
internal abstract class SimulatedFixture<TOptions, TExchange> : IAsyncDisposable
    where TOptions : new()
    where TExchange : ExchangeSimulator
{
    // No test may hang, whatever it waits for.
    private readonly CancellationTokenSource _realTime = new(TimeSpan.FromMinutes(2));
    private readonly HttpMessageHandler _http;

    /// <param name="exchange">Disposed with the fixture.</param>
    /// <param name="socketPath">Where the provider opens its sockets.</param>
    /// <param name="time">The clock of both.</param>
    /// <param name="configure">Changes the provider's options.</param>
    /// <param name="create">Makes the provider.</param>
    protected SimulatedFixture(
        TExchange exchange, string socketPath, VirtualClock time, Action<TOptions>? configure,
        Func<TOptions, ExchangeTransport, VirtualClock, ExchangeMetrics, ICandleProvider> create)
    {
        (Exchange, Time) = (exchange, time);
        configure?.Invoke(Options);
        _http = exchange.CreateHttpHandler();
        Provider = create(
            Options, new ExchangeTransport(_ => Task.FromResult(exchange.ConnectInProcess(socketPath)), _http), time, Metrics);
    }

    public VirtualClock Time { get; }

    public TOptions Options { get; } = new();

    public ExchangeMetrics Metrics { get; } = new();

    public TExchange Exchange { get; }

    public ICandleProvider Provider { get; }

    /// <summary>The time that passes, whatever the wall clock says.</summary>
    public DateTimeOffset Now => Time.Passed;

    public long NowMs => Now.ToUnixTimeMilliseconds();

    /// <summary>Follows a series and waits until it is live.</summary>
    public async Task<(RecordingFeed Feed, IFollowedSeries Followed)> FollowLiveAsync(SeriesKey series)
    {
        var feed = new RecordingFeed();
        var followed = Provider.Follow(series, feed);
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

    /// <summary>A clock at the moment that the tests begin, and a simulator's options with it.</summary>
    protected static (VirtualClock Time, SimulatorOptions Options) Begin(Func<SimulatorOptions, SimulatorOptions>? simulate)
    {
        Quiet.Calibrate();
        var time = new VirtualClock(new DateTimeOffset(2026, 9, 22, 12, 0, 10, TimeSpan.Zero));
        var options = new SimulatorOptions { Listen = false, TimeProvider = time };
        return (time, simulate?.Invoke(options) ?? options);
    }

    private Task WaitAsync() => Quiet.WaitAsync(() => Exchange.IsBusy, _realTime.Token);
}
