using System.Collections.Frozen;
using System.Threading.Channels;
using CandleStream.Providers;
using CandleStream.Storage;

namespace CandleStream.Server.Symbols;

/// <summary>The symbols that one exchange lists, fetched when older than an hour, and again after a miss.</summary>
/// <param name="provider">The way to the exchange.</param>
/// <param name="save">Keeps what was fetched.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">One line per list, and per failure.</param>
internal sealed partial class ListedSymbols(
    ICandleProvider provider, Func<CancellationToken, Task> save, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan RefreshEvery = TimeSpan.FromHours(1);

    /// <summary>The shortest time between two fetches, whatever clients ask for and however the exchange answers.</summary>
    private static readonly TimeSpan RefreshAtMost = TimeSpan.FromMinutes(1);

    private readonly ILogger _logger = logger;

    private readonly Channel<bool> _missed =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    // Replaced whole by the refresh loop; any thread may read it.
    private volatile Listing _listing = Listing.Empty;

    public Exchange Exchange => provider.Exchange;

    /// <summary>The last list, sorted; empty where none was ever seen.</summary>
    public IReadOnlyList<string> Sorted => _listing.Sorted;

    /// <summary>When it was fetched; null where it never was.</summary>
    public DateTimeOffset? FetchedAt => _listing.FetchedAt;

    public bool Contains(string symbol) => _listing.Listed.Contains(symbol);

    /// <summary>Takes the exchange's part of what the store kept.</summary>
    public void Load(SymbolList kept)
    {
        List<string> own = [.. kept.Symbols.Where(s => Exchange.Split(s).Exchange == Exchange)];
        if (own.Count > 0) _listing = new Listing(own, kept.FetchedAt);
    }

    /// <summary>Somebody asked for a symbol that is not on the list: it may be new.</summary>
    public void AskAgain() => _missed.Writer.TryWrite(true);

    /// <summary>Keeps the list fresh until the server stops.</summary>
    public async Task RefreshAsync(CancellationToken stopping)
    {
        while (true)
        {
            // The rest of the hour, cut short by a miss; after a failure there is no rest.
            var rest = FetchedAt is { } fetchedAt ? fetchedAt + RefreshEvery - time.GetUtcNow() : TimeSpan.Zero;
            // A list of the future was fetched by a clock that was wrong.
            if (rest > RefreshEvery) rest = RefreshEvery;
            if (rest > TimeSpan.Zero) await WaitForMissAsync(rest, stopping);
            await FetchAsync(stopping);
            await Task.Delay(RefreshAtMost, time, stopping);
        }
    }

    private async Task WaitForMissAsync(TimeSpan atMost, CancellationToken stopping)
    {
        using var due = new CancellationTokenSource(atMost, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(due.Token, stopping);
        await ((Task)_missed.Reader.ReadAsync(either.Token).AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.ThrowIfCancellationRequested();
    }

    private async Task FetchAsync(CancellationToken stopping)
    {
        SymbolListing fetched;
        try
        {
            fetched = await provider.FetchSymbolsAsync(stopping);
        }
        catch (CandleProviderException e)
        {
            LogNoList(Exchange, e.Message);
            return;
        }

        if (fetched.Symbols.Count == 0) return;
        _listing = new Listing(KeepingKnown(fetched), time.GetUtcNow());
        LogListed(Exchange, Sorted.Count);
        await save(stopping);
    }

    // Where a list did not come, what was known of it stays: half a list must not turn listed symbols into unknown ones.
    private IReadOnlyList<string> KeepingKnown(SymbolListing fetched)
    {
        if (fetched.IsWhole) return fetched.Symbols;
        List<string> all = [.. fetched.Symbols.Union(Sorted, StringComparer.Ordinal)];
        if (all.Count > fetched.Symbols.Count) LogHalf(Exchange, all.Count - fetched.Symbols.Count);
        return all;
    }

    private sealed class Listing(IReadOnlyList<string> listed, DateTimeOffset? fetchedAt)
    {
        public static Listing Empty { get; } = new([], null);

        public FrozenSet<string> Listed { get; } = listed.ToFrozenSet(StringComparer.Ordinal);

        public IReadOnlyList<string> Sorted { get; } = [.. listed.Distinct().Order(StringComparer.Ordinal)];

        public DateTimeOffset? FetchedAt { get; } = fetchedAt;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Exchange} lists {Count} symbols.")]
    private partial void LogListed(Exchange exchange, int count);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "{Exchange} answered without one of its symbol lists; {Count} symbols known from before stay listed.")]
    private partial void LogHalf(Exchange exchange, int count);

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "The symbols of {Exchange} could not be fetched, trying again in a minute: {Reason}")]
    private partial void LogNoList(Exchange exchange, string reason);
}
