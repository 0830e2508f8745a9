using CandleStream.Server.Access;

namespace CandleStream.Server.Streams;

/// <summary><c>POST /candles/stream/ticket</c>: for an <c>EventSource</c> on another origin, which can send neither headers nor the session.</summary>
internal static class TicketEndpoint
{
    public static void MapTickets(this IEndpointRouteBuilder routes) => routes.MapPost(StreamTickets.StreamPath + "/ticket", MakeTicket);

    // What the stream would refuse is refused here: EventSource could not tell why.
    private static IResult MakeTicket(HttpContext context, StreamTickets tickets)
    {
        if (!StreamQuery.TryParse(context.Request, out _, out var problem)) return problem;
        context.Response.Headers.CacheControl = "no-store";
        var ticket = tickets.Make(context.Request, context.User.Identity?.Name ?? "", context.User.FindFirst(AccessHandler.KeyIdClaim)?.Value ?? "");
        return TypedResults.Ok(new TicketAnswer(ticket, (long)StreamTickets.Lifetime.TotalMilliseconds));
    }
}

/// <summary>A ticket, to be added to the stream's query as <c>ticket</c>, and how long it is good.</summary>
internal sealed record TicketAnswer(string Ticket, long ExpiresInMs);
