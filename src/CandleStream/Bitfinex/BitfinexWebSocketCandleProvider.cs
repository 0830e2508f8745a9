using System.Collections.Concurrent;
using CandleStream.Streaming;
using Microsoft.Extensions.Logging;

namespace CandleStream.Bitfinex;

/// <summary>Candles of Bitfinex: pushed over WebSockets, polled and fetched over REST.</summary>
public sealed class BitfinexWebSocketCandleProvider : ICandleProvider, IExchangePassage
{
    private readonly BitfinexServices _services;
    private readonly RestBudget _budget;
    private readonly ConcurrentDictionary<FollowedSeries, SeriesKey> _followed = new();

    /// <param name="options">Addresses, time-outs and limits.</param>
    /// <param name="transport">How the exchange is reached.</param>
    /// <param name="time">The clock of every delay, time-out and age.</param>
    /// <param name="random">Spreads retries; a seeded one makes them repeatable.</param>
    /// <param name="metrics">Counts what passes.</param>
    /// <param name="logger">One line per change of state; bad input at most once a minute and kind.</param>
    public BitfinexWebSocketCandleProvider(
        BitfinexOptions options, BitfinexTransport transport, TimeProvider time, Random random, BitfinexMetrics metrics, ILogger<BitfinexWebSocketCandleProvider> logger)
    {
        _budget = new RestBudget(options.RestCallsPerMinute, time);
        var pool = new ConnectionPool(transport.ConnectAsync, options, time, metrics, logger);
        var rest = new BitfinexRestClient(transport.Http, options, _budget, time, metrics, logger);
        metrics.Observe(pool, _budget, time);
        _services = new BitfinexServices(options, time, random, metrics, logger, new LogGate(time), pool, rest, new PollRoster(options));
    }

    public bool IsSimulated => _services.Options.Simulated || _services.Pool.IsSimulated;

    public IFollowedSeries Follow(SeriesKey series, ICandleFeed feed)
    {
        var followed = new FollowedSeries(series, feed, _services, ended => _followed.TryRemove(ended, out _));
        _followed[followed] = series;
        return followed;
    }

    public Task<HistoryPage> FetchAsync(SeriesKey series, TimeRange range, FetchPurpose purpose, CancellationToken cancel) =>
        _services.Rest.FetchAsync(series, range, purpose, FollowedSince(series), cancel);

    public Task<SymbolListing> FetchSymbolsAsync(CancellationToken cancel) => _services.Rest.FetchSymbolsAsync(cancel);

    public Task<PassedAnswer> PassAsync(string pathAndQuery, CancellationToken cancel) => _services.Rest.PassAsync(pathAndQuery, cancel);

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_followed.Keys.Select(f => f.DisposeAsync().AsTask()));
        await _services.Pool.DisposeAsync();
        _services.Rest.Dispose();
        _budget.Dispose();
    }

    private long FollowedSince(SeriesKey series)
    {
        foreach (var (followed, key) in _followed)
            if (key == series) return followed.Since;
        return _services.Time.GetTimestamp();
    }
}
