using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;

namespace CandleStream.EndToEndTests.History;

/// <summary>
/// A client that only asks: <c>GET /candles?since=</c> with the <c>asof</c> of the answer before. Each version it is given must be newer
/// than, or the same as, the one it has.
/// </summary>
internal sealed class PollingFollower : Follower
{
    private readonly HttpClient _client;

    // Guarded by Gate.
    private readonly Dictionary<SeriesKey, SortedDictionary<long, Candle>> _held =
        FastMarket.Series.ToDictionary(s => s, _ => new SortedDictionary<long, Candle>());
    private readonly Dictionary<SeriesKey, long> _asOf = [];

    public PollingFollower(Uri server)
    {
        _client = new HttpClient { BaseAddress = server };
        Start(() => RepeatAsync(TimeSpan.FromMilliseconds(100), PollAllAsync));
    }

    protected override IDisposable Client => _client;

    protected override IEnumerable<Candle> Held(SeriesKey series) => _held[series].Values;

    private async Task PollAllAsync()
    {
        foreach (var series in FastMarket.Series) await PollAsync(series);
    }

    private async Task PollAsync(SeriesKey series)
    {
        var since = _asOf.TryGetValue(series, out var asOf) ? string.Create(CultureInfo.InvariantCulture, $"since={asOf}") : "limit=1000";
        var answer = await _client.GetFromJsonAsync<JsonElement>(
            $"/candles?symbol={Uri.EscapeDataString(series.Symbol)}&timeframe={series.Timeframe}&{since}", Stopping);
        lock (Gate)
        {
            var next = answer.GetProperty("asof").GetInt64();
            Assert.True(next >= asOf, $"{series}: asof went back from {asOf} to {next}");
            _asOf[series] = next;
            if (answer.TryGetProperty("reset", out _)) _held[series].Clear();
            foreach (var candle in answer.GetProperty("candles").EnumerateArray()) Take(series, Read(candle));
        }
    }

    private void Take(SeriesKey series, Candle candle)
    {
        if (_held[series].TryGetValue(candle.Time, out var held))
        {
            Assert.True(candle.Rev > held.Rev || candle == held, $"{series}: was given {candle} after {held}");
            Assert.True(candle.Closed || !held.Closed, $"{series}: a closed candle opened again: {candle}");
        }

        _held[series][candle.Time] = candle;
    }

    private static Candle Read(JsonElement c) => new(
        c.GetProperty("time").GetInt64(), c.GetProperty("open").GetDecimal(), c.GetProperty("high").GetDecimal(),
        c.GetProperty("low").GetDecimal(),
        c.GetProperty("close").GetDecimal(), c.GetProperty("volume").GetDecimal(), c.GetProperty("closed").GetBoolean(),
        new Rev(c.GetProperty("rev").GetInt64()));
}
