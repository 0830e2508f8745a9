using System.Text.Json;
using System.Threading.Channels;

namespace CandleStream.Client;

/// <summary>Asks <c>GET /candles</c> for what changed, while the stream cannot be had.</summary>
internal sealed class CandlePoller(
    HttpClient http, IReadOnlyList<SeriesKey> series, CandleStreamClientOptions options, SeriesMemory memory,
    ChannelWriter<CandleUpdate> updates, TimeProvider time)
{
    /// <summary>
    /// How far a poll reaches back behind the id, as a resume does: events of different series may come a moment out of order, so an
    /// id does not speak for the last of them.
    /// </summary>
    private static readonly TimeSpan Overlap = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Asks for each series; returns the id to go on with, which moves on only when every answer came, and to the oldest of them.
    /// A series that cannot be had now does not keep the others from being asked for; a server that cannot be reached, or wants to be left
    /// alone, does.
    /// </summary>
    /// <exception cref="CandleStreamRefusedException">Asking again cannot help.</exception>
    public async Task<Rev?> AskAllAsync(Rev? since, CancellationToken stop)
    {
        Rev? oldest = null;
        var isWhole = true;
        foreach (var key in series)
        {
            var (answer, goOn) = await AskAsync(key, since, stop);
            if (answer is null) isWhole = false;
            if (!goOn) break;
            if (answer is null) continue;
            if (answer.IsReset)
            {
                memory.Forget(key);
                options.OnReset?.Invoke(key);
            }

            foreach (var candle in answer.Candles)
            {
                if (memory.Accept(key, candle)) await updates.WriteAsync(new CandleUpdate(key, candle), stop);
            }

            oldest = Rev.Min(oldest ?? answer.AsOf, answer.AsOf);
        }

        return isWhole ? oldest ?? since : since;
    }

    private async Task<(Answer? Answer, bool GoOn)> AskAsync(SeriesKey key, Rev? since, CancellationToken stop)
    {
        var path = $"candles?symbol={Uri.EscapeDataString(key.Symbol)}&timeframe={key.Timeframe}"
            + (since is null ? $"&limit={Math.Max(1, options.Snapshot)}" : $"&since={since.Value.Less(Overlap)}");
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await using var limit = time.CreateTimer(_ => limited.Cancel(), null, AnswerLimit, Timeout.InfiniteTimeSpan);
        try
        {
            using var answer = await http.GetAsync(path, limited.Token);
            if (await Refusal.OfAsync(answer, "application/json", time.GetUtcNow(), limited.Token) is { } refusal)
                return (null, refusal.Status is not (401 or 429));
            return (Answer.Read(JsonElement.Parse(await answer.Content.ReadAsByteArrayAsync(limited.Token))), true);
        }
        catch (Exception garbled) when (StreamEvent.IsGarbled(garbled))
        {
            return (null, true);
        }
        catch (Exception failure)
            when (!stop.IsCancellationRequested && (ConnectionTrouble.Is(failure) || failure is OperationCanceledException))
        {
            return (null, false);
        }
    }

    private sealed record Answer(IReadOnlyList<Candle> Candles, Rev AsOf, bool IsReset)
    {
        public static Answer Read(JsonElement json) => new(
            [.. json.GetProperty("candles").EnumerateArray().Select(CandleReader.Read)],
            new Rev(json.GetProperty("asof").GetInt64()),
            json.TryGetProperty("reset", out var reset) && reset.GetBoolean());
    }
}
