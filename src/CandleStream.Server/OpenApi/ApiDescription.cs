using System.Text.Json.Nodes;
using CandleStream.Server.History;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.OpenApi;

namespace CandleStream.Server.OpenApi;

/// <summary>What <c>/openapi/v1.json</c> says about each route. Every example is a request or an answer that a server gives.</summary>
internal static class ApiDescription
{
    private const string NoKey = "The server needs a valid key (X-API-Key, Authorization: Bearer, a session; for a stream also a ticket).";
    private const string TooMany = "Too many requests a second of this key or address; see Retry-After.";

    public static Task DescribeDocument(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancel)
    {
        document.Info.Title = "CandleStream";
        document.Info.Version = "1";
        document.Info.Description =
            "Live and past candles (OHLCV bars) of a crypto exchange. Times are Unix milliseconds UTC, prices and volumes exact decimals. "
            + "A candle with the same time and a higher rev replaces the one before. The stream itself is specified in docs/protocol.md.";
        // The server is wherever this document was fetched from.
        document.Servers = [];
        document.Tags = null;
        // Its route is a package's, which describes nothing.
        document.Paths["/metrics"] =
            new OpenApiPathItem { Operations = new Dictionary<HttpMethod, OpenApiOperation> { [HttpMethod.Get] = DescribeMetrics() } };
        document.Paths["/mcp"] = new OpenApiPathItem
        {
            Operations =
            new Dictionary<HttpMethod, OpenApiOperation> { [HttpMethod.Post] = DoorDescriptions.DescribeMcp(NoKey, TooMany) }
        };
        return Task.CompletedTask;
    }

    public static Task DescribeOperation(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancel)
    {
        if (context.Description.HttpMethod == "HEAD") operation.Summary = "The headers of GET.";
        // One short list of routes needs no groups.
        operation.Tags = null;
        var path = "/" + context.Description.RelativePath;
        switch (path)
        {
            case var door when DoorDescriptions.Describe(door, operation):
                break;
            case "/candles":
                DescribeHistory(operation);
                break;
            case "/candles/stream":
                DescribeStream(operation);
                break;
            case "/candles/stream/status":
                operation.Says("The state of every open series and its counters, sorted by key.")
                    .Answers(200, "application/json", ApiSchemas.Status, ApiExamples.Status);
                break;
            case "/candles/stream/ticket":
                DescribeTicket(operation);
                break;
            case "/tickets":
                DescribePathTicket(operation);
                break;
            case "/session":
                operation.Says(context.Description.HttpMethod == "DELETE"
                    ? "Ends the browser's session."
                    : "Gives the browser a session, in a cookie that scripts cannot read, for the key sent along.")
                    .AnswersNothing(204, "Done; see Set-Cookie.");
                break;
            case "/symbols":
                operation.Says("The symbols that this server offers.")
                    .Answers(200, "application/json", ApiSchemas.Symbols, ApiExamples.Symbols);
                break;
            case "/timeframes":
                operation.Says("The timeframes that this server offers, shortest first; the length of a month varies.")
                    .Answers(200, "application/json", ApiSchemas.Timeframes, ApiExamples.Timeframes);
                break;
            case "/health/live":
                operation.Says("Answers while the process runs.").Answers(200, "application/json", ApiSchemas.Health, ApiExamples.Live);
                break;
            case "/health/ready":
                operation.Says("200 while everything works; 503 names the reasons (store, draining). Streaming may still go on.")
                    .Answers(200, "application/json", ApiSchemas.Health, ApiExamples.Ready)
                    .Refuses(503, "Not ready.", ApiExamples.NotReady);
                break;
        }

        DescribeAccess(path, operation, context.Description.ActionDescriptor.EndpointMetadata);
        return Task.CompletedTask;
    }

    // What the routes themselves do not answer, but what stands before them.
    private static void DescribeAccess(string path, OpenApiOperation operation, IList<object> metadata)
    {
        if (!metadata.OfType<IAllowAnonymous>().Any()) Refuse(401, NoKey, ApiExamples.NoKey);
        if (metadata.OfType<EnableRateLimitingAttribute>().Any() && !operation.Responses!.ContainsKey("429"))
            Refuse(429, TooMany, ApiExamples.TooMany);

        void Refuse(int status, string why, JsonNode example)
        {
            if (!DoorDescriptions.DescribeRefusal(path, operation, status, why)) operation.Refuses(status, why, example);
        }
    }

    private static OpenApiOperation DescribeMetrics() => new OpenApiOperation()
        .Says("What the server counts and measures, as Prometheus text.")
        .Answers(200, "text/plain", ApiSchemas.String, ApiExamples.Metrics)
        .Refuses(401, NoKey, ApiExamples.NoKey)
        .Refuses(403, "The key has scope read; this needs scope admin.", ApiExamples.WrongScope)
        .Refuses(429, TooMany, ApiExamples.TooMany);

    private static void DescribeHistory(OpenApiOperation operation) => operation
        .Says(
            "Candles of one series, the forming one last if it is in the range. Times that are listed in gaps are not known to be complete.")
        .Takes("symbol", "The symbol, as /symbols lists it.", ApiSchemas.String, "BTCUSD", required: true)
        .Takes("timeframe", "The length of a candle; case matters: 1m is a minute, 1M a month.",
            ApiSchemas.OneOf(Timeframe.All.Select(t => t.Name)), "1m", required: true)
        .Takes(
            "start", "Earliest open time, Unix ms, inclusive. With it the oldest candles from there are answered, without it the newest.",
            ApiSchemas.Time, 1_542_016_800_000)
        .Takes("end", "Latest open time, Unix ms, inclusive.", ApiSchemas.Time, 1_542_020_340_000)
        .Takes("limit", "The most candles to answer.", ApiSchemas.Whole(1, 10_000, 500), 100)
        .Takes("sort", "Oldest or newest first.", ApiSchemas.OneOf(["asc", "desc"]), "asc")
        .Takes(
            "since",
            "A rev (asof of an answer, or an id of the stream): answer only what changed after it; reset is true if the server no longer knows that.", ApiSchemas.Rev, 1_763_840_000_000_000)
        .TakesHeader("If-None-Match", "The ETag of an earlier answer.")
        .Answers(200, "application/json", ApiSchemas.History, ApiExamples.History)
        .Answers(200, "text/csv", ApiSchemas.String, ApiExamples.HistoryCsv)
        .Sends(200, "ETag", "Changes whenever a candle of the answer or its gaps do.", ApiSchemas.String)
        .Sends(200, CandleCsv.AsOfHeader, "CSV only: what asof is in JSON.", ApiSchemas.Rev)
        .Sends(200, CandleCsv.NextHeader, "CSV only: what next is in JSON; left out at the end.", ApiSchemas.Time)
        .Sends(200, CandleCsv.GapsHeader, "CSV only: how many gaps there are; the JSON form names them.", ApiSchemas.Integer)
        .Sends(200, CandleCsv.ResetHeader, "CSV only: true where reset is true in JSON.", ApiSchemas.Boolean)
        .AnswersNothing(304, "Nothing changed since the ETag.")
        .Refuses(400, "A parameter is missing or not allowed.", ApiExamples.Invalid)
        .Refuses(404, "The exchange does not list the symbol.", ApiExamples.Unknown)
        .Refuses(406, "The client takes neither JSON nor CSV.", ApiExamples.NotAcceptable)
        .Refuses(429, TooMany, ApiExamples.TooMany)
        .Refuses(503, "The series limit is reached, the store is away, or the server is stopping; see Retry-After.", ApiExamples.Full);

    private static void DescribeTicket(OpenApiOperation operation) => TakeStreamQuery(operation
        .Says(
            "A ticket for EventSource, which cannot send a key: it opens the stream with exactly this query (add it as ticket=) for ten minutes, as often as needed."))
        .Answers(200, "application/json", ApiSchemas.Ticket, ApiExamples.Ticket)
        .Refuses(400, "The stream would refuse this query.", ApiExamples.Invalid);

    private static void DescribePathTicket(OpenApiOperation operation) => operation
        .Says(
            "A ticket for programs and pages that know addresses only, with the rights of the key sent along until the key is gone or the time is over: "
            + "/k/TICKET/udf/… opens /udf, /k/TICKET/embed reads these series and nothing else.")
        .Takes("path", "What it opens.", ApiSchemas.OneOf(Access.PathTickets.Doors), Access.PathTickets.Embed, required: true)
        .Takes("series", "With /embed: the series it may read, with commas or repeated, 100 at most.", ApiSchemas.String,
            "BTCUSD:1m,ETHUSD:5m")
        .Answers(200, "application/json", ApiSchemas.Ticket, ApiExamples.PathTicket)
        .Refuses(400, "A parameter is missing or not allowed, or the server asks for no keys.", ApiExamples.Invalid)
        .Refuses(404, "The exchange does not list a symbol.", ApiExamples.Unknown);

    private static void DescribeStream(OpenApiOperation operation) => TakeStreamQuery(operation
        .Says("Live candles as server-sent events: hello, status, snapshot, synced, then a candle for every change. See docs/protocol.md."))
        .Takes(
            "last_event_id",
            "Where to resume, for clients that cannot send the header; also lastEventId and Last-Event-ID, and the last one counts.",
            ApiSchemas.String, "1763840000000000")
        .Takes("ticket", "Replaces a key on a server that needs one; POST /candles/stream/ticket makes it for this query.",
            ApiSchemas.String, "CfDJ8…")
        .TakesHeader("Last-Event-ID", "Where to resume; browsers send it on their own.")
        .Answers(200, "text/event-stream", ApiSchemas.String, ApiExamples.Stream)
        .Refuses(400, "A parameter is missing or not allowed.", ApiExamples.Invalid)
        .Refuses(404, "The exchange does not list a symbol.", ApiExamples.Unknown)
        .Refuses(406, "The client does not take text/event-stream.", ApiExamples.NotAcceptable)
        .Refuses(429, "Too many streams, or too many requests a second, of this key or address; see Retry-After.", ApiExamples.TooMany)
        .Refuses(503, "The series limit is reached or the server is stopping; see Retry-After.", ApiExamples.Full);

    private static OpenApiOperation TakeStreamQuery(OpenApiOperation operation) => operation
        .Takes("symbol", "One series: its symbol.", ApiSchemas.String, "BTCUSD")
        .Takes("timeframe", "One series: its timeframe.", ApiSchemas.OneOf(Timeframe.All.Select(t => t.Name)), "1m")
        .Takes("series", "Several series instead, with commas or repeated, 100 at most.", ApiSchemas.String, "BTCUSD:1m,ETHUSD:5m")
        .Takes("snapshot", "Candles per series at the start; at most 10 000 over all series.", ApiSchemas.Whole(0, 1000, 1), 1)
        .Takes("max_rate", "The most updates of a forming candle per second and series; 0 sends closed candles only.", ApiSchemas.Number, 4)
        .Takes("delta", "1: send only the changed fields of a candle where the client has the version before.",
            ApiSchemas.OneOf(["0", "1"]), "1");
}
