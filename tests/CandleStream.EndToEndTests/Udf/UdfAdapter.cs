using System.Text.Json;
using System.Text.Json.Nodes;

namespace CandleStream.EndToEndTests.Udf;

/// <summary>
/// What TradingView's own adapter does with a UDF server, written from its documented behaviour: it never looks at the status of an answer,
/// takes any object without
/// <c>s</c> for a symbol, and needs two bars at every pulse.
/// </summary>
internal sealed class UdfAdapter(HttpClient client, string path = "/udf")
{
    private readonly Dictionary<string, UdfBar> _last = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public JsonNode Config { get; private set; } = null!;

    public async Task ReadConfigAsync()
    {
        Config = await AskAsync("/config");
        if ((bool?)Config["supports_search"] == (bool?)Config["supports_group_request"])
            throw new UdfException("Exactly one of search and group request must be supported.");
    }

    public async Task<IReadOnlyList<JsonNode>> SearchAsync(string input, string type = "", string exchange = "")
    {
        var answer =
            await AskAsync($"/search?limit=30&query={Uri.EscapeDataString(input.ToUpperInvariant())}&type={type}&exchange={exchange}");
        return answer is JsonArray found ? [.. found.Select(f => f!)] : throw new UdfException(answer.ToJsonString());
    }

    public async Task<JsonNode> ResolveAsync(string symbol)
    {
        var answer = await AskAsync($"/symbols?symbol={Uri.EscapeDataString(symbol)}");
        return answer["s"] is null ? answer : throw new UdfException("unknown_symbol");
    }

    /// <summary>One request for bars: [from, to) in seconds, and at least <paramref name="countback"/> of them.</summary>
    public async Task<UdfPage> BarsAsync(string ticker, string resolution, long from, long to, int? countback)
    {
        var count = countback is null ? "" : $"&countback={countback}";
        var answer = await AskAsync($"/history?symbol={Uri.EscapeDataString(ticker)}&resolution={resolution}&from={from}&to={to}{count}");
        var state = (string?)answer["s"];
        if (state is not ("ok" or "no_data")) throw new UdfException((string?)answer["errmsg"] ?? answer.ToJsonString());
        if (state == "no_data") return new UdfPage([], true, (long?)answer["nextTime"]);
        var times = answer["t"]!.AsArray();
        return new UdfPage([.. times.Select(
            (t, i) => new UdfBar((long)t!, Number("o", i), Number("h", i), Number("l", i), Number("c", i), Number("v", i)))], false, null);

        decimal Number(string column, int i)
        {
            var value = answer[column]![i]!;
            return value.GetValueKind() == JsonValueKind.Number
                ? (decimal)value
                : throw new UdfException($"{column} holds a {value.GetValueKind()}");
        }
    }

    /// <summary>One pulse of a subscribed symbol: returns the bars that the chart is given.</summary>
    public async Task<IReadOnlyList<UdfBar>> PulseAsync(string ticker, string resolution, long now, long barSeconds)
    {
        var page = await BarsAsync(ticker, resolution, now - (10 * barSeconds), now, 2);
        if (page.Bars.Count == 0) return [];
        var newest = page.Bars[^1];
        var known = _last.GetValueOrDefault(ticker + resolution);
        if (known is not null && newest.Time < known.Time) return [];
        _last[ticker + resolution] = newest;
        if (known is null || newest.Time == known.Time) return [newest];
        // A new bar began: the one before is brought to its end first.
        return page.Bars.Count >= 2
            ? [page.Bars[^2], newest]
            : throw new UdfException("Not enough bars in history for a proper pulse update: 2 are needed.");
    }

    public async Task<IReadOnlyList<JsonNode>> MarksAsync(string ticker, string resolution, long from, long to)
    {
        var answer = await AskAsync($"/marks?symbol={Uri.EscapeDataString(ticker)}&resolution={resolution}&from={from}&to={to}");
        return answer is JsonArray marks ? [.. marks.Select(m => m!)] : throw new UdfException(answer.ToJsonString());
    }

    public async Task<long> TimeAsync() => long.Parse(await TextAsync("/time"), System.Globalization.CultureInfo.InvariantCulture);

    public async Task<JsonNode> AskAsync(string query) => JsonNode.Parse(await TextAsync(query))!;

    private async Task<string> TextAsync(string query)
    {
        using var answer = await client.GetAsync(path + query, Cancel);
        return await answer.Content.ReadAsStringAsync(Cancel);
    }
}

internal sealed record UdfBar(long Time, decimal Open, decimal High, decimal Low, decimal Close, decimal Volume);

internal sealed record UdfPage(IReadOnlyList<UdfBar> Bars, bool NoData, long? NextTime);

/// <summary>What the adapter reports to the library as an error.</summary>
internal sealed class UdfException(string message) : Exception(message);
