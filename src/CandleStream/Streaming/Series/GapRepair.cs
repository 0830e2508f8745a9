using System.Threading.Channels;
using CandleStream.Providers;
using Microsoft.Extensions.Logging;

namespace CandleStream.Streaming.Series;

/// <summary>
/// Fetches what one open series misses, newest gap first, and checks by REST what snapshots covered, as long as the series is open.
/// What failed goes behind the others: a range whose answer stays unusable must neither starve them nor burn the budget.
/// </summary>
internal sealed partial class GapRepair(SeriesLead lead, ICandleProvider provider, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FirstRetry = AskedBefore.First;
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(60);

    // What the exchange does not know it may list again one day.
    private static readonly TimeSpan RefusedRetry = AskedBefore.Longest;

    private readonly LogGate _logGate = new(time);

    // Holds at most one item: "there may be work".
    private readonly Channel<bool> _wakes =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    // Owned by the loop. By the first time of a range: its end moves on.
    private readonly Dictionary<long, AskedBefore> _asked = [];

    /// <summary>Says that there may be work. Never waits.</summary>
    public void Wake() => _wakes.Writer.TryWrite(true);

    public async Task RunAsync(CancellationToken stop)
    {
        var retry = FirstRetry;
        await using var later = time.CreateTimer(_ => Wake(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        while (await _wakes.Reader.WaitToReadAsync(stop))
        {
            _wakes.Reader.TryRead(out _);
            TimeSpan wait;
            while (Next(out wait) is { } work)
            {
                switch (await TryAsync(work, stop))
                {
                    case Attempt.Answered:
                        retry = FirstRetry;
                        break;
                    case Attempt.Refused:
                        await Task.Delay(RefusedRetry, time, stop);
                        break;
                    default:
                        await Task.Delay(retry, time, stop);
                        retry = retry * 2 < LongestRetry ? retry * 2 : LongestRetry;
                        break;
                }
            }

            later.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }

    // What was not asked for yet, the newest first, then what was asked for longest ago. Null where nothing is due; then the wait for it.
    private RepairWork? Next(out TimeSpan wait)
    {
        wait = Timeout.InfiniteTimeSpan;
        RepairWork? next = null;
        long? nextAt = null;
        foreach (var work in lead.Repairs())
        {
            // The repair of a gap makes the check smaller, so it goes first, unless it has to wait for long.
            if (work.IsCheck && (next is not null || (wait != Timeout.InfiniteTimeSpan && wait <= LongestRetry))) break;
            if (!_asked.TryGetValue(work.Missing.From, out var asked)) return work;
            var left = asked.Left(time);
            if (left > TimeSpan.Zero)
            {
                if (wait == Timeout.InfiniteTimeSpan || left < wait) wait = left;
            }
            else if (!(nextAt <= asked.At))
            {
                (next, nextAt) = (work, asked.At);
            }
        }

        return next;
    }

    private async Task<Attempt> TryAsync(RepairWork work, CancellationToken stop)
    {
        var range = work.Asked;
        var asked = Asking(work.Missing.From);
        try
        {
            lead.Merge(await provider.FetchAsync(lead.Series, range, work.Purpose, stop));
            // What is answered and still missing, or missing again soon, is asked for less and less often.
            _asked[work.Missing.From] = asked.Again(time);
            return Attempt.Answered;
        }
        catch (CandleProviderException failure)
        {
            LogFailed(lead.Series, range.From, range.To, failure.Message);
            return failure.IsRefusal ? Attempt.Refused : Attempt.Failed;
        }
        catch (Exception bug) when (!stop.IsCancellationRequested)
        {
            // The gap stays named, and the next attempt may get past it: a series without repair would stay incomplete for ever.
            if (_logGate.Allows(bug.GetType().Name)) LogMistake(lead.Series, range.From, range.To, bug);
            return Attempt.Failed;
        }
    }

    private AskedBefore Asking(long from)
    {
        foreach (var (old, before) in _asked)
        {
            if (time.GetElapsedTime(before.At) > 2 * RefusedRetry) _asked.Remove(old);
        }

        return _asked[from] = new AskedBefore(time.GetTimestamp(), _asked.GetValueOrDefault(from).Wait);
    }

    private enum Attempt
    {
        Answered,
        Failed,
        Refused,
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Series}: could not fetch [{From}, {To}): {Reason}")]
    private partial void LogFailed(SeriesKey series, long from, long to, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Series}: fetching [{From}, {To}) failed because of a bug; it is tried again")]
    private partial void LogMistake(SeriesKey series, long from, long to, Exception error);
}
