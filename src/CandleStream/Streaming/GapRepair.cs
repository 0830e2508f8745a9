using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace CandleStream.Streaming;

/// <summary>Fetches what one open series misses, newest gap first, and checks by REST what snapshots covered, as long as the series is open.</summary>
internal sealed partial class GapRepair(SeriesHub hub, ICandleProvider provider, TimeProvider time, ILogger logger)
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(60);

    // What the exchange does not know it may list again one day; until then its budget is for series that it does know.
    private static readonly TimeSpan RefusedRetry = TimeSpan.FromMinutes(10);

    private readonly LogGate _logGate = new(time);

    // Holds at most one item: "there may be work".
    private readonly Channel<bool> _wakes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary>Says that there may be work. Never waits.</summary>
    public void Wake() => _wakes.Writer.TryWrite(true);

    public async Task RunAsync(CancellationToken stop)
    {
        var retry = FirstRetry;
        await foreach (var _ in _wakes.Reader.ReadAllAsync(stop))
        {
            while (hub.NextRepair() is { } work)
            {
                switch (await TryAsync(work.Range, work.Purpose, stop))
                {
                    case Attempt.Worked:
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
        }
    }

    // It worked when the answer made the work smaller; a stale answer does not, and asking again at once would only burn the budget.
    private async Task<Attempt> TryAsync(TimeRange range, FetchPurpose purpose, CancellationToken stop)
    {
        try
        {
            hub.Merge(await provider.FetchAsync(hub.Series, range, purpose, stop));
            return hub.NextRepair()?.Range != range ? Attempt.Worked : Attempt.Failed;
        }
        catch (CandleProviderException failure)
        {
            LogFailed(hub.Series, range.From, range.To, failure.Message);
            return failure.IsRefusal ? Attempt.Refused : Attempt.Failed;
        }
        catch (Exception bug) when (!stop.IsCancellationRequested)
        {
            // The gap stays named, and the next attempt may get past it: a series without repair would stay incomplete for ever.
            if (_logGate.Allows(bug.GetType().Name)) LogMistake(hub.Series, range.From, range.To, bug);
            return Attempt.Failed;
        }
    }

    private enum Attempt
    {
        Worked,
        Failed,
        Refused,
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Series}: could not fetch [{From}, {To}): {Reason}")]
    private partial void LogFailed(SeriesKey series, long from, long to, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Series}: fetching [{From}, {To}) failed because of a bug; it is tried again")]
    private partial void LogMistake(SeriesKey series, long from, long to, Exception error);
}
