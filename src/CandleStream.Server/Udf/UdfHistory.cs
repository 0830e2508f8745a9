using CandleStream.Server.Doors;
using CandleStream.Streaming;

namespace CandleStream.Server.Udf;

/// <summary>What a chart asks for.</summary>
/// <param name="Series">The series.</param>
/// <param name="From">First open time wanted, Unix ms; null = as far back as <paramref name="Countback"/> reaches.</param>
/// <param name="To">The first open time not wanted any more, Unix ms.</param>
/// <param name="Countback">How many bars before <paramref name="To"/> are needed at least, however old; null = those from
/// <paramref name="From"/> on are enough.</param>
internal sealed record UdfBarsQuery(SeriesKey Series, long? From, long To, int? Countback);

/// <summary>What a chart is answered.</summary>
/// <param name="Bars">Oldest first; all from <c>From</c> on, and older ones until there are <c>Countback</c>.</param>
/// <param name="Older">Without bars: the time of the newest bar before the range; null = nothing is older, the chart need not ask
/// again.</param>
/// <param name="Trouble">Why there is no answer now; null where there is one.</param>
internal sealed record UdfBars(IReadOnlyList<Candle> Bars, long? Older = null, string? Trouble = null);

/// <summary>
/// Reads the bars that a chart asks for: the union of its range and of its countback, so that it need not ask twice and never takes old
/// bars for none.
/// </summary>
internal sealed class UdfHistory(CandleDoor door)
{
    /// <summary>Bars of one answer; the newest ones where there are more.</summary>
    public const int MaxBars = 10_000;

    /// <summary>How often the history is asked on behalf of one request: a sparse series may go quiet for years.</summary>
    private const int MaxPages = 8;

    private const string NotVerified = "Not all of these candles could be fetched from the exchange yet: ask again.";
    private const long ShortestMonthMs = 28 * 86_400_000L;

    public async Task<UdfBars> ReadAsync(UdfBarsQuery query, CancellationToken cancel)
    {
        var wanted = Math.Clamp(Math.Max(SlotsOf(query), query.Countback ?? 1), 1, MaxBars);
        var bars = new List<Candle>();
        var unverified = TimeRangeSet.Empty;
        long? next = query.To - 1;
        // A page after the first is a search for something older, so it looks as far as it can.
        for (var page = 0; page < MaxPages && next is { } end; page++)
        {
            var answer = await door.ReadAsync(
                new HistoryQuery(query.Series, null, end, page == 0 ? wanted : MaxBars, Descending: true, null), cancel);
            bars.AddRange(answer.History.Candles);
            unverified = unverified.Union(answer.Unverified);
            next = answer.History.Next;
            if (!unverified.IsEmpty || bars.Count >= wanted || (next < query.From && bars.Count >= (query.Countback ?? 1))) break;
        }

        return Answer(query, bars, unverified, reachedStart: next is null);
    }

    private static UdfBars Answer(UdfBarsQuery query, List<Candle> newestFirst, TimeRangeSet unverified, bool reachedStart)
    {
        var inRange = query.From is { } from ? newestFirst.TakeWhile(c => c.Time >= from).Count() : 0;
        var count = Math.Min(Math.Min(Math.Max(inRange, query.Countback ?? 0), newestFirst.Count), MaxBars);
        var isCut = inRange > MaxBars;
        var hasAll = newestFirst.Count >= Math.Max(query.Countback ?? 0, 1);
        var answeredFrom = isCut ? newestFirst[count - 1].Time : hasAll
            ? Math.Min(query.From ?? long.MaxValue, newestFirst[Math.Max(count - 1, 0)].Time)
            : long.MinValue;
        if (!unverified.Intersect(new TimeRange(answeredFrom, query.To)).IsEmpty) return new UdfBars([], Trouble: NotVerified);
        if (count > 0) return new UdfBars([.. newestFirst.Take(count).Reverse()]);
        if (newestFirst.Count > 0) return new UdfBars([], Older: newestFirst[0].Time);
        return reachedStart ? new UdfBars([]) : new UdfBars([], Trouble: NotVerified);
    }

    private static int SlotsOf(UdfBarsQuery query)
    {
        if (query.From is not { } from || from >= query.To) return 0;
        var length = query.Series.Timeframe.LengthMs == 0 ? ShortestMonthMs : query.Series.Timeframe.LengthMs;
        return (int)Math.Min(((query.To - from) / length) + 2, MaxBars);
    }
}
