using CandleStream.Providers;
using CandleStream.Server.Symbols;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Doors;

/// <summary>The one way in which the routes for other people's programs reach candles: UDF, agents, exchange dialects, webhooks.</summary>
internal sealed class CandleDoor(
    ISeriesHome home, CandleHistory history, SeriesJoiner joiner, ICandleProvider provider, ISymbolDirectory symbols)
{
    /// <summary>True while the prices are invented: every door says so where its language has a place for it.</summary>
    public bool IsSimulated => provider.IsSimulated;

    public ISymbolDirectory Symbols => symbols;

    /// <summary>The counter as it is now: every change with a lower rev is in what is read from here on.</summary>
    public Rev AsOf => home.Revs.Current;

    /// <summary>Candles of a range, and which times of it are unverified without being a named gap of a followed series.</summary>
    /// <exception cref="SeriesLimitException">The query reaches the present, and too many series are open.</exception>
    public async Task<DoorAnswer> ReadAsync(HistoryQuery query, CancellationToken cancel)
    {
        // A gap may be named or repaired while the query runs: named is what was named at either end of it.
        var before = StatusOf(query.Series);
        var answer = await history.QueryAsync(query, cancel);
        var named = TimeRangeSet.Of((before?.Gaps ?? []).Concat(StatusOf(query.Series)?.Gaps ?? []));
        return new DoorAnswer(answer, TimeRangeSet.Of(answer.Gaps).Subtract(named));
    }

    /// <summary>True where the exchange's feed of any open series works, or none is open.</summary>
    public bool IsOperative =>
        home.OpenSeries is var open && (open.Count == 0 || open.Any(s => s.Status.Feed.State is SeriesState.Live or SeriesState.Polling));

    /// <summary>
    /// True where a range that ends at <paramref name="end"/> (Unix ms, inclusive; null = now) of a series that was just read holds the
    /// running candle.
    /// </summary>
    public bool ReachesPresent(SeriesKey series, long? end) =>
        end is null || (home.Peek(series) is { } open && (open.Latest is not { } latest || end >= latest.Candle.Time));

    /// <summary>Opens a series, holds it open and hands its updates to <paramref name="sink"/> until the result is disposed.</summary>
    /// <exception cref="SeriesLimitException">Too many series are open.</exception>
    /// <exception cref="ObjectDisposedException">The server stops.</exception>
    public DoorWatch Watch(SeriesKey series, ICandleSink sink, SeriesUse use = SeriesUse.Watch) =>
        new(joiner, home.Open(series, use), sink);

    /// <summary>The state of an open series; null where nobody follows it.</summary>
    public SeriesStatus? StatusOf(SeriesKey series) => home.Peek(series)?.Status;
}

/// <summary>An answer of the history.</summary>
/// <param name="History">The candles, their gaps, and where to go on.</param>
/// <param name="Unverified">Gaps that no followed series names: the exchange was not asked for these times, or did not answer.</param>
internal sealed record DoorAnswer(HistoryAnswer History, TimeRangeSet Unverified);

/// <summary>A series that is held open, and whose updates reach one sink.</summary>
internal sealed class DoorWatch : IDisposable
{
    private readonly SeriesJoiner _joiner;
    private readonly SeriesHandle _handle;
    private readonly ICandleSink _sink;

    public DoorWatch(SeriesJoiner joiner, SeriesHandle handle, ICandleSink sink)
    {
        (_joiner, _handle, _sink) = (joiner, handle, sink);
        handle.Series.Attach(sink);
    }

    public SeriesStatus Status => _handle.Series.Status;

    /// <summary>Exchange time minus our clock, ms; null where the exchange told none.</summary>
    public long? ClockOffsetMs => _handle.Series.ExchangeClockOffsetMs;

    /// <summary>The newest candle, forming or closed; null before the first.</summary>
    public CandleUpdate? Latest => _handle.Series.Latest;

    /// <summary>
    /// The newest candles, oldest first, as a new client of the stream gets them: waits a moment for the first data of a series that was
    /// just opened.
    /// </summary>
    public async Task<IReadOnlyList<Candle>> NewestAsync(int count, CancellationToken cancel) =>
        (await _joiner.JoinAsync(
            _handle.Series, new JoinRequest(null, IsUnreadable: false, count, SnapshotRequested: true), cancel)).Snapshot;

    public void Dispose()
    {
        _handle.Series.Detach(_sink);
        _handle.Dispose();
    }
}
