using CandleStream.Providers;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges.Binance;

/// <summary>Candles of Binance's spot market: pushed over WebSockets, polled and fetched over REST.</summary>
public sealed class BinanceWebSocketCandleProvider : ICandleProvider
{
    // Sockets that were opened together must not be renewed together.
    private const double LifetimeSpread = 0.1;

    private readonly Following _following;
    private readonly BinanceRestClient _rest;
    private readonly RestBudget _budget;

    /// <param name="options">Addresses, time-outs and limits.</param>
    /// <param name="transport">How the exchange is reached.</param>
    /// <param name="time">The clock of every delay, time-out and age.</param>
    /// <param name="random">Spreads retries; a seeded one makes them repeatable.</param>
    /// <param name="metrics">Counts what passes.</param>
    /// <param name="logger">One line per change of state; bad input at most once a minute and kind.</param>
    public BinanceWebSocketCandleProvider(
        BinanceOptions options, ExchangeTransport transport, TimeProvider time, Random random, ExchangeMetrics metrics,
        ILogger<BinanceWebSocketCandleProvider> logger)
    {
        _budget = new RestBudget(options.RestCallsPerMinute, time);
        var logGate = new LogGate(time);
        _rest = new BinanceRestClient(transport.Http, options, _budget, time, metrics, logger);
        var pool = new SocketPool(
            async (changed, cancel) => await BinanceConnection.OpenAsync(
                transport.ConnectAsync, options, Lifetime(), time, metrics, logGate, logger, _rest.FetchHistoryAsync, changed, cancel),
            options, time, metrics, logger);
        metrics.Observe(pool, _budget, time);
        _following = new Following(
            new ExchangeContext(options, time, random, metrics, logger, logGate, pool, _rest, new PollRoster(options)));

        TimeSpan Lifetime()
        {
            lock (random) return options.SocketLifetime * (1 - (LifetimeSpread * random.NextDouble()));
        }
    }

    public Exchange Exchange => Exchange.Binance;

    public bool IsSimulated => _following.IsSimulated || _rest.IsSimulated;

    public IFollowedSeries Follow(SeriesKey series, IFeedListener feed) => _following.Follow(series, feed);

    public Task<HistoryPage> FetchAsync(SeriesKey series, TimeRange range, FetchPurpose purpose, CancellationToken cancel) =>
        _rest.FetchAsync(series, range, purpose, _following.Since(series), cancel);

    public Task<SymbolListing> FetchSymbolsAsync(CancellationToken cancel) => _rest.FetchSymbolsAsync(cancel);

    public async ValueTask DisposeAsync()
    {
        await _following.DisposeAsync();
        _rest.Dispose();
        _budget.Dispose();
    }
}
