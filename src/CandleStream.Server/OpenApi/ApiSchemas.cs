using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace CandleStream.Server.OpenApi;

/// <summary>The shapes of parameters and answers.</summary>
internal static class ApiSchemas
{
    public static OpenApiSchema String => new() { Type = JsonSchemaType.String };

    public static OpenApiSchema Boolean => new() { Type = JsonSchemaType.Boolean };

    public static OpenApiSchema Number => new() { Type = JsonSchemaType.Number };

    public static OpenApiSchema Integer => new() { Type = JsonSchemaType.Integer, Format = "int64" };

    public static OpenApiSchema Time =>
        new() { Type = JsonSchemaType.Integer, Format = "int64", Minimum = "0", Description = "Unix milliseconds UTC." };

    public static OpenApiSchema Rev =>
        new() { Type = JsonSchemaType.Integer, Format = "int64", Minimum = "0", Description = "Microseconds; the higher one is newer." };

    public static OpenApiSchema Candle => Object(
        ("time", Time), ("open", Number), ("high", Number), ("low", Number), ("close", Number), ("volume", Number),
        ("trades", Optional(Integer)), ("quote_volume", Optional(Number)), ("taker_buy_volume", Optional(Number)),
        ("taker_buy_quote_volume", Optional(Number)), ("closed", Boolean), ("rev", Rev));

    public static OpenApiSchema Gaps => ListOf(new OpenApiSchema
    {
        Type = JsonSchemaType.Array,
        Items = Time,
        MinItems = 2,
        MaxItems = 2,
        Description = "From (inclusive), to (exclusive).",
    });

    public static OpenApiSchema History => Object(
        ("symbol", String), ("timeframe", String), ("candles", ListOf(Candle)), ("asof", Rev), ("gaps", Gaps), ("next", OrNull(Time)),
        ("oldest", Optional(Time)), ("reset", Optional(Boolean)));

    public static OpenApiSchema Status =>
        Object(("active_streams", Integer), ("total_subscribers", Integer), ("simulated", Boolean), ("streams", ListOf(SeriesStatus)));

    public static OpenApiSchema Symbols => Object(("symbols", ListOf(Object(("symbol", String), ("base", String), ("quote", String)))));

    public static OpenApiSchema Timeframes => Object(("timeframes", ListOf(Object(("timeframe", String), ("ms", OrNull(Integer))))));

    public static OpenApiSchema Health => Object(("status", String));

    public static OpenApiSchema Ticket => Object(("ticket", String), ("expires_in_ms", Integer));

    public static OpenApiSchema UdfError => Object(("s", String), ("errmsg", String));

    public static OpenApiSchema Problem => Object(
        ("type", String), ("title", String), ("status", Integer), ("detail", String),
        ("field", Optional(String)), ("value", Optional(OrNull(String))), ("allowed", Optional(String)),
        ("matches", Optional(ListOf(String))), ("limit", Optional(Integer)),
        ("reasons", Optional(ListOf(String))), ("trace_id", Optional(String)));

    private static OpenApiSchema SeriesStatus => Object(
        ("key", String), ("subscribers", Integer), ("connected", Boolean),
        ("state", OneOf(["connecting", "live", "reconnecting", "polling", "down"])),
        ("attempt", Optional(Integer)), ("retry_in_ms", Optional(Integer)), ("reason", Optional(String)),
        ("poll_every_ms", Optional(Integer)),
        ("last_message_age_ms", OrNull(Integer)), ("last_trade_age_ms", OrNull(Integer)), ("exchange_clock_offset_ms", OrNull(Integer)),
        ("latest", OrNull(Candle)), ("gaps", Gaps),
        ("conflated", Integer), ("slow_closed", Integer), ("resumed", Integer), ("reset", Integer));

    public static OpenApiSchema Whole(int min, int max, int byDefault) => new()
    {
        Type = JsonSchemaType.Integer,
        Minimum = min.ToString(CultureInfo.InvariantCulture),
        Maximum = max.ToString(CultureInfo.InvariantCulture),
        Default = byDefault,
    };

    public static OpenApiSchema OneOf(IEnumerable<string> values) =>
        new() { Type = JsonSchemaType.String, Enum = [.. values.Select(v => (JsonNode)v)] };

    private static OpenApiSchema ListOf(OpenApiSchema items) => new() { Type = JsonSchemaType.Array, Items = items };

    private static OpenApiSchema OrNull(OpenApiSchema schema)
    {
        schema.Type |= JsonSchemaType.Null;
        return schema;
    }

    /// <summary>A member that is not always there.</summary>
    private static OptionalSchema Optional(OpenApiSchema schema) => new(schema);

    private static OpenApiSchema Object(params Member[] members) => new()
    {
        Type = JsonSchemaType.Object,
        Properties = members.ToDictionary(m => m.Name, m => (IOpenApiSchema)m.Schema),
        Required = members.Where(m => m.IsRequired).Select(m => m.Name).ToHashSet(),
    };

    private readonly record struct OptionalSchema(OpenApiSchema Schema);

    private readonly record struct Member(string Name, OpenApiSchema Schema, bool IsRequired)
    {
        public static implicit operator Member((string Name, OpenApiSchema Schema) member) => new(member.Name, member.Schema, true);

        public static implicit operator Member((string Name, OptionalSchema Optional) member) =>
            new(member.Name, member.Optional.Schema, false);
    }
}
