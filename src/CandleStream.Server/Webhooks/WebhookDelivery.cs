using System.Threading.Channels;
using CandleStream.Server.Doors;
using CandleStream.Storage;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Webhooks;

/// <summary>
/// Tells one target of one series, in rising rev. It reads what is stored, from its cursor on, and is only woken by the series: so it never
/// holds a series up, and a restart, a full queue or an outage of the target loses nothing. A candle is told again until it is taken.
/// </summary>
internal sealed class WebhookDelivery(Webhook target, SeriesKey series, CandleDoor door, ICandleStore store, INoteStore notes,
    WebhookSender sender, WebhookMetrics metrics, TimeProvider time)
    : ICandleSink
{
    private const int PageSize = 500;

    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(5);

    private readonly string _note = $"webhook {target.Id} {series}";
    private readonly Channel<bool> _woken =
        Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    // The highest rev of a closed candle that the series told; what is stored reaches it within a second or so.
    private long _told;

    /// <summary>Told of each change between success and failure; null = it works again.</summary>
    public Action<string?>? Changed { get; init; }

    /// <summary>Runs until the server stops.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        var cursor = await BeginAsync(stopping);
        var look = FirstLook;
        while (true)
        {
            var before = cursor.Rev;
            cursor = await DeliverAsync(cursor, stopping);
            if (cursor.Rev > before) look = FirstLook;
            if (cursor.Rev.Value >= Interlocked.Read(ref _told))
            {
                await _woken.Reader.ReadAsync(stopping);
                look = FirstLook;
            }

            // The writer saves in batches; where it cannot, the candles come when they are fetched again.
            await Task.Delay(look, time, stopping);
            look = look * 2 < LongestLook ? look * 2 : LongestLook;
        }
    }

    public void OnUpdate(CandleUpdate update)
    {
        if (update.Candle.Closed) Wake(update.Rev);
    }

    public void OnFirstMerge(SeriesKey merged, IReadOnlyList<CandleUpdate> changed)
    {
        foreach (var update in changed) OnUpdate(update);
    }

    public void OnStatus(SeriesStatus status)
    {
        // The target is told of candles only.
    }

    // Called under the series' lock, so nobody else raises it meanwhile.
    private void Wake(Rev rev)
    {
        if (rev.Value > Interlocked.Read(ref _told)) Interlocked.Exchange(ref _told, rev.Value);
        _woken.Writer.TryWrite(true);
    }

    // A target that is new begins with the present, and that is remembered before anything else happens.
    private async Task<WebhookCursor> BeginAsync(CancellationToken stopping)
    {
        var begin = new WebhookCursor(door.AsOf, TimeRangeSet.Empty);
        return await UntilStoredAsync(
            async () =>
            {
                if (WebhookCursor.Parse(await notes.FindNoteAsync(_note, stopping)) is { } kept) return kept;
                await notes.SaveNoteAsync(_note, begin.ToText(), stopping);
                return begin;
            },
            stopping);
    }

    private async Task<WebhookCursor> DeliverAsync(WebhookCursor cursor, CancellationToken stopping)
    {
        while (true)
        {
            var page = await UntilStoredAsync(
                async () => await store.ChangesSinceAsync(series, cursor.Rev, PageSize, stopping).ToListAsync(stopping), stopping);
            foreach (var candle in page)
            {
                var isCorrection = cursor.IsCorrection(candle);
                if (isCorrection ? target.SendsCorrected : target.SendsClosed) await SendAsync(candle, isCorrection, stopping);
                cursor = cursor.After(candle, series.Timeframe);
                await UntilStoredAsync(
                    async () =>
                    {
                        await notes.SaveNoteAsync(_note, cursor.ToText(), stopping);
                        return true;
                    },
                    stopping);
            }

            if (page.Count < PageSize) return cursor;
        }
    }

    private async Task SendAsync(Candle candle, bool isCorrection, CancellationToken stopping)
    {
        string? failure = null;
        for (var wait = FirstRetry; ; wait = wait * 2 < LongestRetry ? wait * 2 : LongestRetry)
        {
            var before = failure;
            failure = await sender.TrySendAsync(target, series, candle, isCorrection, door.IsSimulated, stopping);
            metrics.Sent(failure is null);
            if ((failure is null) != (before is null)) Changed?.Invoke(failure);
            if (failure is null) return;
            await Task.Delay(wait, time, stopping);
        }
    }

    // The store is away now and then; its own host logs that.
    private async Task<T> UntilStoredAsync<T>(Func<Task<T>> work, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                return await work();
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(LongestLook, time, stopping);
            }
        }
    }
}
