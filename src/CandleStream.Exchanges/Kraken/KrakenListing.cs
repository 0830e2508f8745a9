using System.Text.Json;

namespace CandleStream.Exchanges.Kraken;

/// <summary>Reads the exchange's list of symbols. Source: Kraken documentation, get-tradable-asset-pairs.</summary>
internal static class KrakenListing
{
    /// <summary>The symbols that are listed, as we name them; null where the answer holds no list of them. Never throws.</summary>
    public static IReadOnlyList<string>? Read(ReadOnlySpan<byte> body)
    {
        try
        {
            var answer = JsonSerializer.Deserialize<JsonElement>(body);
            if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("result", out var pairs)
                || pairs.ValueKind != JsonValueKind.Object) return null;
            List<string> symbols =
                [.. pairs.EnumerateObject().Select(p => p.Value).Where(IsListed).Select(p => KrakenNames.SymbolOf(TextOf(p, "wsname")!))];
            // A list without a symbol is no answer: the exchange always has some.
            return symbols.Count > 0 ? symbols : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }

    // In the other states trading is limited for a while, and its candles go on.
    private static bool IsListed(JsonElement pair) =>
        TextOf(pair, "wsname") is { Length: > 0 } && TextOf(pair, "status") != "delisted";

    private static string? TextOf(JsonElement item, string name) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
