using CandleStream.Providers;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges.Bitfinex;

/// <summary>Candles of Bitfinex: pushed over WebSockets, polled and fetched over REST.</summary>
public sealed class BitfinexWebSocketCandleProvider : ICandleProvider, IExchangePassage
{
    private readonly Following _following;
    private readonly BitfinexRestClient _rest;
    private readonly RestBudget _budget;

    /// <param name="options">Addresses, time-outs and limits.</param>
    /// <param name="transport">How the exchange is reached.</param>
    /// <param name="time">The clock of every delay, time-out and age.</param>
    /// <param name="random">Spreads retries; a seeded one makes them repeatable.</param>
    /// <param name="metrics">Counts what passes.</param>
    /// <param name="logger">One line per change of state; bad input at most once a minute and kind.</param>
    public BitfinexWebSocketCandleProvider(
        BitfinexOptions options, ExchangeTransport transport, TimeProvider time, Random random, ExchangeMetrics metrics,
        ILogger<BitfinexWebSocketCandleProvider> logger)
    {
        _budget = new RestBudget(options.RestCallsPerMinute, time);
        var logGate = new LogGate(time);
        var pool = new SocketPool(
            async (changed, cancel) =>
                await BitfinexConnection.OpenAsync(transport.ConnectAsync, options, time, metrics, logGate, logger, changed, cancel),
            options, time, metrics, logger);
        _rest = new BitfinexRestClient(transport.Http, options, _budget, time, metrics, logger);
        metrics.Observe(pool, _budget, time);
        _following = new Following(
            new ExchangeContext(options, time, random, metrics, logger, logGate, pool, _rest, new PollRoster(options)));
    }

    public bool IsSimulated => _following.IsSimulated;

    public IFollowedSeries Follow(SeriesKey series, IFeedListener feed) => _following.Follow(series, feed);

    public Task<HistoryPage> FetchAsync(SeriesKey series, TimeRange range, FetchPurpose purpose, CancellationToken cancel) =>
        _rest.FetchAsync(series, range, purpose, _following.Since(series), cancel);

    public Task<SymbolListing> FetchSymbolsAsync(CancellationToken cancel) => _rest.FetchSymbolsAsync(cancel);

    public Task<PassedAnswer> PassAsync(string pathAndQuery, CancellationToken cancel) => _rest.PassAsync(pathAndQuery, cancel);

    public async ValueTask DisposeAsync()
    {
        await _following.DisposeAsync();
        _rest.Dispose();
        _budget.Dispose();
    }
}
