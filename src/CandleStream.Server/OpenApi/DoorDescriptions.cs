using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace CandleStream.Server.OpenApi;

/// <summary>
/// What <c>/openapi/v1.json</c> says about the routes for other people's programs. Their protocols are documented by those who made them;
/// this names parameters and shows an answer.
/// </summary>
internal static class DoorDescriptions
{
    private const string Json = "application/json";

    /// <summary>Describes a route of a door; false where it is none.</summary>
    public static bool Describe(string path, OpenApiOperation operation)
    {
        switch (path)
        {
            case "/widgets.json":
                operation.Says("The widgets that OpenBB Workspace offers when this server is added as a backend: one chart over /udf.")
                    .AnswersAs("object", """{"candlestream_chart":{}}""");
                return true;
            case "/udf/config":
                operation.Says("UDF: what the server can do.")
                    .AnswersAs("object", """{"supports_search":true,"supports_group_request":false}""");
                return true;
            case "/udf/time":
                operation.Says("UDF: the server's time in seconds.").Answers(200, "text/plain", ApiSchemas.String, "1763840000");
                return true;
            case "/udf/search":
                operation.Says("UDF: symbols by a part of their name.")
                    .Takes("query", "A part of the name; empty for the first symbols.", ApiSchemas.String, "BTC")
                    .Takes("type", "Empty or crypto; there is nothing else.", ApiSchemas.String, "crypto")
                    .Takes("exchange", "Empty or BITFINEX.", ApiSchemas.String, "BITFINEX")
                    .Takes("limit", "The most symbols to answer.", ApiSchemas.Whole(1, 1000, 30), 30)
                    .AnswersAs(
                        "array",
                        """[{"symbol":"BTCUSD","full_name":"BITFINEX:BTCUSD","description":"BTC / USD","exchange":"BITFINEX","ticker":"BTCUSD","type":"crypto"}]""");
                return true;
            case "/udf/symbols":
                operation.Says("UDF: one symbol by name, ticker or EXCHANGE:NAME.").TakesUdfSymbol()
                    .AnswersAs("object", """{"name":"BTCUSD","ticker":"BTCUSD","minmov":1,"pricescale":10}""");
                return true;
            case "/udf/history":
                operation.Says("UDF: bars in columns. All bars with from ≤ time < to, and older ones until there are countback.")
                    .TakesUdfRange()
                    .Takes(
                        "countback", "How many bars before `to` are needed at least; replaces `from`.", ApiSchemas.Whole(0, 10_000, 0), 300)
                    .AnswersAs("object", """{"s":"ok","t":[1763840000],"o":[6380.1],"h":[6382],"l":[6379.9],"c":[6381.5],"v":[3.25]}""");
                return true;
            case "/udf/marks":
                operation.Says("UDF: a mark at the first bar after each gap.").TakesUdfRange()
                    .AnswersAs("array",
                        """[{"id":"gap-1763840000","time":1763840060,"color":"red","text":"Candles may be missing …","label":"?"}]""");
                return true;
            case "/udf/quotes":
                operation.Says("UDF: last price and figures of the running day (UTC); an error in place of a price that is not live.")
                    .Takes("symbols", "1 to 50 symbols, between commas.", ApiSchemas.String, "BTCUSD,ETHUSD", required: true)
                    .AnswersAs("object", """{"s":"ok","d":[{"s":"ok","n":"BTCUSD","v":{"lp":6381.5}}]}""");
                return true;
            case "/bitfinex/v2/candles/{key}/{section}":
                operation.Says(
                    "Bitfinex' own form of candles, for bots that speak it; their WebSocket is /bitfinex/ws/2. A range that is not verified is answered 429, \"try again\".")
                    .TakesPath("key", "trade:TIMEFRAME:tPAIR", "trade:1h:tBTCUSD")
                    .TakesPath("section", "hist: a list of candles; last: the newest one.", "hist")
                    .Takes("limit", "The most candles to answer.", ApiSchemas.Whole(1, 10_000, 100), 10)
                    .Takes("start", "Earliest open time, Unix ms, inclusive.", ApiSchemas.Time, 1_763_840_000_000)
                    .Takes("end", "Latest open time, Unix ms, inclusive.", ApiSchemas.Time, 1_763_880_000_000)
                    .Takes("sort", "1: oldest first; -1: newest first.", ApiSchemas.Integer, -1)
                    .AnswersAs("array", "[[1763838000000,6380.1,6381.5,6382,6379.9,3.25]]");
                ((OpenApiSchema)((OpenApiMediaType)operation.Responses!["200"].Content![Json]).Schema!).Items = Something("array");
                RefuseAsBitfinex(operation, 429, "The candles are not verified yet, or too many requests came: try again.",
                    """["error",11010,"ratelimit: error"]""");
                RefuseAsBitfinex(operation, 500, "A parameter is not allowed.", """["error",10020,"symbol: invalid"]""");
                return true;
            case "/bitfinex/v2/conf/{labels}":
                operation.Says("Bitfinex' lists of pairs, and its other lists as the exchange answers them.")
                    .TakesPath("labels", "Labels, between commas.", "pub:list:pair:exchange")
                    .AnswersAs("array", """[["BTCUSD","ETHUSD"]]""");
                ((OpenApiSchema)((OpenApiMediaType)operation.Responses!["200"].Content![Json]).Schema!).Items = Something("array");
                return true;
            case "/bitfinex/v2/platform/status":
                operation.Says("[1] while the feed of the exchange works, else [0].").AnswersAs("array", "[1]");
                ((OpenApiSchema)((OpenApiMediaType)operation.Responses!["200"].Content![Json]).Schema!).Items = ApiSchemas.Integer;
                return true;
            default:
                return false;
        }
    }

    /// <summary>Whether errors of this path are told in another form than problem+json; then its description.</summary>
    public static bool DescribeRefusal(string path, OpenApiOperation operation, int status, string why)
    {
        if (path.StartsWith("/bitfinex", StringComparison.Ordinal))
        {
            RefuseAsBitfinex(
                operation, status, why, status == 401 ? """["error",10100,"apikey: invalid"]""" : """["error",11010,"ratelimit: error"]""");
            return true;
        }

        if (!path.StartsWith("/udf", StringComparison.Ordinal)) return false;
        operation.Answers(status, Json, ApiSchemas.UdfError, JsonNode.Parse("""{"s":"error","errmsg":"…"}""")!);
        ((OpenApiResponse)operation.Responses![$"{status}"]).Description = why;
        return true;
    }

    public static OpenApiOperation DescribeMcp(string noKey, string tooMany) => new OpenApiOperation()
        .Says(
            "The Model Context Protocol for agents (streamable HTTP, no session): tools find_symbols, get_candles, get_status, get_corrections, wait_for_close.")
        .Answers(200, "text/event-stream", ApiSchemas.String, "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n")
        .Refuses(401, noKey, ApiExamples.NoKey)
        .Refuses(429, tooMany, ApiExamples.TooMany);

    private static void RefuseAsBitfinex(OpenApiOperation operation, int status, string why, string example)
    {
        var schema = new OpenApiSchema
        {
            Type = JsonSchemaType.Array,
            Items = new OpenApiSchema { Type = JsonSchemaType.String | JsonSchemaType.Integer }
        };
        operation.Answers(status, Json, schema, JsonNode.Parse(example)!);
        ((OpenApiResponse)operation.Responses![$"{status}"]).Description = why;
    }

    private static OpenApiOperation TakesPath(this OpenApiOperation operation, string name, string description, string example)
    {
        operation.Parameters!.Add(new OpenApiParameter
        {
            Name = name,
            In = ParameterLocation.Path,
            Description = description,
            Schema = ApiSchemas.String,
            Example = example,
            Required = true,
        });
        return operation;
    }

    private static OpenApiOperation TakesUdfSymbol(this OpenApiOperation operation) =>
        operation.Takes("symbol", "Name, ticker or EXCHANGE:NAME.", ApiSchemas.String, "BTCUSD", required: true);

    private static OpenApiOperation TakesUdfRange(this OpenApiOperation operation) => operation.TakesUdfSymbol()
        .Takes("resolution", "Minutes without a letter, or 1D, 14D, 1W, 1M.", ApiSchemas.OneOf(Udf.UdfResolution.All), "1", required: true)
        .Takes("from", "Earliest open time, in seconds.", ApiSchemas.Integer, 1_763_840_000)
        .Takes("to", "The first open time not wanted any more, in seconds.", ApiSchemas.Integer, 1_763_843_600, required: true);

    private static OpenApiOperation AnswersAs(this OpenApiOperation operation, string type, string example) =>
        operation.Answers(200, Json, Something(type), JsonNode.Parse(example)!);

    private static OpenApiSchema Something(string type) =>
        new()
        {
            Type = type == "array" ? JsonSchemaType.Array : JsonSchemaType.Object,
            Items = type == "array" ? new OpenApiSchema { Type = JsonSchemaType.Object } : null,
            AdditionalPropertiesAllowed = true
        };
}
