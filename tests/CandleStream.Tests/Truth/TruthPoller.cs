using System.Text.Json;

namespace CandleStream.Tests.Truth;

/// <summary>
/// A client that only asks: <c>GET /candles</c> for the newest candles at first, then with <c>since</c> for what changed after the
/// <c>asof</c> of the answer before. One question at a time; some are never answered, because the server stops.
/// </summary>
internal sealed class TruthPoller(IReadOnlyList<SeriesKey> series, TruthWire wire, Func<bool> wasToldWrongTime) : IAsyncDisposable
{
    private readonly Dictionary<SeriesKey, HeldCandles> _held =
        series.ToDictionary(s => s, s => new HeldCandles($"poller {s}", wasToldWrongTime));
    private readonly Dictionary<SeriesKey, long> _asOf = [];
    private readonly HttpClient _http = new(wire, disposeHandler: false)
    {
        BaseAddress = new Uri("http://truth/"),
        Timeout = Timeout.InfiniteTimeSpan
    };
    private CancellationTokenSource _hangUp = new();
    private Task<JsonElement?>? _asked;
    private SeriesKey _askedFor;

    public int Answers { get; private set; }

    public int Resets { get; private set; }

    public HeldCandles Held(SeriesKey key) => _held[key];

    /// <summary>Asks, unless an answer is still waited for.</summary>
    public void Ask(SeriesKey key)
    {
        if (_asked is not null) return;
        var path = $"candles?symbol={Uri.EscapeDataString(key.Symbol)}&timeframe={key.Timeframe}"
            + (_asOf.TryGetValue(key, out var asOf) ? $"&since={asOf}" : "&limit=500");
        var token = _hangUp.Token;
        _askedFor = key;
        // Elsewhere, as a server answers: a question must not be answered within the step that asked it.
        _asked = Task.Run(() => GetAsync(_http, path, token), CancellationToken.None);
    }

    /// <summary>Takes the answer, if it came.</summary>
    public void Receive()
    {
        if (_asked is not { IsCompleted: true } answered) return;
        _asked = null;
        if (answered.GetAwaiter().GetResult() is { } answer) Take(_askedFor, answer);
    }

    /// <summary>Asks once more and takes the answer.</summary>
    public async Task ReceiveLastAsync(SeriesKey key)
    {
        if (_asked is not null) await _asked;
        Receive();
        Ask(key);
        await _asked!;
        Receive();
    }

    /// <summary>The answer that is waited for is lost.</summary>
    public async Task HangUpAsync()
    {
        await _hangUp.CancelAsync();
        if (_asked is not null) await _asked;
        _asked = null;
        _hangUp.Dispose();
        _hangUp = new CancellationTokenSource();
    }

    public async ValueTask DisposeAsync()
    {
        await HangUpAsync();
        _hangUp.Dispose();
        _http.Dispose();
    }

    /// <summary>The JSON of an answer; null where there was none.</summary>
    public static async Task<JsonElement?> GetAsync(HttpClient http, string path, CancellationToken cancel)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), cancel);
            if (!answer.IsSuccessStatusCode) return null;
            return JsonElement.Parse(await answer.Content.ReadAsByteArrayAsync(cancel));
        }
        catch (Exception end) when (end is HttpRequestException or IOException or OperationCanceledException)
        {
            return null;
        }
    }

    private void Take(SeriesKey key, JsonElement answer)
    {
        Answers++;
        var held = _held[key];
        var asOf = answer.GetProperty("asof").GetInt64();
        var candles = HeldCandles.ReadAll(answer.GetProperty("candles"));
        var isFirst = !_asOf.ContainsKey(key);
        var isReset = answer.TryGetProperty("reset", out var reset) && reset.GetBoolean();
        Assert.True(isReset || asOf >= _asOf.GetValueOrDefault(key),
            $"{key}: asof went back from {_asOf.GetValueOrDefault(key)} to {asOf}");
        _asOf[key] = asOf;
        if (isReset)
        {
            Resets++;
            held.Forget();
        }

        if (isReset || isFirst) held.Begin(candles);
        else foreach (var candle in candles) held.Take(candle);
    }
}
