using System.Text.Json;
using System.Text.Json.Serialization;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Protocol;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CandleStream.Simulator;

/// <summary>
/// What the real exchange does not have: routes under <c>/control</c> to see the truth and to make things go wrong. snake_case JSON; see
/// docs/simulator.md.
/// </summary>
internal static class ControlRoutes
{
    public static void AddJson(IServiceCollection services) => services.ConfigureHttpJsonOptions(options =>
    {
        options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        options.SerializerOptions.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
    });

    public static void Map(IEndpointRouteBuilder app, ISimulatedExchange exchange)
    {
        var control = app.MapGroup("/control");
        control.MapGet("/ledger", (string? key, long? start, long? end) => Ledger(exchange, key, start, end));
        control.MapGet("/subscriptions", () => new
        {
            exchange.Connections,
            Connects = exchange.Log.Connects.Count(attempt => attempt.Accepted),
            Refused = exchange.Log.Connects.Count(attempt => !attempt.Accepted),
            Changes = exchange.Log.Changes,
        });
        control.MapGet("/rest-calls", () => RestCalls(exchange));
        control.MapGet("/time", () => new { MarketTime = exchange.Market.Now, Started = exchange.Started });
        control.MapGet("/faults", () => new { Faults = exchange.Faults.Active.Select(View), Kinds = FaultRequest.Names });
        control.MapPost("/faults", (HttpRequest request) => AddAsync(exchange, request));
        control.MapDelete("/faults", () => exchange.Faults.Clear());
        control.MapDelete("/faults/{id:int}", Results<NoContent, NotFound> (int id) =>
            exchange.Faults.Remove(id) ? TypedResults.NoContent() : TypedResults.NotFound());
    }

    private static IResult Ledger(ISimulatedExchange exchange, string? text, long? start, long? end)
    {
        if (!CandleKey.TryParse(text, out var key) || !exchange.Market.Lists(key))
            return Results.Problem(
                $"key: '{text}' is not a candles key of this market, such as trade:1m:t{exchange.Market.Pairs[0]}.", statusCode: 400);
        return Results.Ok(new
        {
            Key = key.Text,
            MarketTime = exchange.Market.Now,
            exchange.Started,
            Updates = exchange.Updates(key.Text),
            Candles = ControlViews.Ledger(exchange, key, start, end),
        });
    }

    private static object RestCalls(ISimulatedExchange exchange) => new
    {
        exchange.Rest.Calls.Total,
        Calls = exchange.Rest.Calls.Calls
            .GroupBy(call => (call.Path, call.Query))
            .Select(group => new { group.Key.Path, group.Key.Query, Count = group.Count(), LastStatus = group.Last().Status }),
    };

    private static async Task<IResult> AddAsync(ISimulatedExchange exchange, HttpRequest request)
    {
        using var body = new StreamReader(request.Body);
        try
        {
            var fault = FaultRequest.Parse(await body.ReadToEndAsync(request.HttpContext.RequestAborted));
            return Results.Ok(View(exchange.Faults.Add(fault)));
        }
        catch (FormatException reason)
        {
            return Results.Problem(reason.Message, statusCode: 400);
        }
    }

    private static object View(ActiveFault active) => new
    {
        active.Id,
        Fault = FaultRequest.NameOf(active.Fault.Kind),
        active.Fault.Key,
        active.Fault.Connection,
        active.Fault.Count,
        active.Fault.ForMs,
        active.Strikes,
    };
}
