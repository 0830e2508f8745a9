using System.Diagnostics.CodeAnalysis;

namespace CandleStream.Providers;

/// <summary>
/// The exchanges of this server, each with a provider of its own: sockets, budget and loops of one know nothing of another's. What is asked
/// of a series goes to its exchange.
/// </summary>
public sealed class CandleProviders(IReadOnlyList<ICandleProvider> all) : ICandleProvider, IExchangePassage
{
    private int _isDisposed;

    /// <summary>The providers, in the order of <see cref="CandleStream.Exchange.All"/>.</summary>
    public IReadOnlyList<ICandleProvider> All => all;

    /// <summary>The first of them.</summary>
    public Exchange Exchange => all[0].Exchange;

    /// <summary>True where any of them is simulated: real and simulated prices never share a server.</summary>
    public bool IsSimulated => all.Any(p => p.IsSimulated);

    public bool Serves(Exchange exchange) => all.Any(p => p.Exchange == exchange);

    public IFollowedSeries Follow(SeriesKey series, IFeedListener feed) =>
        TryFind(series.Exchange, out var provider) ? provider.Follow(series, feed) : throw new ExchangeOffException(series.Exchange);

    /// <inheritdoc/>
    /// <remarks>A series of an exchange that is switched off is not fetched.</remarks>
    public Task<HistoryPage> FetchAsync(SeriesKey series, TimeRange range, FetchPurpose purpose, CancellationToken cancel) =>
        TryFind(series.Exchange, out var provider)
            ? provider.FetchAsync(series, range, purpose, cancel)
            : Task.FromException<HistoryPage>(new CandleProviderException(new ExchangeOffException(series.Exchange).Message));

    public Task<SymbolListing> FetchSymbolsAsync(CancellationToken cancel) => all[0].FetchSymbolsAsync(cancel);

    public Task<PassedAnswer> PassAsync(string pathAndQuery, CancellationToken cancel) =>
        TryFind(Exchange.Bitfinex, out var provider) && provider is IExchangePassage passage
            ? passage.PassAsync(pathAndQuery, cancel)
            : Task.FromException<PassedAnswer>(new CandleProviderException(new ExchangeOffException(Exchange.Bitfinex).Message));

    // A container that knows it under two names disposes it twice.
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1) return;
        foreach (var provider in all) await provider.DisposeAsync();
    }

    private bool TryFind(Exchange exchange, [NotNullWhen(true)] out ICandleProvider? provider) =>
        (provider = all.FirstOrDefault(p => p.Exchange == exchange)) is not null;
}

/// <summary>A series of an exchange that this server does not follow: it is known, and switched off.</summary>
public sealed class ExchangeOffException(Exchange exchange)
    : Exception($"{exchange} is switched off on this server: it is not listed in the setting Exchanges.")
{
    /// <summary>The exchange.</summary>
    public Exchange Exchange { get; } = exchange;
}
