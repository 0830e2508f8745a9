using Microsoft.Extensions.Logging;

namespace CandleStream.Bitfinex;

/// <summary>What all series of a provider share.</summary>
internal sealed record BitfinexServices(
    BitfinexOptions Options, TimeProvider Time, Random Random, BitfinexMetrics Metrics, ILogger Logger, LogGate LogGate, ConnectionPool Pool, BitfinexRestClient Rest, PollRoster Polls);

/// <summary>How many series are polled, and what that makes of their interval. Thread-safe.</summary>
internal sealed class PollRoster(BitfinexOptions options)
{
    private int _count;

    /// <summary>The interval that the REST budget allows each polled series, in whole poll intervals.</summary>
    public TimeSpan Interval
    {
        get
        {
            var fair = TimeSpan.FromSeconds(60.0 * Volatile.Read(ref _count) / options.RestCallsPerMinute);
            return options.PollInterval * Math.Max(1, Math.Ceiling(fair / options.PollInterval));
        }
    }

    public void Enter() => Interlocked.Increment(ref _count);

    public void Leave() => Interlocked.Decrement(ref _count);
}
