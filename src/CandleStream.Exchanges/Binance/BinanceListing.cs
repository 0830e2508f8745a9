using System.Text.Json;

namespace CandleStream.Exchanges.Binance;

/// <summary>What <c>exchangeInfo</c> says. Source: Binance documentation, rest-api, "Exchange information".</summary>
/// <param name="Symbols">The symbols that are traded now, as the exchange names them.</param>
/// <param name="WeightPerMinute">How much may be asked in a minute; null where the answer does not say.</param>
/// <param name="IsSimulator">True where the other side says that it is the simulator.</param>
internal sealed record BinanceListing(IReadOnlyList<string> Symbols, int? WeightPerMinute, bool IsSimulator)
{
    /// <summary>Reads the answer; null where it holds no list of symbols. Never throws.</summary>
    public static BinanceListing? Read(ReadOnlySpan<byte> body)
    {
        try
        {
            var answer = JsonSerializer.Deserialize<JsonElement>(body);
            if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("symbols", out var symbols)
                || symbols.ValueKind != JsonValueKind.Array) return null;
            return new BinanceListing(
                [.. symbols.EnumerateArray().Where(IsTraded).Select(s => TextOf(s, "symbol")!)], WeightOf(answer),
                TextOf(answer, "simulator") is { Length: > 0 });
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    private static bool IsTraded(JsonElement symbol) =>
        TextOf(symbol, "status") == "TRADING" && TextOf(symbol, "symbol") is { Length: > 0 };

    // [{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000},…]
    private static int? WeightOf(JsonElement answer)
    {
        if (!answer.TryGetProperty("rateLimits", out var limits) || limits.ValueKind != JsonValueKind.Array) return null;
        foreach (var limit in limits.EnumerateArray())
        {
            if (TextOf(limit, "rateLimitType") == "REQUEST_WEIGHT" && TextOf(limit, "interval") == "MINUTE"
                && NumberOf(limit, "intervalNum") == 1) return NumberOf(limit, "limit");
        }

        return null;
    }

    private static string? TextOf(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static int? NumberOf(JsonElement item, string name) =>
        item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            ? number
            : null;
}
