namespace CandleStream.Providers;

/// <summary>Where candles come from: the exchange today; another node tomorrow.</summary>
public interface ICandleProvider : IAsyncDisposable
{
    /// <summary>The exchange whose candles these are.</summary>
    Exchange Exchange => Exchange.Bitfinex;

    /// <summary>True where series of this exchange can be followed and fetched here.</summary>
    bool Serves(Exchange exchange) => exchange == Exchange;

    /// <summary>True once the other side said that it is the simulator: its prices must not be taken for real ones.</summary>
    bool IsSimulated { get; }

    /// <summary>The timeframes whose candles the exchange itself makes, shortest first.</summary>
    IReadOnlyList<Timeframe> Timeframes => Exchange.Timeframes;

    /// <summary>
    /// Follows a series until the result is disposed. Candles, exchange time and changes of state arrive at <paramref name="feed"/>, one
    /// call at a time.
    /// </summary>
    IFollowedSeries Follow(SeriesKey series, IFeedListener feed);

    /// <summary>Fetches one page of history, oldest first: the candles of <paramref name="range"/> or as many as one page holds.</summary>
    /// <exception cref="CandleProviderException">The exchange did not answer, refused, or its answer could not be trusted.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled, also while the call waited for its turn in the request
    /// budget.</exception>
    Task<HistoryPage> FetchAsync(SeriesKey series, TimeRange range, FetchPurpose purpose, CancellationToken cancel);

    /// <summary>Fetches the symbols the exchange lists.</summary>
    /// <exception cref="CandleProviderException">As for <see cref="FetchAsync"/>.</exception>
    Task<SymbolListing> FetchSymbolsAsync(CancellationToken cancel);
}

/// <summary>One followed series; disposing it ends the exchange's subscription.</summary>
public interface IFollowedSeries : IAsyncDisposable
{
    /// <summary>When the last frame on the series' channel arrived (our clock); null before the first.</summary>
    DateTimeOffset? LastMessageAt { get; }

    /// <summary>Exchange time minus our clock, in milliseconds, as of the last frame that carried one; null where none did.</summary>
    long? ExchangeClockOffsetMs { get; }
}

/// <summary>Candles of a series as the exchange's REST interface answered them.</summary>
/// <param name="Range">The range for which the answer is complete: a time in it without a candle had no trade, as of
/// <paramref name="AsOf"/>.</param>
/// <param name="Candles">Oldest first, within <paramref name="Range"/>, no time twice; marked as told by REST.</param>
/// <param name="AsOf">Exchange time of the answer's content (HTTP Date minus Age), Unix ms.</param>
public sealed record HistoryPage(TimeRange Range, IReadOnlyList<Candle> Candles, long AsOf)
{
    public IReadOnlyList<Candle> Candles { get; init; } = [.. Candles.Select(c => c with { Origin = CandleOrigin.Rest })];

    /// <summary>
    /// Open times within <see cref="Range"/> of which the answer says nothing, because a row could not be read: they stay unknown.
    /// </summary>
    public TimeRangeSet Unreadable { get; init; } = TimeRangeSet.Empty;

    /// <summary>
    /// Times of <see cref="Range"/> from here on show no row, and no answer without rows was given for them: a later one must prove that
    /// nothing was traded.
    /// </summary>
    public long ProvedTo { get; init; } = long.MaxValue;

    /// <summary>
    /// The exchange keeps nothing older than this (open time, Unix ms). Such times are not to be had: they stay unknown and are not asked
    /// for again. The least number where it keeps everything.
    /// </summary>
    public long NothingBefore { get; init; } = long.MinValue;

    /// <summary>What the answer says of a part of its range.</summary>
    public HistoryPage Part(TimeRange part) =>
        new(part, [.. Candles.Where(c => part.Contains(c.Time))], AsOf) { Unreadable = Unreadable.Intersect(part), ProvedTo = ProvedTo };
}

/// <summary>The symbols that an exchange lists.</summary>
/// <param name="Symbols">Sorted, no symbol twice.</param>
/// <param name="IsWhole">False where one of the exchange's lists did not come: a symbol that is missing here may still be listed.</param>
public sealed record SymbolListing(IReadOnlyList<string> Symbols, bool IsWhole = true);
