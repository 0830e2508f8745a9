using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Threading.Channels;

namespace CandleStream.Client;

/// <summary>One connection to <c>/candles/stream</c>, one life: reads its events until it ends, and says why it did.</summary>
internal sealed class StreamConnection(
    HttpClient http, IReadOnlyList<SeriesKey> series, CandleStreamClientOptions options, SeriesMemory memory, ChannelWriter<CandleUpdate> updates, TimeProvider time)
{
    // Snapshots before `synced` wait for it: only then the server says which series must be forgotten first. Null once synced.
    private List<(SeriesKey Series, List<Candle> Candles)>? _joining = [];

    /// <summary>The id to come back with: everything up to it was handed on. Set it before <see cref="ReadAsync"/> to resume.</summary>
    public string? LastEventId { get; set; }

    /// <summary>How long the server asked to wait when it said goodbye; null when it did not.</summary>
    public TimeSpan? AskedWait { get; private set; }

    /// <summary>How long the connection delivered.</summary>
    public TimeSpan Lasted { get; private set; }

    /// <summary>Reads until the stream ends; returns the reason.</summary>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    public async Task<string> ReadAsync(CancellationToken cancel)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        await using var watchdog = time.CreateTimer(_ => silence.Cancel(), null, options.SilenceLimit, Timeout.InfiniteTimeSpan);
        var opened = time.GetTimestamp();
        try
        {
            using var response = await http.GetAsync(Path(), HttpCompletionOption.ResponseHeadersRead, silence.Token);
            if (!response.IsSuccessStatusCode) return $"refused with status {(int)response.StatusCode}";
            await using var body = await response.Content.ReadAsStreamAsync(silence.Token);
            var events = SseParser.Create(body, (type, data) => (Type: type, Json: JsonSerializer.Deserialize<JsonElement>(data)));
            await foreach (var item in events.EnumerateAsync(silence.Token))
            {
                watchdog.Change(options.SilenceLimit, Timeout.InfiniteTimeSpan);
                Lasted = time.GetElapsedTime(opened);
                await TakeAsync(item.Data.Type, item.Data.Json, cancel);
                if (!string.IsNullOrEmpty(events.LastEventId)) LastEventId = events.LastEventId;
                if (AskedWait is not null) return "the server said goodbye";
            }

            return "the server ended the stream";
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return $"silent for {options.SilenceLimit.TotalSeconds:0} s";
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or JsonException or FormatException or KeyNotFoundException)
        {
            return failure.Message;
        }
    }

    private string Path()
    {
        var query = string.Join('&', series.Select(s => $"series={Uri.EscapeDataString(s.ToString())}"));
        // A resume sends no snapshot unless one is asked for in so many words.
        if (LastEventId is null) query += $"&snapshot={options.Snapshot}";
        else query += $"&last_event_id={Uri.EscapeDataString(LastEventId)}";
        if (options.MaxRate is { } rate) query += FormattableString.Invariant($"&max_rate={rate}");
        if (options.Delta) query += "&delta=1";
        return $"candles/stream?{query}";
    }

    private async ValueTask TakeAsync(string type, JsonElement json, CancellationToken cancel)
    {
        switch (type)
        {
            case "message":
                var (key, candle) = CandleReader.ReadUpdate(json);
                await OfferAsync(key, candle, cancel);
                break;
            case "delta":
                var changed = SeriesOf(json);
                if (memory.Rebuild(changed, json) is { } rebuilt) await OfferAsync(changed, rebuilt, cancel);
                break;
            case "snapshot":
                await TakeSnapshotAsync(SeriesOf(json), [.. json.GetProperty("candles").EnumerateArray().Select(CandleReader.Read)], cancel);
                break;
            case "synced":
                await SyncAsync(json.GetProperty("series"), cancel);
                break;
            case "status":
                options.OnStatus?.Invoke(SeriesOf(json), json.GetProperty("state").GetString()!, json.TryGetProperty("reason", out var reason) ? reason.GetString() : null);
                break;
            case "bye":
                AskedWait = TimeSpan.FromMilliseconds(json.GetProperty("retry_ms").GetInt64());
                break;
        }
    }

    private async ValueTask TakeSnapshotAsync(SeriesKey key, List<Candle> candles, CancellationToken cancel)
    {
        if (_joining is not null) _joining.Add((key, candles));
        else foreach (var candle in candles) await OfferAsync(key, candle, cancel);
    }

    private async ValueTask SyncAsync(JsonElement modes, CancellationToken cancel)
    {
        foreach (var mode in modes.EnumerateObject().Where(m => m.Value.GetString() == "reset"))
        {
            var key = SeriesKey.Parse(mode.Name);
            memory.Forget(key);
            options.OnReset?.Invoke(key);
        }

        var joined = _joining ?? [];
        _joining = null;
        foreach (var (key, candles) in joined) await TakeSnapshotAsync(key, candles, cancel);
    }

    private async ValueTask OfferAsync(SeriesKey key, Candle candle, CancellationToken cancel)
    {
        if (memory.Accept(key, candle)) await updates.WriteAsync(new CandleUpdate(key, candle), cancel);
    }

    private static SeriesKey SeriesOf(JsonElement json) => SeriesKey.Parse(json.GetProperty("series").GetString()!);
}
