using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Faults;

/// <summary>
/// The body of <c>POST /control/faults</c>: <c>{"fault":"cut","key":"trade:1m:tBTCUSD"}</c>. The other fields are those of <see
/// cref="Faults.Fault"/>.
/// </summary>
internal sealed partial record FaultRequest(
    string? Fault,
    string? Key,
    int? Connection,
    int? Count,
    int? ForMs,
    int? Every,
    int? DelayMs,
    int? Code,
    int? Size,
    int? Limit,
    int? RetryAfter)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    private static readonly Dictionary<string, FaultKind> Kinds = Enum.GetValues<FaultKind>().ToDictionary(NameOf);

    public static IEnumerable<string> Names => Kinds.Keys;

    /// <summary>The name on the wire: <c>rest-429</c> for <see cref="FaultKind.Rest429"/>.</summary>
#pragma warning disable CA1308 // Names on the wire are in lower case.
    public static string NameOf(FaultKind kind) => WordStarts().Replace(kind.ToString(), "-").ToLowerInvariant();
#pragma warning restore CA1308

    /// <exception cref="FormatException">What is wrong, in words for the one who sent it.</exception>
    public static Fault Parse(string body)
    {
        FaultRequest? request;
        try
        {
            request = JsonSerializer.Deserialize<FaultRequest>(body, Json);
        }
        catch (JsonException reason)
        {
            throw new FormatException($"This is not the JSON of a fault: {reason.Message}", reason);
        }
        if (request?.Fault is not { } name || !Kinds.TryGetValue(name, out var kind))
            throw new FormatException($"fault: '{request?.Fault}' is not one of {string.Join(", ", Names)}.");
        if (request.Key is not null && !CandleKey.TryParse(request.Key, out _))
            throw new FormatException($"key: '{request.Key}' is not a candles key such as trade:1m:tBTCUSD.");
        foreach (var (field, value) in new[] { ("count", request.Count), ("for_ms", request.ForMs), ("every", request.Every),
            ("delay_ms", request.DelayMs), ("size", request.Size), ("limit", request.Limit),
            ("retry_after", request.RetryAfter) })
        {
            if (value <= 0)
                throw new FormatException($"{field}: {value} is not above 0.");
        }
        return request.ToFault(kind);
    }

    private Fault ToFault(FaultKind kind)
    {
        var plain = new Fault(kind);
        return plain with
        {
            Key = Key,
            Connection = Connection,
            Count = Count,
            ForMs = ForMs,
            Every = Every ?? plain.Every,
            DelayMs = DelayMs ?? plain.DelayMs,
            Code = Code ?? plain.Code,
            Size = Size ?? plain.Size,
            Limit = Limit ?? plain.Limit,
            RetryAfter = RetryAfter,
        };
    }

    [GeneratedRegex("(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=[0-9])")]
    private static partial Regex WordStarts();
}
