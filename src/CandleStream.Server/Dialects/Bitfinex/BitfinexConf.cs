using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using CandleStream.Server.Doors;

namespace CandleStream.Server.Dialects.Bitfinex;

/// <summary>
/// <c>GET /v2/conf/{labels}</c>: one element per label. The lists of pairs are ours; all others are the exchange's own, kept for an hour.
/// </summary>
internal sealed partial class BitfinexConf(CandleDoor door, BitfinexPassage passage, DialectMetrics metrics, TimeProvider time)
{
    private const string Pairs = "pub:list:pair:exchange";
    private const string Futures = "pub:list:pair:futures";
    private const int MaxLabels = 32;

    /// <summary>Labels kept at once; the exchange has about sixty.</summary>
    private const int MaxKept = 256;

    private static readonly TimeSpan KeptFor = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Kept> _kept = new(StringComparer.Ordinal);

    public async Task AnswerAsync(HttpContext context, string text)
    {
        var labels = text.Split(',');
        if (labels.Length > MaxLabels || !labels.All(l => Label.IsMatch(l)))
        {
            await BitfinexAnswer.InvalidAsync(context, "conf");
            return;
        }

        var found = await FindAsync(labels, context.RequestAborted);
        if (found is null) await BitfinexAnswer.TryAgainAsync(context, metrics, 0);
        else await BitfinexAnswer.WriteAsync(context, Join(found));
    }

    private async Task<IReadOnlyList<byte[]>?> FindAsync(string[] labels, CancellationToken cancel)
    {
        var known = labels.Distinct().ToDictionary(l => l, Own);
        var missing = known.Where(k => k.Value is null).Select(k => k.Key).ToList();
        if (missing.Count > 0)
        {
            var answer = await passage.AskAsync("/conf/" + string.Join(',', missing), cancel);
            if (answer is not { Status: StatusCodes.Status200OK } || Elements(answer.Body, missing.Count) is not { } elements) return null;
            if (_kept.Count > MaxKept) _kept.Clear();
            foreach (var (label, element) in missing.Zip(elements)) _kept[label] = new Kept(known[label] = element, time.GetUtcNow());
        }

        return [.. labels.Select(l => known[l]!)];
    }

    // The pairs come from the directory, which outlives an outage of the exchange; an empty one knows nothing.
    private byte[]? Own(string label)
    {
        if (label is Pairs or Futures && door.Symbols.SymbolsOf(Exchange.Bitfinex) is { Count: > 0 } symbols)
            return Texts(symbols.Where(s => IsFuture(s) == (label == Futures)));
        return _kept.TryGetValue(label, out var kept) && time.GetUtcNow() - kept.At < KeptFor ? kept.Element : null;
    }

    // Both sides of a perpetual end in F0.
    private static bool IsFuture(string symbol) => symbol.Split(':') is [var left, var right]
        && left.EndsWith("F0", StringComparison.Ordinal) && right.EndsWith("F0", StringComparison.Ordinal);

    private static byte[] Texts(IEnumerable<string> texts) => JsonBytes.Write(json =>
    {
        json.WriteStartArray();
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    });

    private static byte[] Join(IEnumerable<byte[]> elements) => JsonBytes.Write(json =>
    {
        json.WriteStartArray();
        foreach (var element in elements) json.WriteRawValue(element);
        json.WriteEndArray();
    });

    private static List<byte[]>? Elements(ReadOnlyMemory<byte> body, int count)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            return root.ValueKind == JsonValueKind.Array && root.GetArrayLength() == count
                && root.EnumerateArray().All(e => e.ValueKind is JsonValueKind.Array or JsonValueKind.Object)
                ? [.. root.EnumerateArray().Select(e => JsonBytes.Write(e.WriteTo))]
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed record Kept(byte[] Element, DateTimeOffset At);

    [GeneratedRegex(@"^pub:[a-z0-9_]+(:[A-Za-z0-9_]+){0,4}\z")]
    private static partial Regex Label { get; }
}
