using System.Text.Json;
using System.Text.Json.Nodes;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>
/// What a correct client knows: it merges by (time, rev), applies deltas to their base, and forgets a series that is reset. Fails where the
/// stream breaks its promises.
/// </summary>
internal sealed class ClientModel
{
    private readonly Dictionary<string, SortedDictionary<long, JsonObject>> _series = [];
    private readonly List<SseEvent> _beforeSynced = [];
    private readonly Dictionary<string, long> _lastRevs = [];
    private bool _isSynced;

    /// <summary>
    /// A new connection begins; what is known stays, but for series that are not followed on it: their id would be another series'.
    /// </summary>
    public void Connect(IReadOnlyCollection<string> series)
    {
        _beforeSynced.Clear();
        _lastRevs.Clear();
        _isSynced = false;
        foreach (var dropped in _series.Keys.Except(series).ToList()) _series.Remove(dropped);
    }

    /// <summary>The candles known of a series, oldest first.</summary>
    public IReadOnlyList<Candle> Of(string series) => [.. _series.GetValueOrDefault(series, []).Values.Select(Read)];

    public void Apply(SseEvent e)
    {
        switch (e.Type)
        {
            case "synced": Sync(e); break;
            case "message" or "snapshot" when !_isSynced:
                Assert.Null(e.Id);
                _beforeSynced.Add(e);
                break;
            case "message" or "delta":
                Assert.Equal(e.Rev, SseClient.Id(e));
                AssertRises(e);
                Merge(e);
                break;
            case "snapshot": Merge(e); break;
        }
    }

    // Of each series: what waits together is sorted, but two series are numbered by two threads, and one may hand over a moment later.
    private void AssertRises(SseEvent e)
    {
        var series = SeriesOf(e);
        Assert.True(e.Rev > _lastRevs.GetValueOrDefault(series), $"{e} after {_lastRevs.GetValueOrDefault(series)}");
        _lastRevs[series] = e.Rev;
    }

    private static string SeriesOf(SseEvent e) => e.Type == "message" ? $"{e.Text("symbol")}:{e.Text("timeframe")}" : e.Text("series")!;

    private void Sync(SseEvent synced)
    {
        Assert.False(_isSynced);
        _isSynced = true;
        foreach (var series in synced.Data.GetProperty("series").EnumerateObject())
        {
            if (series.Value.GetString() != "resumed") _series.Remove(series.Name);
        }

        foreach (var e in _beforeSynced) Merge(e);
    }

    private void Merge(SseEvent e)
    {
        if (e.Type == "snapshot")
        {
            foreach (var candle in e.Data.GetProperty("candles").EnumerateArray()) Merge(e.Text("series")!, JsonObject.Create(candle)!);
        }
        else if (e.Type == "delta") MergeDelta(e);
        else Merge(SeriesOf(e), JsonObject.Create(e.Data)!);
    }

    private void Merge(string series, JsonObject candle)
    {
        if (!_series.TryGetValue(series, out var candles)) _series[series] = candles = [];
        var time = candle["time"]!.GetValue<long>();
        if (!candles.TryGetValue(time, out var held) || candle["rev"]!.GetValue<long>() > held["rev"]!.GetValue<long>())
            candles[time] = candle;
    }

    private void MergeDelta(SseEvent delta)
    {
        var held = _series[delta.Text("series")!][delta.Data.GetProperty("time").GetInt64()];
        Assert.Equal(delta.Data.GetProperty("base").GetInt64(), held["rev"]!.GetValue<long>());
        foreach (var field in delta.Data.EnumerateObject())
        {
            if (field.Name is not ("series" or "time" or "base")) held[field.Name] = JsonNode.Parse(field.Value.GetRawText());
        }
    }

    private static Candle Read(JsonObject candle)
    {
        var fields = JsonElement.Parse(candle.ToJsonString());
        return new Candle(
            fields.GetProperty("time").GetInt64(), fields.GetProperty("open").GetDecimal(), fields.GetProperty("high").GetDecimal(),
            fields.GetProperty("low").GetDecimal(),
            fields.GetProperty("close").GetDecimal(), fields.GetProperty("volume").GetDecimal(), fields.GetProperty("closed").GetBoolean(),
            new Rev(fields.GetProperty("rev").GetInt64()));
    }
}
