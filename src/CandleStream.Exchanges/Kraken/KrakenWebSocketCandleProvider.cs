using CandleStream.Providers;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges.Kraken;

/// <summary>Candles of Kraken's spot market: pushed over WebSockets, polled and fetched over REST.</summary>
public sealed class KrakenWebSocketCandleProvider : ICandleProvider
{
    private readonly Following _following;
    private readonly KrakenRestClient _rest;
    private readonly RestBudget _budget;

    /// <param name="options">Addresses, time-outs and limits.</param>
    /// <param name="transport">How the exchange is reached.</param>
    /// <param name="time">The clock of every delay, time-out and age.</param>
    /// <param name="random">Spreads retries; a seeded one makes them repeatable.</param>
    /// <param name="metrics">Counts what passes.</param>
    /// <param name="logger">One line per change of state; bad input at most once a minute and kind.</param>
    public KrakenWebSocketCandleProvider(
        KrakenOptions options, ExchangeTransport transport, TimeProvider time, Random random, ExchangeMetrics metrics,
        ILogger<KrakenWebSocketCandleProvider> logger)
    {
        _budget = new RestBudget(options.RestCallsPerMinute, time);
        var logGate = new LogGate(time);
        _rest = new KrakenRestClient(transport.Http, options, _budget, time, metrics, logger);
        var pool = new SocketPool(OpenAsync, options, time, metrics, logger);
        metrics.Observe(pool, _budget, time);
        _following = new Following(
            new ExchangeContext(options, time, random, metrics, logger, logGate, pool, _rest, new PollRoster(options)));

        async Task<IExchangeSocket> OpenAsync(Action<IExchangeSocket> changed, CancellationToken cancel)
        {
            try
            {
                return await KrakenConnection.OpenAsync(transport.ConnectAsync, options, time, metrics, logGate, logger, changed, cancel);
            }
            catch (ConnectFailedException e) when (e.IsRateLimited)
            {
                _rest.OnSocketsRefused();
                throw;
            }
        }
    }

    public Exchange Exchange => Exchange.Kraken;

    public bool IsSimulated => _following.IsSimulated;

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
