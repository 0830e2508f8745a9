using System.Globalization;
using CandleStream.Server.Doors;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Dialects.Bitfinex;

/// <summary>
/// <c>GET /v2/candles/{key}/hist|last</c>. Ranges that are not verified are answered with the exchange's own "try again", never with a row
/// too few.
/// </summary>
internal sealed class BitfinexCandles(CandleDoor door, StreamingOptions options, DialectMetrics metrics, TimeProvider time)
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 10_000;

    /// <summary>
    /// How often the history is asked on behalf of one request: an empty answer means the end of the history, so the search goes on first.
    /// </summary>
    private const int MaxPages = 8;

    private const long MaxTime = 253_402_300_799_999;

    public async Task AnswerAsync(HttpContext context, string key, string section)
    {
        var query = context.Request.Query;
        var invalid = section is "hist" or "last" ? DialectKey.TryRead(key, door.Symbols, out var series) : Invalid("section", out series);
        if (!TryRead(query["limit"], out var limit) || limit is < 1 or > MaxLimit) invalid ??= "limit";
        if (!TryRead(query["start"], out var start)) invalid ??= "start";
        if (!TryRead(query["end"], out var end)) invalid ??= "end";
        if (!TryRead(query["sort"], out var sort) || sort is not (null or 1 or -1)) invalid ??= "sort";
        if (invalid is not null)
        {
            await BitfinexAnswer.InvalidAsync(context, invalid);
            return;
        }

        var isLast = section == "last";
        var asked = new Asked(series, isLast ? null : Clamp(start), isLast ? null : Clamp(end), isLast ? 1 : (int)(limit ?? DefaultLimit),
            !isLast && sort == 1);
        if (asked.End < asked.Start)
        {
            await BitfinexAnswer.WriteAsync(context, "[]"u8.ToArray());
            return;
        }

        var answer = await ReadAsync(asked, context.RequestAborted);
        if (answer.Rows is not { } rows) await BitfinexAnswer.TryAgainAsync(context, metrics, answer.Gaps);
        else if (isLast && rows.Count > 0)
            await BitfinexAnswer.WriteAsync(context, JsonBytes.Write(json => BitfinexAnswer.WriteRow(json, rows[0])));
        else await BitfinexAnswer.WriteAsync(context, BitfinexAnswer.Rows(rows));
    }

    private async Task<Answer> ReadAsync(Asked asked, CancellationToken cancel)
    {
        var gaps = 0;
        if (asked.End is not null)
        {
            var past = await SearchAsync(asked, cancel);
            if (!door.ReachesPresent(asked.Series, asked.End)) return past;
            gaps = past.Gaps;
        }

        // The running candle is told only while the feed is live: it must not be an old one.
        using var live = new UntilLive();
        using var watch = door.Watch(asked.Series, live);
        if (!await live.WaitAsync(options.HistoryWait, time, cancel)) return new Answer(null, gaps);
        var present = await SearchAsync(asked, cancel);
        return watch.Status.Connected ? present : present with { Rows = null };
    }

    // Pages on until there are rows, or certainly none.
    private async Task<Answer> SearchAsync(Asked asked, CancellationToken cancel)
    {
        var query = asked.ToQuery();
        for (var page = 0; page < MaxPages; page++)
        {
            var answer = (await door.ReadAsync(query, cancel)).History;
            var gaps = answer.Gaps.Count(g => g.To > (asked.Start ?? 0));
            if (gaps > 0) return new Answer(null, gaps);
            List<Candle> rows = [.. answer.Candles.Where(c => c.Time >= (asked.Start ?? 0))];
            var isExhausted = answer.Next is not { } next || (!asked.OldestFirst && next < asked.Start);
            if (rows.Count > 0 || isExhausted) return new Answer(rows, 0);
            query = asked.OldestFirst
                ? query with { Start = answer.Next, Limit = MaxLimit }
                : query with { End = answer.Next, Limit = MaxLimit };
        }

        return new Answer(null, 0);
    }

    private static string Invalid(string what, out SeriesKey series)
    {
        series = default;
        return what;
    }

    private static long? Clamp(long? time) => time is { } t ? Math.Clamp(t, 0, MaxTime) : null;

    private static bool TryRead(string? text, out long? number)
    {
        number = null;
        if (string.IsNullOrEmpty(text)) return true;
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)) return false;
        number = value;
        return true;
    }

    /// <param name="Rows">In the asked order; null where they cannot be vouched for now.</param>
    /// <param name="Gaps">How many ranges are not verified.</param>
    private sealed record Answer(IReadOnlyList<Candle>? Rows, int Gaps);

    private sealed record Asked(SeriesKey Series, long? Start, long? End, int Limit, bool OldestFirst)
    {
        // Newest first, the limit counts from the end, so a start only says how many there can be.
        public HistoryQuery ToQuery() => OldestFirst
            ? new HistoryQuery(Series, Start ?? 0, End, Limit, Descending: false, null)
            : new HistoryQuery(Series, null, End, Start is { } start && End is { } end ? (int)Math.Min(Limit, SlotsIn(start, end)) : Limit,
                Descending: true, null);

        private long SlotsIn(long start, long end) =>
            ((end - start) / (Series.Timeframe.LengthMs == 0 ? 28 * 86_400_000L : Series.Timeframe.LengthMs)) + 2;
    }

    /// <summary>Waits until the feed of a series is live.</summary>
    private sealed class UntilLive : ICandleSink, IDisposable
    {
        private readonly TaskCompletionSource _live = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task<bool> WaitAsync(TimeSpan wait, TimeProvider time, CancellationToken cancel)
        {
            try
            {
                await _live.Task.WaitAsync(wait, time, cancel);
                return true;
            }
            catch (TimeoutException)
            {
                return false;
            }
        }

        public void OnStatus(SeriesStatus status)
        {
            if (status.Connected) _live.TrySetResult();
        }

        public void OnUpdate(CandleUpdate update)
        {
            // Read afterwards, with all others.
        }

        public void OnFirstMerge(SeriesKey series, IReadOnlyList<CandleUpdate> changed)
        {
            // As above.
        }

        public void Dispose() => _live.TrySetCanceled();
    }
}
