using CandleStream.Streaming.Series;

namespace CandleStream.Streaming;

/// <summary>A question for candles of one series.</summary>
/// <param name="Series">The series.</param>
/// <param name="Start">First open time wanted (Unix ms, inclusive); null = from as far back as the limit reaches.</param>
/// <param name="End">Last open time wanted (inclusive); null = up to now.</param>
/// <param name="Limit">Candles at most, 1..10000: the oldest ones where <paramref name="Start"/> is given, else the newest.</param>
/// <param name="Descending">Newest first.</param>
/// <param name="Since">Only candles changed after this rev (µs); the bounds are then not used.</param>
public sealed record HistoryQuery(SeriesKey Series, long? Start, long? End, int Limit, bool Descending, Rev? Since);

/// <summary>The answer to a <see cref="HistoryQuery"/>.</summary>
/// <param name="Series">The series.</param>
/// <param name="Candles">In the asked order, the forming candle among them where it is in range.</param>
/// <param name="AsOf">The counter as it was read before the query (µs): valid as <c>since</c> and as the stream's id.</param>
/// <param name="Gaps">Half-open ranges within the answer's span for which candles may exist that we do not have.</param>
/// <param name="Next">Where to go on: the next <c>start</c> if one was given, else the next <c>end</c>; null when the asked range is
/// exhausted.</param>
/// <param name="Reset">The changes since the asked rev are not held: these are the newest candles instead, and older ones must be
/// forgotten.</param>
public sealed record HistoryAnswer(
    SeriesKey Series, IReadOnlyList<Candle> Candles, Rev AsOf, IReadOnlyList<TimeRange> Gaps, long? Next, bool Reset)
{
    /// <summary>
    /// The exchange keeps nothing older than this open time (Unix ms): what of it is not held is not to be had. Null where it keeps
    /// everything, or nobody has asked so far back.
    /// </summary>
    public long? Oldest { get; init; }
}

/// <summary>Answers for history: memory, store, and what the exchange has beyond them, fetched once and kept.</summary>
public sealed class CandleHistory
{
    /// <summary>The exchange's candles begin in 2013; nothing is fetched from before this time.</summary>
    public const long FirstTime = 1_356_998_400_000; // 2013-01-01

    // A sparse series may need more than one stretch to fill the limit; after so many empty-handed ones the client goes on by `next`.
    private const int MaxStretches = 4;

    private readonly ISeriesHome _home;
    private readonly SeriesJoiner _joiner;
    private readonly StreamingOptions _options;
    private readonly TimeProvider _time;

    public CandleHistory(ISeriesHome home, SeriesJoiner joiner, StreamingOptions options, TimeProvider time) =>
        (_home, _joiner, _options, _time) = (home, joiner, options, time);

    /// <summary>
    /// Answers a query. Waits for the exchange for a bounded time; what did not come by then is named in <see cref="HistoryAnswer.Gaps"/>.
    /// </summary>
    /// <exception cref="SeriesLimitException">The query reaches the present, and too many series are open.</exception>
    public async Task<HistoryAnswer> QueryAsync(HistoryQuery query, CancellationToken cancel)
    {
        var series = await FindAsync(query, cancel);
        // Read before any candle is, and after the series was opened: it can answer for changes only from there on.
        var asOf = _home.Revs.Current;
        if (query.Since is { } since)
        {
            if (series is ISeries open && await _joiner.ChangedAsync(open, since, cancel) is { } changed)
                return new HistoryAnswer(query.Series, Ordered([.. changed.Candles], query), asOf, changed.Status.Gaps, null, Reset: false);
            var fresh = await RangeAsync(query with { Since = null, Start = null, End = null }, series, asOf, cancel);
            return fresh with { Reset = true };
        }

        return await RangeAsync(query, series, asOf, cancel);
    }

    // A query that reaches the forming candle keeps the series followed: a polling client sees what a stream client sees.
    private async Task<ISeriesPast> FindAsync(HistoryQuery query, CancellationToken cancel)
    {
        var exchange = query.Series.Exchange;
        var reachesPresent = query.Since is not null || query.End is not { } end || _home.ExchangeTimeOf(exchange) is not { } now
            || end >= query.Series.Timeframe.StartOf(now);
        // Of an exchange that is switched off there is what the store holds.
        if (!reachesPresent || !_home.Serves(exchange)) return _home.Past(query.Series);
        var series = _home.Touch(query.Series);
        // After that wait the store answers. Where the exchange stays away it is over for those who ask again.
        await series.ReadyAsync(_options.FirstDataWait - series.Age, cancel);
        return series;
    }

    private async Task<HistoryAnswer> RangeAsync(HistoryQuery query, ISeriesPast series, Rev asOf, CancellationToken cancel)
    {
        var view = await ViewAsync(series, cancel);
        var bounds = Bounds(query, view);
        var asked = _time.GetTimestamp();
        var stretch = Stretch.First(query, bounds);
        for (var i = 0; ; i++)
        {
            view = await FillAsync(series, stretch.Range, view, asked, cancel);
            // The last exchange time heard may be older than what is held; that belongs to the answer too, whose `asof` vouches for it.
            var read = stretch.Range.To < bounds.To
                ? stretch.Range
                : stretch.Range with { To = query.End is { } end ? end + 1 : long.MaxValue };
            var part = await series.ReadAsync(read, query.Limit, newestEnd: query.Start is null, cancel);
            var oldest = _home.OldestOf(query.Series);
            bounds = bounds with { From = Math.Max(bounds.From, End(query, part.Candles, view, oldest)) };
            if (part.Candles.Count >= query.Limit || stretch.Exhausts(bounds) || i + 1 >= MaxStretches)
            {
                // Who goes on from this answer's `asof` is sent what becomes known behind its last candle; what lies before it is named by
                // its gaps.
                if (series is ISeries open && part.Candles is [.., var newest] && read.To == long.MaxValue) open.Tell(newest.Time);
                return Answer(query, part.Candles, stretch, bounds, view with { Known = Readable(view.Known, part) }, asOf) with
                {
                    Oldest = oldest,
                };
            }

            stretch = stretch.Longer(query.Series.Timeframe, bounds);
        }
    }

    // Where a client pages back to what the exchange does not keep, and nobody kept it before, history ends: no page comes after that one.
    private static long End(HistoryQuery query, List<Candle> candles, SeriesView view, long? oldest) =>
        query.Start is not null || oldest is not { } time || candles is [{ Time: var first }, ..] && first < time
            || view.Known.Ranges is [{ From: var known }, ..] && known < time
            ? FirstTime
            : time;

    // Fetches what is not known, as long as that helps and the wait lasts.
    private async Task<SeriesView> FillAsync(ISeriesPast series, TimeRange range, SeriesView view, long asked, CancellationToken cancel)
    {
        while (true)
        {
            var left = _options.HistoryWait - _time.GetElapsedTime(asked);
            var missing = view.Known.MissingIn(Complete(range, series.Key.Timeframe, view));
            if (missing.IsEmpty || left <= TimeSpan.Zero) return view;
            if (!await series.FillAsync(missing, left, cancel)) return view;
            view = await ViewAsync(series, cancel);
        }
    }

    private static HistoryAnswer Answer(
        HistoryQuery query, List<Candle> candles, Stretch stretch, TimeRange bounds, SeriesView view, Rev asOf)
    {
        var timeframe = query.Series.Timeframe;
        var isFull = candles.Count >= query.Limit;
        var span = stretch.Range with { From = Math.Max(stretch.Range.From, Math.Min(bounds.From, stretch.Range.To)) };
        // Where neither exchange time nor the store was known when the bounds were drawn, the candles themselves show what the answer
        // spans.
        if (span.To == bounds.To && candles is [.., var newest]) span = span with { To = Math.Max(span.To, timeframe.EndOf(newest.Time)) };
        if (isFull)
            span = query.Start is null ? span with { From = candles[0].Time } : span with { To = timeframe.EndOf(candles[^1].Time) };
        var isExhausted = span.From <= bounds.From && span.To >= bounds.To;
        long? next = isExhausted ? null : query.Start is null ? span.From - 1 : span.To;
        var gaps = view.Known.MissingIn(Complete(span, timeframe, view)).Ranges;
        return new HistoryAnswer(query.Series, Ordered(candles, query), asOf, gaps, next, Reset: false);
    }

    // The part of a range that is over by exchange time, in whole candles: only there can something be missing.
    private static TimeRange Complete(TimeRange range, Timeframe timeframe, SeriesView view)
    {
        // Where exchange time is not known, whatever was asked for may exist.
        var present = view.ExchangeTime is { } now ? timeframe.StartOf(now) : long.MaxValue;
        var from = Math.Max(timeframe.CeilingOf(range.From), timeframe.CeilingOf(FirstTime));
        return new TimeRange(from, Math.Max(from, Math.Min(timeframe.CeilingOf(range.To), present)));
    }

    private static TimeRange Bounds(HistoryQuery query, SeriesView view)
    {
        var timeframe = query.Series.Timeframe;
        var present = Math.Max(view.NewestEnd, view.ExchangeTime is { } now ? timeframe.EndOf(timeframe.StartOf(now)) : view.KnownEnd);
        var from = Math.Max(query.Start ?? FirstTime, FirstTime);
        var to = query.End is { } end && (end < present || view.ExchangeTime is null) ? end + 1 : present;
        return new TimeRange(from, Math.Max(from, to));
    }

    // While the store is away only memory's times can be answered for: the rest is unknown to the client, not empty.
    private static TimeRangeSet Readable(TimeRangeSet known, SeriesPart part) =>
        TimeRangeSet.Of(part.Readable.Ranges.SelectMany(r => known.Intersect(r).Ranges));

    private async Task<SeriesView> ViewAsync(ISeriesPast series, CancellationToken cancel)
    {
        var extent = await series.ExtentAsync(cancel);
        var newestEnd = extent.NewestTime is { } newest ? series.Key.Timeframe.EndOf(newest) : FirstTime;
        return new SeriesView(extent.Known, extent.ExchangeTime ?? _home.ExchangeTimeOf(series.Key.Exchange), newestEnd);
    }

    private static List<Candle> Ordered(List<Candle> candles, HistoryQuery query)
    {
        if (query.Descending) candles.Reverse();
        return candles;
    }

    private sealed record SeriesView(TimeRangeSet Known, long? ExchangeTime, long NewestEnd)
    {
        // Without exchange time, nothing after what is known can be called missing.
        public long KnownEnd => Known.Ranges is [.., var last] && last.To < long.MaxValue ? last.To : NewestEnd;
    }

    // The part of the asked range that is looked at: it grows from the end the limit counts from.
    private readonly record struct Stretch(TimeRange Range, bool FromStart, int Candles)
    {
        // A tenth more than asked for: some candles do not exist, and a second look would read all of them once more.
        public static Stretch First(HistoryQuery query, TimeRange bounds) =>
            new Stretch(default, query.Start is not null, query.Limit + (query.Limit / 10) + 1).Within(query.Series.Timeframe, bounds);

        public bool Exhausts(TimeRange bounds) => Range.From <= bounds.From && Range.To >= bounds.To;

        public Stretch Longer(Timeframe timeframe, TimeRange bounds) =>
            (this with { Candles = Math.Max(Candles * 4, 10_000) }).Within(timeframe, bounds);

        private Stretch Within(Timeframe timeframe, TimeRange bounds)
        {
            // A month has 31 days at most, and no looked-at range needs to be exact.
            var length = Candles * (timeframe.LengthMs == 0 ? 31 * 86_400_000L : timeframe.LengthMs);
            return this with
            {
                Range = FromStart
                    ? bounds with { To = Math.Min(bounds.To, bounds.From + length) }
                    : bounds with { From = Math.Max(bounds.From, timeframe.StartOf(bounds.To - length)) },
            };
        }
    }
}
