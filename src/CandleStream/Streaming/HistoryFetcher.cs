using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace CandleStream.Streaming;

/// <summary>Fetches history that is not held yet and stores it. One flight per series at a time: whoever asks meanwhile finds the answer in the store.</summary>
public sealed partial class HistoryFetcher : IAsyncDisposable
{
    private readonly ICandleProvider _provider;
    private readonly ISeriesArchive _archive;
    private readonly RevCounter _revs;
    private readonly TimeProvider _time;
    private readonly ILogger<HistoryFetcher> _logger;
    private readonly StreamingMetrics? _metrics;
    private readonly CancellationTokenSource _stop = new();

    // One entry per series with a flight under way; the last flight takes it out again.
    private readonly ConcurrentDictionary<SeriesKey, Task<bool>> _flights = new();

    // Each is used by its series' flight only.
    private readonly ConcurrentDictionary<SeriesKey, RefusedCandles> _refused = new();

    public HistoryFetcher(ICandleProvider provider, ISeriesArchive archive, RevCounter revs, TimeProvider time, ILogger<HistoryFetcher> logger, StreamingMetrics? metrics = null) =>
        (_provider, _archive, _revs, _time, _logger, _metrics) = (provider, archive, revs, time, logger, metrics);

    /// <summary>
    /// Fetches <paramref name="missing"/> and waits for it, <paramref name="wait"/> at most; a flight that takes longer goes on for the next who asks.
    /// True when something new is stored, or somebody else's flight landed, so that it is worth to look again.
    /// </summary>
    internal async Task<bool> FetchAsync(SeriesKey series, TimeRangeSet missing, SeriesHub? hub, TimeSpan wait, CancellationToken cancel)
    {
        var mine = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        var flight = _flights.GetOrAdd(series, mine.Task);
        if (ReferenceEquals(flight, mine.Task)) _ = FlyAsync(series, missing, hub, mine);
        try
        {
            return await flight.WaitAsync(wait, _time, cancel) || !ReferenceEquals(flight, mine.Task);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_flights.Values);
        _stop.Dispose();
    }

    private async Task FlyAsync(SeriesKey series, TimeRangeSet missing, SeriesHub? hub, TaskCompletionSource<bool> landed)
    {
        var stored = false;
        try
        {
            // Another flight may have landed since the caller looked.
            var known = hub is not null ? hub.Look(default).Known : (await _archive.LoadAsync(series, 1, _stop.Token))?.Record?.Verified;
            missing = missing.Subtract(known ?? TimeRangeSet.Empty);
            stored = missing.IsEmpty;
            // Said page by page: what is stored stays stored when a later page fails.
            foreach (var range in missing.Ranges) await FetchRangeAsync(series, range, hub, () => stored = true);
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
            // Nobody waits for a flight's failure: unsaid it would look like an exchange that does not answer. The next who asks tries again.
            LogMistake(series, mistake);
        }
        finally
        {
            _flights.TryRemove(series, out _);
            landed.SetResult(stored);
        }
    }

    private async Task FetchRangeAsync(SeriesKey series, TimeRange range, SeriesHub? hub, Action onStored)
    {
        while (!range.IsEmpty)
        {
            var page = await _provider.FetchAsync(series, range, FetchPurpose.History, _stop.Token);
            range = range with { From = page.Range.To };
            if (hub?.RepairsFrom(page.AsOf) is { } from && from < page.Range.To)
            {
                // Connected clients have not seen these candles, so publish them as a repair.
                hub.Merge(page.Part(page.Range with { From = Math.Max(from, page.Range.From) }));
                onStored();
                page = page.Part(page.Range with { To = from });
                if (page.Range.IsEmpty) continue;
            }

            var (candles, verified) = Trusted(series.Timeframe, page);
            if (verified.IsEmpty) return;
            foreach (var candle in page.Candles.Where(c => !c.IsPlausible(series.Timeframe))) Refused(series).Add(candle);
            if (await _archive.ReadAsync(series, verified.Ranges[0], int.MaxValue, newestEnd: false, _stop.Token) is not { } held) return;
            candles = Numbered(candles, held, _revs);
            if (!await _archive.SaveHistoryAsync(series, candles, verified, _stop.Token)) return;
            hub?.AddHistory(candles, verified);
            onStored();
        }
    }

    // Of few series, if of any.
    private RefusedCandles Refused(SeriesKey series) => _refused.GetOrAdd(series, s => new RefusedCandles(s, _time, _logger, _metrics));

    /// <summary>The part of an answer that is old enough to be final, closed and numbered by the candles' ends: fetched because somebody asked, not because something changed.</summary>
    public static (IReadOnlyList<Candle> Candles, TimeRangeSet Verified) Trusted(Timeframe timeframe, HistoryPage page)
    {
        var past = page.AsOf - SeriesCandles.RestTrustedAfterMs;
        var range = new TimeRange(timeframe.CeilingOf(page.Range.From), Math.Min(page.Range.To, timeframe.StartOf(past)));
        // Weeks may start on another day than ours: a candle is final by its own end only.
        foreach (var running in page.Candles.Where(c => range.Contains(c.Time) && timeframe.EndOf(c.Time) > past)) range = range with { To = Math.Min(range.To, running.Time) };
        List<Candle> candles =
        [
            .. page.Candles
                .Where(c => range.Contains(c.Time) && c.IsPlausible(timeframe))
                .Select(c => c with { Closed = true, Rev = timeframe.EndOf(c.Time) * 1000 }),
        ];
        return (candles, TimeRangeSet.Of(range));
    }

    /// <summary>
    /// The candles with the revs they are stored with. One that the store holds with other values is a revision: it gets a new rev, or the store would keep the old one.
    /// </summary>
    public static IReadOnlyList<Candle> Numbered(IReadOnlyList<Candle> fetched, IReadOnlyList<Candle> held, RevCounter revs)
    {
        var byTime = held.ToDictionary(c => c.Time);
        // No number may lie ahead of the counter, as a candle's end does where our clock is slow.
        var current = revs.Current;
        return [.. fetched.Select(c => c with { Rev = byTime.TryGetValue(c.Time, out var old) && !old.HasSameValues(c) ? revs.Next() : Math.Min(c.Rev, current) })];
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Series}: history could not be fetched: {Reason}")]
    private partial void LogFailed(SeriesKey series, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Series}: fetching history failed because of a bug; the next request tries again")]
    private partial void LogMistake(SeriesKey series, Exception error);
}
