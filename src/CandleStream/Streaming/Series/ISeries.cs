namespace CandleStream.Streaming.Series;

/// <summary>What can be read of a series, open or not. Memory, what waits for the store, and rows are one.</summary>
public interface ISeriesPast
{
    SeriesKey Key { get; }

    /// <summary>How far the series reaches, and what of it is known.</summary>
    ValueTask<SeriesExtent> ExtentAsync(CancellationToken cancel);

    /// <summary>The candles of a range, oldest first.</summary>
    /// <param name="range">Open times, Unix ms.</param>
    /// <param name="limit">Candles at most.</param>
    /// <param name="newestEnd">True: the newest ones where there are more; false: the oldest.</param>
    /// <param name="cancel">Ends the reading.</param>
    Task<SeriesPart> ReadAsync(TimeRange range, int limit, bool newestEnd, CancellationToken cancel);

    /// <summary>Gets <paramref name="missing"/> from upstream. What clients were told of these times is published as a repair.</summary>
    /// <param name="missing">Ranges that are not known.</param>
    /// <param name="wait">How long to wait. What takes longer goes on for the next who asks.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <returns>True where something became known, so that it is worth to look again.</returns>
    Task<bool> FillAsync(TimeRangeSet missing, TimeSpan wait, CancellationToken cancel);
}

/// <summary>One open series as its readers see it, wherever it is numbered. Any thread may call.</summary>
public interface ISeries : ISeriesPast
{
    /// <summary>The state of the feed and the gaps, as last told to the sinks.</summary>
    SeriesStatus Status { get; }

    /// <summary>The newest candle, forming or closed; null before the first.</summary>
    CandleUpdate? Latest { get; }

    /// <summary>How many subscribers hold the series open.</summary>
    int Subscribers { get; }

    /// <summary>When the last frame on the series' channel arrived (our clock); null before the first.</summary>
    DateTimeOffset? LastMessageAt { get; }

    /// <summary>When the last frame that changed a value arrived (our clock); null before the first.</summary>
    DateTimeOffset? LastTradeAt { get; }

    /// <summary>Exchange time minus our clock, ms; null where the exchange told none.</summary>
    long? ExchangeClockOffsetMs { get; }

    /// <summary>How long the series is open.</summary>
    TimeSpan Age { get; }

    /// <summary>Every update from now on reaches <paramref name="sink"/>; it is told the status at once.</summary>
    void Attach(ICandleSink sink);

    /// <summary>No update reaches <paramref name="sink"/> once this has returned.</summary>
    void Detach(ICandleSink sink);

    /// <summary>
    /// Waits for the exchange's first candles, <paramref name="limit"/> at most, and then until what the store holds is loaded or did not
    /// come in time.
    /// </summary>
    Task ReadyAsync(TimeSpan limit, CancellationToken cancel);

    /// <summary>Waits until no gap is open, <paramref name="limit"/> at most: what cannot be repaired stays a gap.</summary>
    Task RepairedAsync(TimeSpan limit, CancellationToken cancel);

    /// <summary>True when every change after <paramref name="rev"/> (µs) is held, or will be published when its gap is repaired.</summary>
    bool IsCompleteFrom(Rev rev);

    /// <summary>The newest candles, oldest first, back to the first hole that the status does not name. They count as told.</summary>
    Task<NewestCandles> NewestAsync(int count, CancellationToken cancel);

    /// <summary>
    /// Everything that changed after <paramref name="rev"/> (µs), oldest candle first; null when that is not held completely. More than
    /// <paramref name="limit"/> candles may be cut off.
    /// </summary>
    /// <param name="rev">Changes with a higher rev are read.</param>
    /// <param name="neededFrom">From this rev on they must be held completely.</param>
    /// <param name="limit">Most candles to read from the store.</param>
    /// <param name="cancel">Ends the reading.</param>
    Task<SeriesChanges?> ChangesSinceAsync(Rev rev, Rev neededFrom, int limit, CancellationToken cancel);

    /// <summary>
    /// Clients are about to be told candles from <paramref name="time"/> (Unix ms) on: what is fetched of these times later is a repair.
    /// True when that is older than all they were told before.
    /// </summary>
    bool Tell(long time);
}

/// <summary>How far a series reaches.</summary>
/// <param name="Known">The times of which it is known for certain which candles there are.</param>
/// <param name="ExchangeTime">The highest exchange time it heard, Unix ms; null before the first.</param>
/// <param name="NewestTime">When its newest candle opened, Unix ms; null without one.</param>
public sealed record SeriesExtent(TimeRangeSet Known, long? ExchangeTime, long? NewestTime);

/// <summary>
/// Candles of a part of one series, oldest first, and which times could be read: while the store is away, only what memory holds.
/// </summary>
public sealed record SeriesPart(List<Candle> Candles, TimeRangeSet Readable);

/// <summary>The newest candles of an open series, and its status at that moment.</summary>
public sealed record NewestCandles(IReadOnlyList<Candle> Candles, SeriesStatus Status);

/// <summary>What changed of an open series, oldest candle first, and its status at that moment.</summary>
public sealed record SeriesChanges(IReadOnlyList<Candle> Candles, SeriesStatus Status);
