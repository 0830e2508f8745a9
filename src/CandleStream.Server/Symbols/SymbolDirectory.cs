using CandleStream.Providers;
using CandleStream.Storage;

namespace CandleStream.Server.Symbols;

/// <summary>
/// The exchanges' lists of symbols, held in memory and kept in the store together: read from there at start, each fetched when older than
/// an hour, and again after a miss. Symbols that left a list, and those of an exchange that is switched off, stay readable while the store
/// holds candles of them.
/// </summary>
internal sealed partial class SymbolDirectory : BackgroundService, ISymbolDirectory
{
    private readonly ICandleStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger<SymbolDirectory> _logger;
    private readonly ListedSymbols[] _exchanges;

    // One list after another is saved: each time all of them.
    private readonly SemaphoreSlim _saving = new(1, 1);

    // Replaced whole; any thread may read it.
    private volatile HashSet<string> _stored = [];

    public SymbolDirectory(ICandleProvider provider, ICandleStore store, TimeProvider time, ILogger<SymbolDirectory> logger)
    {
        (_store, _time, _logger) = (store, time, logger);
        var providers = provider is CandleProviders several ? several.All : [provider];
        _exchanges = [.. providers.Select(p => new ListedSymbols(p, SaveAsync, time, logger))];
    }

    public IReadOnlyList<string> Symbols => _exchanges is [var only] ? only.Sorted : [.. _exchanges.SelectMany(e => e.Sorted)];

    public IReadOnlyList<string> SymbolsOf(Exchange exchange) => Find(exchange)?.Sorted ?? [];

    public SymbolCheck Check(string symbol)
    {
        var exchange = Find(Exchange.Split(symbol).Exchange);
        if (exchange?.Contains(symbol) == true || _stored.Contains(symbol)) return new SymbolCheck(SymbolStanding.Listed, []);
        if (exchange?.Sorted.Count == 0) return new SymbolCheck(SymbolStanding.NotKnownYet, []);
        exchange?.AskAgain();
        return new SymbolCheck(SymbolStanding.Unknown, SymbolNames.Close(symbol, Symbols));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await LoadAsync(stoppingToken);
            await Task.WhenAll(_exchanges.Select(e => e.RefreshAsync(stoppingToken)));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops: the expected end.
        }
        catch (Exception bug)
        {
            // The lists as they are stay in use.
            LogEnded(bug);
        }
    }

    private ListedSymbols? Find(Exchange exchange) => Array.Find(_exchanges, e => e.Exchange == exchange);

    private async Task LoadAsync(CancellationToken stopping)
    {
        try
        {
            if (await _store.FindSymbolsAsync(stopping) is { } list)
            {
                foreach (var exchange in _exchanges) exchange.Load(list);
            }

            await LoadStoredAsync(stopping);
        }
        catch (StoreUnavailableException)
        {
            // The store's own host logs that; the exchanges are asked instead.
        }
    }

    private async Task SaveAsync(CancellationToken stopping)
    {
        await _saving.WaitAsync(stopping);
        try
        {
            // As old as the oldest of them: a restart asks once more rather than once less.
            var lists = Array.FindAll(_exchanges, e => e.Sorted.Count > 0);
            await _store.SaveSymbolsAsync(
                new SymbolList([.. lists.SelectMany(e => e.Sorted)], lists.Min(e => e.FetchedAt) ?? _time.GetUtcNow()), stopping);
            await LoadStoredAsync(stopping);
        }
        catch (StoreUnavailableException e)
        {
            LogNotKept(e.Message);
        }
        finally
        {
            _saving.Release();
        }
    }

    private async Task LoadStoredAsync(CancellationToken stopping) =>
        _stored = (await _store.ListSeriesAsync(stopping)).Select(s => s.Symbol).ToHashSet(StringComparer.Ordinal);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The exchange's symbols could not be kept in the store: {Reason}")]
    private partial void LogNotKept(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The exchange's symbols are not refreshed any more.")]
    private partial void LogEnded(Exception bug);
}
