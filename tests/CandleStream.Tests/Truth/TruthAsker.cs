using System.Text.Json;

namespace CandleStream.Tests.Truth;

/// <summary>Asks <c>GET /candles</c> for a range at random, one question at a time; what was answered is for the judge.</summary>
internal sealed class TruthAsker(IReadOnlyList<SeriesKey> series, Random random, TruthWire wire, long began, TimeProvider time)
    : IAsyncDisposable
{
    private const int LongestRange = 400;

    private readonly HttpClient _http = new(wire, disposeHandler: false)
    {
        BaseAddress = new Uri("http://truth/"),
        Timeout = Timeout.InfiniteTimeSpan
    };
    private readonly CancellationTokenSource _stop = new();
    private Task<JsonElement?>? _asked;
    private SeriesKey _askedFor;

    public int Answers { get; private set; }

    public void Ask()
    {
        if (_asked is not null) return;
        _askedFor = series[random.Next(series.Count)];
        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        // From a while before the run until a while after the present: much of it is neither held nor stored.
        var length = Math.Max(60_000, _askedFor.Timeframe.EndOf(_askedFor.Timeframe.StartOf(now)) - _askedFor.Timeframe.StartOf(now));
        var start = now - (random.NextInt64(LongestRange) * length);
        var end = start + (random.NextInt64(LongestRange) * length);
        var path = $"candles?symbol={Uri.EscapeDataString(_askedFor.Symbol)}&timeframe={_askedFor.Timeframe}"
            + $"&limit={random.Next(1, LongestRange)}&sort={(random.Next(2) == 0 ? "asc" : "desc")}";
        if (random.Next(3) > 0) path += $"&start={Math.Max(start, began - (LongestRange * length))}";
        if (random.Next(3) > 0) path += $"&end={end}";
        _asked = Task.Run(() => TruthPoller.GetAsync(_http, path, _stop.Token), CancellationToken.None);
    }

    /// <summary>The answer, if one came.</summary>
    public AnsweredRange? Receive()
    {
        if (_asked is not { IsCompleted: true } answered) return null;
        _asked = null;
        if (answered.GetAwaiter().GetResult() is not { } json) return null;
        Answers++;
        var candles = HeldCandles.ReadAll(json.GetProperty("candles"));
        return new AnsweredRange(_askedFor, [.. candles.OrderBy(c => c.Time)],
            [.. json.GetProperty("gaps").EnumerateArray().Select(g => new TimeRange(g[0].GetInt64(), g[1].GetInt64()))]);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_asked is not null) await _asked;
        _stop.Dispose();
        _http.Dispose();
    }
}

/// <summary>An answer to a question for a range: its candles, oldest first, and what it says is missing.</summary>
internal sealed record AnsweredRange(SeriesKey Series, IReadOnlyList<Candle> Candles, IReadOnlyList<TimeRange> Gaps);
