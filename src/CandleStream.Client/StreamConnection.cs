using System.Globalization;
using System.Net.ServerSentEvents;
using System.Threading.Channels;

namespace CandleStream.Client;

/// <summary>One connection to <c>/candles/stream</c>, one life: reads its events until it ends, and says why it did.</summary>
internal sealed class StreamConnection(
    HttpClient http, IReadOnlyList<SeriesKey> series, CandleStreamClientOptions options, SeriesMemory memory,
    ChannelWriter<CandleUpdate> updates, Action<bool> tellSimulated, TimeProvider time)
{
    // Assumed until `hello` says otherwise.
    private static readonly TimeSpan DefaultHeartbeat = TimeSpan.FromSeconds(15);

    // The forming candle of each series as this connection brought it last: what a delta builds on.
    private readonly Dictionary<SeriesKey, Candle> _forming = [];

    // Snapshots before `synced` wait for it: only then the server says which series must be forgotten first. Null once synced.
    private List<StreamEvent.Snapshot>? _joining = [];

    private TimeSpan _silenceLimit = options.SilenceLimit ?? SilenceLimitFor(DefaultHeartbeat);
    private long? _firstEvent;
    private long _lastEvent;

    /// <summary>The id to come back with: everything up to it was handed on. Set it before <see cref="ReadAsync"/> to resume.</summary>
    public Rev? LastEventId { get; set; }

    /// <summary>How long the server asked to wait; zero when it did not.</summary>
    public TimeSpan AskedWait { get; private set; }

    /// <summary>True when the server announced the end: it stops or restarts, which is no failure.</summary>
    public bool SaidGoodbye { get; private set; }

    /// <summary>How long the connection delivered.</summary>
    public TimeSpan Lasted { get; private set; }

    /// <summary>Reads until the stream ends; returns the reason.</summary>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    /// <exception cref="CandleStreamRefusedException">Asking again cannot help.</exception>
    public async Task<string> ReadAsync(CancellationToken cancel)
    {
        try
        {
            var reason = await ReadUntilSilentAsync(cancel);
            if (_firstEvent is { } first) Lasted = time.GetElapsedTime(first);
            return reason;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // The silence itself is no part of what lasted.
            if (_firstEvent is { } first) Lasted = time.GetElapsedTime(first, _lastEvent);
            return string.Create(CultureInfo.InvariantCulture, $"silent for {_silenceLimit.TotalSeconds:0.#} s");
        }
    }

    private async Task<string> ReadUntilSilentAsync(CancellationToken cancel)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await using var watchdog = time.CreateTimer(_ => silence.Cancel(), null, _silenceLimit, Timeout.InfiniteTimeSpan);
        try
        {
            using var answer = await http.GetAsync(Path(), HttpCompletionOption.ResponseHeadersRead, silence.Token);
            if (await Refusal.OfAsync(answer, "text/event-stream", time.GetUtcNow(), silence.Token) is { } refusal)
            {
                AskedWait = refusal.RetryAfter;
                return refusal.Reason;
            }

            await using var body = await answer.Content.ReadAsStreamAsync(silence.Token);
            var events = SseParser.Create(body, StreamEvent.Parse);
            await foreach (var item in events.EnumerateAsync(silence.Token))
            {
                // A caller that takes its time lets the socket rest: that is not the server's silence.
                watchdog.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _lastEvent = time.GetTimestamp();
                _firstEvent ??= _lastEvent;
                await TakeAsync(item.Data, cancel);
                if (SaidGoodbye) return "the server said goodbye";
                if (long.TryParse(events.LastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                    LastEventId = new Rev(id);
                watchdog.Change(_silenceLimit, Timeout.InfiniteTimeSpan);
            }

            return "the server ended the stream";
        }
        catch (Exception failure) when (ConnectionTrouble.Is(failure) || failure is InvalidDataException)
        {
            return failure.Message;
        }
    }

    private static TimeSpan SilenceLimitFor(TimeSpan heartbeat) => 2 * heartbeat + TimeSpan.FromSeconds(5);

    private string Path()
    {
        var query = string.Join('&', series.Select(s => $"series={Uri.EscapeDataString(s.ToString())}"));
        // A resume sends no snapshot unless one is asked for in so many words.
        query += LastEventId is null ? $"&snapshot={options.Snapshot}" : $"&last_event_id={LastEventId}";
        if (options.MaxRate is { } rate) query += FormattableString.Invariant($"&max_rate={rate}");
        if (options.Delta) query += "&delta=1";
        return $"candles/stream?{query}";
    }

    private async ValueTask TakeAsync(StreamEvent e, CancellationToken cancel)
    {
        switch (e)
        {
            case StreamEvent.Hello hello:
                _silenceLimit = options.SilenceLimit ?? SilenceLimitFor(hello.Heartbeat);
                if (hello.Simulated is { } simulated) tellSimulated(simulated);
                break;
            case StreamEvent.Status status:
                options.OnStatus?.Invoke(status.Series, status.State, status.Reason);
                break;
            case StreamEvent.Whole whole:
                if (!whole.Candle.Closed) _forming[whole.Series] = whole.Candle;
                await OfferAsync(whole.Series, whole.Candle, cancel);
                break;
            case StreamEvent.Delta delta:
                await OfferAsync(delta.Series, Rebuild(delta), cancel);
                break;
            case StreamEvent.Snapshot snapshot:
                await TakeSnapshotAsync(snapshot, cancel);
                break;
            case StreamEvent.Synced synced:
                await SyncAsync(synced, cancel);
                break;
            case StreamEvent.Bye bye:
                (SaidGoodbye, AskedWait) = (true, bye.RetryAfter);
                break;
        }
    }

    /// <exception cref="InvalidDataException">Its base is not what came last: only a new beginning mends that.</exception>
    private Candle Rebuild(StreamEvent.Delta delta)
    {
        if (!_forming.TryGetValue(delta.Series, out var held) || held.Time != delta.Time || held.Rev != delta.Base)
            throw new InvalidDataException("a delta came without its base");
        return _forming[delta.Series] = CandleReader.Over(delta.Changes, held).Candle;
    }

    private async ValueTask TakeSnapshotAsync(StreamEvent.Snapshot snapshot, CancellationToken cancel)
    {
        if (_joining is not null) _joining.Add(snapshot);
        else foreach (var candle in snapshot.Candles) await OfferAsync(snapshot.Series, candle, cancel);
    }

    private async ValueTask SyncAsync(StreamEvent.Synced synced, CancellationToken cancel)
    {
        foreach (var key in synced.Reset)
        {
            memory.Forget(key);
            options.OnReset?.Invoke(key);
        }

        var joined = _joining ?? [];
        _joining = null;
        foreach (var snapshot in joined) await TakeSnapshotAsync(snapshot, cancel);
    }

    private async ValueTask OfferAsync(SeriesKey key, Candle candle, CancellationToken cancel)
    {
        if (memory.Accept(key, candle)) await updates.WriteAsync(new CandleUpdate(key, candle), cancel);
    }
}
