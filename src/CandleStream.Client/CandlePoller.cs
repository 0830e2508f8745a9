using System.Text.Json;
using System.Threading.Channels;

namespace CandleStream.Client;

/// <summary>Asks <c>GET /candles</c> for what changed, while the stream cannot be had.</summary>
internal sealed class CandlePoller(
    HttpClient http, IReadOnlyList<SeriesKey> series, CandleStreamClientOptions options, SeriesMemory memory, ChannelWriter<CandleUpdate> updates, TimeProvider time)
{
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    /// <summary>Asks for each series; returns the id to go on with, which moves on only when every answer came, and to the oldest of them.</summary>
    /// <exception cref="CandleStreamRefusedException">Asking again cannot help.</exception>
    public async Task<long?> AskAllAsync(long? since, CancellationToken stop)
    {
        long? oldest = null;
        foreach (var key in series)
        {
            if (await AskAsync(key, since, stop) is not { } answer) return since;
            if (answer.IsReset)
            {
                memory.Forget(key);
                options.OnReset?.Invoke(key);
            }

            foreach (var candle in answer.Candles)
            {
                if (memory.Accept(key, candle)) await updates.WriteAsync(new CandleUpdate(key, candle), stop);
            }

            oldest = Math.Min(oldest ?? answer.AsOf, answer.AsOf);
        }

        return oldest ?? since;
    }

    private async Task<Answer?> AskAsync(SeriesKey key, long? since, CancellationToken stop)
    {
        var path = $"candles?symbol={Uri.EscapeDataString(key.Symbol)}&timeframe={key.Timeframe}" + (since is null ? $"&limit={Math.Max(1, options.Snapshot)}" : $"&since={since}");
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await using var limit = time.CreateTimer(_ => limited.Cancel(), null, AnswerLimit, Timeout.InfiniteTimeSpan);
        try
        {
            using var answer = await http.GetAsync(path, limited.Token);
            if (await Refusal.OfAsync(answer, "application/json", time.GetUtcNow(), limited.Token) is not null) return null;
            return Answer.Read(JsonElement.Parse(await answer.Content.ReadAsByteArrayAsync(limited.Token)));
        }
        catch (Exception failure) when (!stop.IsCancellationRequested && (failure is HttpRequestException or IOException or OperationCanceledException || StreamEvent.IsGarbled(failure)))
        {
            return null;
        }
    }

    private sealed record Answer(IReadOnlyList<Candle> Candles, long AsOf, bool IsReset)
    {
        public static Answer Read(JsonElement json) => new(
            [.. json.GetProperty("candles").EnumerateArray().Select(CandleReader.Read)],
            json.GetProperty("asof").GetInt64(),
            json.TryGetProperty("reset", out var reset) && reset.GetBoolean());
    }
}
