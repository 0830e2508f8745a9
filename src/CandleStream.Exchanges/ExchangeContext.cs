using CandleStream.Providers;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges;

/// <summary>What all series of a provider share.</summary>
internal sealed record ExchangeContext(
    IExchangeOptions Options, TimeProvider Time, Random Random, ExchangeMetrics Metrics, ILogger Logger, LogGate LogGate, SocketPool Pool,
    IExchangeRest Rest, PollRoster Polls);

/// <summary>The part of an exchange's REST that following needs.</summary>
internal interface IExchangeRest
{
    /// <summary>The newest candles, the running one included.</summary>
    /// <exception cref="CandleProviderException">No answer, a refusal, or an answer that cannot be true.</exception>
    Task<HistoryPage> FetchNewestAsync(SeriesKey series, long followedSince, CancellationToken cancel);
}

/// <summary>How many series are polled, and what that makes of their interval. Thread-safe.</summary>
internal sealed class PollRoster(IExchangeOptions options)
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
