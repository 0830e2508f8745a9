using CandleStream.Exchanges;
using CandleStream.Exchanges.Bitfinex;
using CandleStream.Providers;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.Tests.Bitfinex;

/// <summary>A provider and a scripted exchange on one virtual clock.</summary>
internal sealed class ProviderFixture : IAsyncDisposable
{
    // No test may hang, whatever it waits for.
    private readonly CancellationTokenSource _realTime = new(TimeSpan.FromMinutes(2));

    public ProviderFixture(Action<BitfinexOptions>? configure = null, ILogger<BitfinexWebSocketCandleProvider>? log = null)
    {
        Quiet.Calibrate();
        Exchange = new ScriptedExchange(Time);
        configure?.Invoke(Options);
        Provider = new BitfinexWebSocketCandleProvider(
            Options, Exchange.Transport, Time, new Random(1), Metrics, log ?? NullLogger<BitfinexWebSocketCandleProvider>.Instance);
    }

    public VirtualClock Time { get; } = new(new DateTimeOffset(2026, 9, 22, 12, 0, 0, TimeSpan.Zero));

    public BitfinexOptions Options { get; } = new();

    public ExchangeMetrics Metrics { get; } = new();

    public ScriptedExchange Exchange { get; }

    public BitfinexWebSocketCandleProvider Provider { get; }

    /// <summary>The time that passes, whatever the wall clock says.</summary>
    public DateTimeOffset Now => Time.Passed;

    public static SeriesKey Series(string text = "BTCUSD:1m") => SeriesKey.Parse(text);

    /// <summary>Follows a series and waits until it is live.</summary>
    public async Task<(RecordingFeed Feed, IFollowedSeries Followed)> FollowLiveAsync(string series = "BTCUSD:1m")
    {
        var feed = new RecordingFeed();
        var followed = Provider.Follow(Series(series), feed);
        await Until(() => feed.State == SeriesState.Live);
        return (feed, followed);
    }

    /// <summary>Lets time pass, as much as needed, until something is true.</summary>
    /// <param name="condition">What is waited for.</param>
    /// <param name="limit">The most virtual time it may take; 10 minutes unless told.</param>
    public async Task Until(Func<bool> condition, TimeSpan? limit = null)
    {
        var end = Now + (limit ?? TimeSpan.FromMinutes(10));
        await Quiet.WaitAsync(_realTime.Token);
        while (!condition())
        {
            Assert.True(Now < end, "It did not happen.");
            Assert.False(_realTime.IsCancellationRequested, "It takes too long.");
            Time.GoOn(end);
            await Quiet.WaitAsync(_realTime.Token);
        }
    }

    /// <summary>Lets so much time pass, once everything that was sent before has arrived.</summary>
    public async Task Pass(TimeSpan span)
    {
        await Quiet.WaitAsync(_realTime.Token);
        for (var end = Now + span; Now < end;)
        {
            Time.GoOn(end);
            await Quiet.WaitAsync(_realTime.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Provider.DisposeAsync();
        Exchange.Dispose();
        Metrics.Dispose();
        _realTime.Dispose();
    }
}
