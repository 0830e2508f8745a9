namespace CandleStream.Streaming;

/// <summary>Where candles come from: the exchange today; another node tomorrow.</summary>
public interface ICandleProvider : IAsyncDisposable
{
    /// <summary>True once the other side said that it is the simulator: its prices must not be taken for real ones.</summary>
    bool IsSimulated { get; }

    /// <summary>Follows a series until the result is disposed. Candles, exchange time and changes of state arrive at <paramref name="feed"/>, one call at a time.</summary>
    IFollowedSeries Follow(SeriesKey series, ICandleFeed feed);

    /// <summary>Fetches one page of history, oldest first: the candles of <paramref name="range"/> or as many as one page holds.</summary>
    /// <exception cref="CandleProviderException">The exchange did not answer, refused, or its answer could not be trusted.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled, also while the call waited for its turn in the request budget.</exception>
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

/// <summary>Takes what a provider learns about one series. Calls come one at a time and must not block.</summary>
public interface ICandleFeed
{
    /// <summary>The state of the feed changed.</summary>
    void OnState(FeedState state);

    /// <summary>
    /// The exchange told its time by other means than a frame of the series, as a pong does; the time that passed since is added. Candles that come without a time are
    /// judged by it, so it comes before them. It closes nothing.
    /// </summary>
    void OnTimeTold(long exchangeTime);

    /// <summary>The subscription was acknowledged and sent its snapshot, oldest first and complete between its ends; from here on nothing is missed until <see cref="OnInterrupted"/>.</summary>
    /// <param name="candles">May be empty.</param>
    /// <param name="exchangeTime">Unix ms; null where the frame carried none.</param>
    void OnSnapshot(IReadOnlyList<Candle> candles, long? exchangeTime);

    /// <summary>One pushed candle, the running one or an older one.</summary>
    /// <param name="candle">The candle's whole new state.</param>
    /// <param name="exchangeTime">Unix ms; null where the frame carried none.</param>
    /// <param name="receivedAt">Timestamp of the provider's <see cref="TimeProvider"/> when the frame was read.</param>
    void OnCandle(in Candle candle, long? exchangeTime, long receivedAt);

    /// <summary>Exchange time (Unix ms) passed into another second, as seen on any frame of the series' socket.</summary>
    /// <param name="exchangeTime">The time.</param>
    /// <param name="heardUntil">The time of the last frame on the series' own channel (Unix ms): it alone shows that nothing of the series was held back.</param>
    void OnExchangeTime(long exchangeTime, long heardUntil);

    /// <summary>Something may have been missed from here on: the socket ended, the channel fell silent, or a sequence number is missing.</summary>
    void OnInterrupted();

    /// <summary>
    /// A row of the series could not be read. Nothing else of its frame is lost, and the feed goes on, but what is known of its time is no longer certain.
    /// </summary>
    /// <param name="times">The open times that the row may have had; null where nothing of its time could be read.</param>
    void OnUnreadable(TimeRange? times);

    /// <summary>The answer of a poll; its <see cref="HistoryPage.AsOf"/> is exchange time.</summary>
    void OnPolled(HistoryPage page);
}

/// <summary>Candles of a series as the exchange's REST interface answered them.</summary>
/// <param name="Range">The range for which the answer is complete: a time in it without a candle had no trade, as of <paramref name="AsOf"/>.</param>
/// <param name="Candles">Oldest first, within <paramref name="Range"/>, no time twice; marked as told by REST.</param>
/// <param name="AsOf">Exchange time of the answer's content (HTTP Date minus Age), Unix ms.</param>
public sealed record HistoryPage(TimeRange Range, IReadOnlyList<Candle> Candles, long AsOf)
{
    public IReadOnlyList<Candle> Candles { get; init; } = [.. Candles.Select(c => c with { Origin = CandleOrigin.Rest })];

    /// <summary>Open times within <see cref="Range"/> of which the answer says nothing, because a row could not be read: they stay unknown.</summary>
    public TimeRangeSet Unreadable { get; init; } = TimeRangeSet.Empty;

    /// <summary>Times of <see cref="Range"/> from here on show no row, and no answer without rows was given for them: a later one must prove that nothing was traded.</summary>
    public long ProvedTo { get; init; } = long.MaxValue;

    /// <summary>What the answer says of a part of its range.</summary>
    public HistoryPage Part(TimeRange part) =>
        new(part, [.. Candles.Where(c => part.Contains(c.Time))], AsOf) { Unreadable = Unreadable.Intersect(part), ProvedTo = ProvedTo };
}

/// <summary>The symbols that an exchange lists.</summary>
/// <param name="Symbols">Sorted, no symbol twice.</param>
/// <param name="IsWhole">False where one of the exchange's lists did not come: a symbol that is missing here may still be listed.</param>
public sealed record SymbolListing(IReadOnlyList<string> Symbols, bool IsWhole = true);

/// <summary>What a REST call is for; the request budget serves lower values first.</summary>
public enum FetchPurpose
{
    /// <summary>A gap in a series that somebody watches.</summary>
    Repair,

    /// <summary>The running candle while push is off.</summary>
    Polling,

    /// <summary>History that somebody asked for.</summary>
    History,

    /// <summary>Series recorded without a watcher, and checks of what push already brought.</summary>
    Record,
}

/// <summary>A failure on the exchange's side or on the way there.</summary>
public sealed class CandleProviderException : Exception
{
    public CandleProviderException(string message, bool isRefusal = false, Exception? inner = null)
        : base(message, inner) => IsRefusal = isRefusal;

    /// <summary>True when asking again cannot help: the exchange does not know the symbol.</summary>
    public bool IsRefusal { get; }
}
