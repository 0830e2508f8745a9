using System.Collections.Frozen;
using CandleStream.Providers;
using CandleStream.Storage;

namespace CandleStream.Server.Symbols;

/// <summary>
/// The exchange's pair list, held in memory and kept in the store: read from there at start, fetched when older than an hour, and again
/// after a miss. Symbols that left the list stay readable while the store holds candles of them.
/// </summary>
internal sealed partial class SymbolDirectory(
    ICandleProvider provider, ICandleStore store, TimeProvider time, ILogger<SymbolDirectory> logger)
    : BackgroundService, ISymbolDirectory
{
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromHours(1);

    /// <summary>The shortest time between two fetches, whatever clients ask for and however the exchange answers.</summary>
    private static readonly TimeSpan RefreshAtMost = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _missed = new(0, 1);

    // Replaced whole by the refresh loop; any thread may read it.
    private volatile Listing _listing = Listing.Empty;

    public IReadOnlyList<string> Symbols => _listing.Sorted;

    public SymbolCheck Check(string symbol)
    {
        var listing = _listing;
        if (listing.Listed.Contains(symbol) || listing.Stored.Contains(symbol)) return new SymbolCheck(SymbolStanding.Listed, []);
        if (listing.Listed.Count == 0) return new SymbolCheck(SymbolStanding.NotKnownYet, []);
        AskAgain();
        return new SymbolCheck(SymbolStanding.Unknown, SymbolNames.Close(symbol, listing.Sorted));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await RefreshAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops: the expected end.
        }
        catch (Exception bug)
        {
            // The list as it is stays in use.
            LogEnded(bug);
        }
    }

    private void AskAgain()
    {
        try
        {
            _missed.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else's miss waits already.
        }
    }

    private async Task RefreshAsync(CancellationToken stopping)
    {
        var fetchedAt = await LoadAsync(stopping);
        while (true)
        {
            // The rest of the hour, cut short by a miss; after a failure there is no rest.
            var rest = fetchedAt == DateTimeOffset.MinValue ? TimeSpan.Zero : fetchedAt + RefreshEvery - time.GetUtcNow();
            // A list of the future was fetched by a clock that was wrong.
            if (rest > RefreshEvery) rest = RefreshEvery;
            if (rest > TimeSpan.Zero) await WaitForMissAsync(rest, stopping);
            if (await FetchAsync(stopping) is { } now) fetchedAt = now;
            await Task.Delay(RefreshAtMost, time, stopping);
        }
    }

    private async Task WaitForMissAsync(TimeSpan atMost, CancellationToken stopping)
    {
        using var due = new CancellationTokenSource(atMost, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(due.Token, stopping);
        await _missed.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.ThrowIfCancellationRequested();
    }

    /// <summary>Reads what the store has; returns when that was fetched.</summary>
    private async Task<DateTimeOffset> LoadAsync(CancellationToken stopping)
    {
        try
        {
            var list = await store.FindSymbolsAsync(stopping);
            _listing = new Listing(list?.Symbols ?? [], await StoredSymbolsAsync(stopping));
            return list?.FetchedAt ?? DateTimeOffset.MinValue;
        }
        catch (StoreUnavailableException)
        {
            // The store's own host logs that; the exchange is asked instead.
            return DateTimeOffset.MinValue;
        }
    }

    /// <summary>Asks the exchange; returns when it answered, or null when it did not.</summary>
    private async Task<DateTimeOffset?> FetchAsync(CancellationToken stopping)
    {
        SymbolListing fetched;
        try
        {
            fetched = await provider.FetchSymbolsAsync(stopping);
        }
        catch (CandleProviderException e)
        {
            LogNoList(e.Message);
            return null;
        }

        if (fetched.Symbols.Count == 0) return null;
        var symbols = KeepingKnown(fetched);
        var now = time.GetUtcNow();
        _listing = new Listing(symbols, _listing.Stored);
        LogListed(symbols.Count);
        try
        {
            await store.SaveSymbolsAsync(new SymbolList(symbols, now), stopping);
            _listing = new Listing(symbols, await StoredSymbolsAsync(stopping));
        }
        catch (StoreUnavailableException e)
        {
            LogNotKept(e.Message);
        }

        return now;
    }

    // Where a list did not come, what was known of it stays: half a list must not turn listed symbols into unknown ones.
    private IReadOnlyList<string> KeepingKnown(SymbolListing fetched)
    {
        if (fetched.IsWhole) return fetched.Symbols;
        List<string> all = [.. fetched.Symbols.Union(_listing.Sorted, StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        if (all.Count > fetched.Symbols.Count) LogHalf(all.Count - fetched.Symbols.Count);
        return all;
    }

    private async Task<FrozenSet<string>> StoredSymbolsAsync(CancellationToken stopping) =>
        (await store.ListSeriesAsync(stopping)).Select(s => s.Symbol).ToFrozenSet(StringComparer.Ordinal);

    private sealed class Listing(IReadOnlyList<string> listed, FrozenSet<string> stored)
    {
        public static Listing Empty { get; } = new([], FrozenSet<string>.Empty);

        public FrozenSet<string> Listed { get; } = listed.ToFrozenSet(StringComparer.Ordinal);

        public FrozenSet<string> Stored { get; } = stored;

        public IReadOnlyList<string> Sorted { get; } = [.. listed.Distinct().Order(StringComparer.Ordinal)];
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The exchange lists {Count} symbols.")]
    private partial void LogListed(int count);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The exchange answered without one of its symbol lists; {Count} symbols known from before stay listed.")]
    private partial void LogHalf(int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The exchange's symbols could not be fetched, trying again in a minute: {Reason}")]
    private partial void LogNoList(string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The exchange's symbols could not be kept in the store: {Reason}")]
    private partial void LogNotKept(string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The exchange's symbols are not refreshed any more.")]
    private partial void LogEnded(Exception bug);
}
