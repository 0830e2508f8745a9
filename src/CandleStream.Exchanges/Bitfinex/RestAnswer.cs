using System.Globalization;
using System.Text.Json;

namespace CandleStream.Exchanges.Bitfinex;

/// <summary>What the body of a REST answer says.</summary>
/// <param name="Rows">The candles in the order sent; null when the body is no list of candles.</param>
/// <param name="ErrorCode">The exchange's error number, where it sent one.</param>
/// <param name="Error">What is wrong, for people; null when nothing is.</param>
/// <param name="ErrorText">The exchange's own text beside its error number.</param>
/// <param name="Unreadable">The rows that could not be read.</param>
internal readonly record struct RestAnswer(
    List<Candle>? Rows, int? ErrorCode = null, string? Error = null, string? ErrorText = null,
    IReadOnlyList<UnreadableRow>? Unreadable = null)
{
    private static readonly string[] OtherParameters = ["limit:", "start:", "end:", "sort:", "section:"];

    /// <summary>True when the exchange refused the number of candles that was asked for.</summary>
    public bool IsAboutLimit => ErrorCode == 10020 && Names("limit:");

    /// <summary>
    /// True when the exchange does not know the symbol. A parameter error is about the symbol unless it names another parameter.
    /// </summary>
    public bool IsAboutSymbol => ErrorCode == 10020 && !OtherParameters.Any(Names);

    /// <summary>Reads <c>[[MTS,OPEN,CLOSE,HIGH,LOW,VOLUME],…]</c>, or an error in any of its shapes. Never throws.</summary>
    public static RestAnswer ReadCandles(ReadOnlySpan<byte> body)
    {
        try
        {
            var json = new Utf8JsonReader(body);
            json.Read();
            if (json.TokenType == JsonTokenType.StartObject) return new RestAnswer(null, null, "an error object");
            if (json.TokenType != JsonTokenType.StartArray || !json.Read()) return NotUnderstood;
            if (json.TokenType == JsonTokenType.String) return ReadError(ref json);
            var (rows, unreadable) = (new List<Candle>(), new List<UnreadableRow>());
            CandleReader.ReadAll(ref json, rows, unreadable);
            return json.Read() ? NotUnderstood : new RestAnswer(rows, Unreadable: unreadable);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return NotUnderstood;
        }
    }

    /// <summary>
    /// Reads lists of symbols, <c>[["BTCUSD",…],["BTCF0:USTF0"]]</c>: one list per label, empty where something else stands.
    /// </summary>
    public static List<List<string>> ReadSymbols(ReadOnlySpan<byte> body)
    {
        try
        {
            var lists = JsonSerializer.Deserialize<JsonElement>(body);
            return lists.ValueKind == JsonValueKind.Array ? [.. lists.EnumerateArray().Select(ReadTexts)] : [];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return [];
        }
    }

    private static List<string> ReadTexts(JsonElement list) => list.ValueKind != JsonValueKind.Array
        ? []
        : [.. list.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!)];

    private bool Names(string parameter) => ErrorText?.Contains(parameter, StringComparison.OrdinalIgnoreCase) == true;

    private static RestAnswer NotUnderstood => new(null, null, "an answer that we do not understand");

    // ["error", CODE, "text"], whatever the HTTP status. Source: Bitfinex documentation, rest-general; also seen with status 200.
    private static RestAnswer ReadError(ref Utf8JsonReader json)
    {
        if (!json.ValueTextEquals("error"u8)) return NotUnderstood;
        json.Read();
        int? code = json.TokenType == JsonTokenType.Number && json.TryGetInt32(out var number) ? number : null;
        json.Read();
        var text = json.TokenType == JsonTokenType.String ? json.GetString() : null;
        return new RestAnswer(null, code, string.Create(CultureInfo.InvariantCulture, $"error {code} {text}"), text);
    }
}
