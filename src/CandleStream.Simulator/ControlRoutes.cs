using System.Text.Json;
using System.Text.Json.Serialization;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CandleStream.Simulator;

/// <summary>What the real exchange does not have: routes under <c>/control</c> to see the truth and to make things go wrong. snake_case JSON; see docs/simulator.md.</summary>
internal static class ControlRoutes
{
    public static void AddJson(IServiceCollection services) => services.ConfigureHttpJsonOptions(options =>
    {
        options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.SerializerOptions.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.SerializerOptions.Converters.Add(new JsonStringEnumConverter<FaultKind>(JsonNamingPolicy.KebabCaseLower));
    });

    public static void Map(IEndpointRouteBuilder app, SimulatorExchange exchange)
    {
        var control = app.MapGroup("/control");
        control.MapGet("/ledger", (string? key, long? start, long? end) => Ledger(exchange, key, start, end));
        control.MapGet("/subscriptions", () => new
        {
            Connections = ControlViews.Connections(exchange),
            Connects = exchange.Log.Connects.Count(attempt => attempt.Accepted),
            Refused = exchange.Log.Connects.Count(attempt => !attempt.Accepted),
            Changes = exchange.Log.Changes,
        });
        control.MapGet("/rest-calls", () => RestCalls(exchange));
        control.MapGet("/time", () => new { MarketTime = exchange.Market.Now, Started = exchange.Started });
        control.MapGet("/faults", () => new { Faults = exchange.Faults.Active.Select(View), Kinds = Enum.GetValues<FaultKind>() });
        control.MapPost("/faults", (FaultRequest request) => Add(exchange, request));
        control.MapDelete("/faults", () => exchange.Faults.Clear());
        control.MapDelete("/faults/{id:int}", Results<NoContent, NotFound> (int id) =>
            exchange.Faults.Remove(id) ? TypedResults.NoContent() : TypedResults.NotFound());
    }

    private static IResult Ledger(SimulatorExchange exchange, string? text, long? start, long? end)
    {
        if (!CandleKey.TryParse(text, out var key) || !exchange.Market.Lists(key))
            return Results.Problem($"key: '{text}' is not a candles key of this market, such as trade:1m:t{exchange.Market.Pairs[0]}.", statusCode: 400);
        return Results.Ok(new
        {
            Key = key.Text,
            MarketTime = exchange.Market.Now,
            exchange.Started,
            Updates = exchange.Updates(key.Text),
            Candles = ControlViews.Ledger(exchange, key, start, end),
        });
    }

    private static object RestCalls(SimulatorExchange exchange) => new
    {
        exchange.Rest.Calls.Total,
        Calls = exchange.Rest.Calls.Calls
            .GroupBy(call => (call.Path, call.Query))
            .Select(group => new { group.Key.Path, group.Key.Query, Count = group.Count(), LastStatus = group.Last().Status }),
    };

    private static IResult Add(SimulatorExchange exchange, FaultRequest request)
    {
        if (request.Key is not null && !CandleKey.TryParse(request.Key, out _))
            return Results.Problem($"key: '{request.Key}' is not a candles key.", statusCode: 400);
        return Results.Ok(View(exchange.Faults.Add(request.ToFault())));
    }

    private static object View(ActiveFault active) => new
    {
        active.Id,
        Fault = active.Fault.Kind,
        active.Fault.Key,
        active.Fault.Connection,
        active.Fault.Count,
        active.Fault.ForMs,
        active.Strikes,
    };
}

/// <summary>The body of <c>POST /control/faults</c>: <c>{"fault":"cut","key":"trade:1m:tBTCUSD"}</c>. The fields are those of <see cref="Fault"/>.</summary>
internal sealed record FaultRequest(
    [property: JsonRequired] FaultKind Fault,
    string? Key,
    int? Connection,
    int? Count,
    int? ForMs,
    int? Every,
    int? DelayMs,
    int? Code,
    int? Size,
    int? Limit)
{
    public Fault ToFault()
    {
        var plain = new Fault(Fault);
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
        };
    }
}
