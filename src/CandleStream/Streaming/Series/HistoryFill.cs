using System.Collections.Concurrent;
using CandleStream.Providers;
using CandleStream.Storage;
using Microsoft.Extensions.Logging;

namespace CandleStream.Streaming.Series;

/// <summary>
/// Fetches history that is not held yet and stores it. One flight per series at a time: who asks meanwhile finds the answer in the store.
/// </summary>
public sealed partial class HistoryFill : IAsyncDisposable
{
    private readonly ICandleProvider _provider;
    private readonly CandleArchive _archive;
    private readonly RevCounter _revs;
    private readonly TimeProvider _time;
    private readonly ILogger<HistoryFill> _logger;
    private readonly StreamingMetrics? _metrics;
    private readonly CancellationTokenSource _stop = new();

    // One entry per series with a flight under way; the last flight takes it out again.
    private readonly ConcurrentDictionary<SeriesKey, Flight> _flights = new();

    // Each is used by its series' flight only.
    private readonly ConcurrentDictionary<SeriesKey, RefusedCandles> _refused = new();

    // The same. Times of bad rows: each waits longer and longer for its next turn, however often somebody asks.
    private readonly ConcurrentDictionary<SeriesKey, Dictionary<TimeRange, AskedBefore>> _bad = new();

    // The same. What is older the exchange does not keep.
    private readonly ConcurrentDictionary<SeriesKey, long> _nothingBefore = new();

    // By exchange, each guarded by itself: what is known of its time by the open series and the answers before.
    private readonly ConcurrentDictionary<Exchange, PresentTime> _present = new();

    public HistoryFill(ICandleProvider provider, CandleArchive archive, RevCounter revs, TimeProvider time, ILogger<HistoryFill> logger,
        StreamingMetrics? metrics = null) =>
        (_provider, _archive, _revs, _time, _logger, _metrics) = (provider, archive, revs, time, logger, metrics);

    /// <summary>
    /// Fetches <paramref name="missing"/> of a series that is open where <paramref name="findOpen"/> finds it, and waits for it,
    /// <paramref name="wait"/> at most; a flight that takes longer goes on for the next who asks. True when something new is stored, or
    /// somebody else's flight landed, so that it is worth to look again.
    /// </summary>
    internal async Task<bool> FetchAsync(
        SeriesKey series, TimeRangeSet missing, Func<SeriesLead?> findOpen, long? present, TimeSpan wait, CancellationToken cancel)
    {
        if (present is { } now)
        {
            var known = PresentOf(series);
            lock (known) known.Told(now);
        }

        var mine = new Flight();
        var flight = _flights.GetOrAdd(series, mine);
        if (flight == mine) _ = FlyAsync(series, missing, findOpen, mine);
        return await flight.Landed.WaitAsync(wait, _time, cancel) && (flight.HasStored || flight != mine);
    }

    /// <summary>
    /// What of a series is older than this (open time, Unix ms) the exchange does not keep; null where it did not say so.
    /// </summary>
    public long? OldestOf(SeriesKey series) => _nothingBefore.TryGetValue(series, out var oldest) ? oldest : null;

    public async ValueTask DisposeAsync()
    {
        // Here and not on another thread: a flight that it ends is awaited next.
        _stop.Cancel();
        foreach (var flight in _flights.Values) await flight.Landed.WaitAsync(Timeout.InfiniteTimeSpan, _time, CancellationToken.None);
        _stop.Dispose();
    }

    private async Task FlyAsync(SeriesKey series, TimeRangeSet missing, Func<SeriesLead?> findOpen, Flight flight)
    {
        try
        {
            // Another flight may have landed since the caller looked.
            var lead = await FindOpenAsync(findOpen);
            var known = lead is not null ? lead.Known : (await _archive.RecordAsync(series, _stop.Token))?.Verified;
            missing = missing.Subtract(known ?? TimeRangeSet.Empty);
            flight.HasStored = missing.IsEmpty;
            missing = missing.Subtract(Waiting(series))
                .Subtract(new TimeRange(long.MinValue, _nothingBefore.GetValueOrDefault(series, long.MinValue)));
            // Said page by page: what is stored stays stored when a later page fails.
            foreach (var range in missing.Ranges) await FetchRangeAsync(series, range, findOpen, () => flight.HasStored = true);
        }
        catch (CandleProviderException failure)
        {
            LogFailed(series, failure.Message);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The server stops.
        }
        catch (Exception mistake)
        {
            // Nobody waits for a flight's failure: unsaid it would look like an exchange that does not answer. The next who asks tries
            // again.
            LogMistake(series, mistake);
        }
        finally
        {
            _flights.TryRemove(series, out _);
            flight.Landed.Give();
        }
    }

    private async Task FetchRangeAsync(SeriesKey series, TimeRange range, Func<SeriesLead?> findOpen, Action onStored)
    {
        while (!range.IsEmpty)
        {
            var page = await _provider.FetchAsync(series, range, FetchPurpose.History, _stop.Token);
            range = range with { From = page.Range.To };
            if (page.NothingBefore > page.Range.From)
            {
                _nothingBefore[series] = page.NothingBefore;
                page = page.Part(page.Range with { From = Math.Min(page.NothingBefore, page.Range.To) });
                if (page.Range.IsEmpty) continue;
            }

            var judged = Judged(series, page);
            Remember(series, page);
            // Opened or closed while the exchange was asked: what counts is who reads the series now.
            var lead = await FindOpenAsync(findOpen);
            if (lead?.RepairsFrom(page.AsOf) is { } from && from < page.Range.To)
            {
                // Connected clients have not seen these candles, so publish them as a repair.
                var repair = page.Part(page.Range with { From = Math.Max(from, page.Range.From) });
                lead.Merge(repair, await NoNewsAsync(series, lead, repair));
                onStored();
                page = page.Part(page.Range with { To = Math.Max(from, page.Range.From) });
                if (page.Range.IsEmpty) continue;
                judged = page with { AsOf = judged.AsOf };
            }

            // Until the hub knows what the store holds, history saved beside it would be unknown to it.
            if (lead is { KnowsStore: false }) return;
            var (candles, verified) = Trusted(series.Timeframe, judged);
            foreach (var candle in page.Candles.Where(c => !c.IsPlausible(series.Timeframe))) Refused(series).Add(candle);
            if (verified.IsEmpty && IsYoung(series.Timeframe, judged)) return;
            foreach (var part in verified.Ranges)
            {
                if (await _archive.SaveHistoryAsync(
                    series, [.. candles.Where(c => part.Contains(c.Time))], part, lead?.ToldFrom, _revs, _stop.Token) is not { } stored)
                    return;
                lead?.AddHistory(stored, page.Part(part));
            }

            if (verified.IsEmpty) continue;
            onStored();
        }
    }

    private async Task<SeriesLead?> FindOpenAsync(Func<SeriesLead?> findOpen)
    {
        var lead = findOpen();
        if (lead is not null) await lead.Loaded.WaitAsync(Timeout.InfiniteTimeSpan, _time, _stop.Token);
        return lead;
    }

    // Below what the hub holds, the archive says what is no news: what was stored when the series was opened. What somebody stored beside
    // it since, its clients do not have.
    private async Task<IReadOnlyList<Candle>> NoNewsAsync(SeriesKey series, SeriesLead lead, HistoryPage page)
    {
        var older = page.Range with { To = Math.Min(page.Range.To, lead.OldestTime ?? page.Range.To) };
        if (older.IsEmpty
            || await _archive.ReadAsync(series, older, int.MaxValue, newestEnd: false, _stop.Token) is not { Count: > 0 } held) return [];
        var byTime = page.Candles.ToDictionary(c => c.Time);
        return held.FindAll(
            old => old.Rev <= lead.OpenedRev && byTime.TryGetValue(old.Time, out var fetched) && old.HasSameValues(fetched));
    }

    // Of few series, if of any.
    private RefusedCandles Refused(SeriesKey series) => _refused.GetOrAdd(series, s => new RefusedCandles(s, _time, _logger, _metrics));

    /// <summary>
    /// The part of an answer that is old enough to be final, closed and numbered by the candles' ends: fetched because somebody asked, not
    /// because something changed. A candle that no real one looks like is left out, and its time stays unknown.
    /// </summary>
    public static (IReadOnlyList<Candle> Candles, TimeRangeSet Verified) Trusted(Timeframe timeframe, HistoryPage page)
    {
        var until = page.AsOf - SeriesCandles.RestTrustedAfterMs;
        var range = new TimeRange(timeframe.CeilingOf(page.Range.From), Math.Min(page.Range.To, timeframe.StartOf(until)));
        // A week or month that starts elsewhere than ours may still run when ours is over.
        foreach (var candle in page.Candles)
        {
            if (range.Contains(candle.Time) && timeframe.EndOf(candle.Time) > until) range = range with { To = candle.Time };
        }

        List<Candle> candles =
        [
            .. page.Candles
                .Where(c => range.Contains(c.Time) && c.IsPlausible(timeframe))
                .Select(c => c with { Closed = true, Rev = Rev.At(timeframe.EndOf(c.Time)) }),
        ];
        return (candles, BadRows(timeframe, page).MissingIn(range));
    }

    /// <summary>True where an answer ends with candles that may still change.</summary>
    public static bool IsYoung(Timeframe timeframe, HistoryPage page) =>
        page.Range.To > timeframe.StartOf(page.AsOf - SeriesCandles.RestTrustedAfterMs);

    // The first Date of all is borne out by nothing: it counts as far as rows do, for without exchange time only a later candle closes one.
    private HistoryPage Judged(SeriesKey series, HistoryPage page)
    {
        var present = PresentOf(series);
        lock (present)
        {
            var isFirst = present.Latest is null;
            var asOf = present.Judge(page.AsOf).Time;
            return page with { AsOf = isFirst ? Math.Min(asOf, page.Candles is [.., var newest] ? newest.Time : 0) : asOf };
        }
    }

    private PresentTime PresentOf(SeriesKey series) => _present.GetOrAdd(series.Exchange, static (_, time) => new PresentTime(time), _time);

    private TimeRangeSet Waiting(SeriesKey series) =>
        _bad.TryGetValue(series, out var bad)
            ? TimeRangeSet.Of(bad.Where(b => b.Value.Left(_time) > TimeSpan.Zero).Select(b => b.Key))
            : TimeRangeSet.Empty;

    // What was bad before and is good now is forgotten.
    private void Remember(SeriesKey series, HistoryPage page)
    {
        var ranges = BadRows(series.Timeframe, page).Intersect(page.Range).Ranges;
        if (ranges.IsEmpty && !_bad.ContainsKey(series)) return;
        var bad = _bad.GetOrAdd(series, _ => []);
        var now = ranges.ToDictionary(r => r, r => bad.GetValueOrDefault(r).Again(_time));
        foreach (var range in bad.Keys.Where(r => !r.Intersect(page.Range).IsEmpty).ToList()) bad.Remove(range);
        foreach (var (range, asked) in now) bad[range] = asked;
        if (bad.Count == 0) _bad.TryRemove(series, out _);
    }

    private static TimeRangeSet BadRows(Timeframe timeframe, HistoryPage page) =>
        TimeRangeSet.Of(page.Candles.Where(c => !c.IsPlausible(timeframe)).Select(c => CandleOf(c.Time, timeframe))).Union(page.Unreadable);

    private static TimeRange CandleOf(long time, Timeframe timeframe)
    {
        var start = timeframe.StartOf(time);
        return new TimeRange(start, timeframe.EndOf(start));
    }

    private sealed class Flight
    {
        public Signal Landed { get; } = new();

        /// <summary>True when something new is stored. Read after it landed.</summary>
        public bool HasStored { get; set; }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Series}: history could not be fetched: {Reason}")]
    private partial void LogFailed(SeriesKey series, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Series}: fetching history failed because of a bug; the next request tries again")]
    private partial void LogMistake(SeriesKey series, Exception error);
}
