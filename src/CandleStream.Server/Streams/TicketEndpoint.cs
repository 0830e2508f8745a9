using CandleStream.Server.Access;
using CandleStream.Server.Http;
using CandleStream.Server.Symbols;

namespace CandleStream.Server.Streams;

/// <summary>
/// <c>POST /candles/stream/ticket</c>: for an <c>EventSource</c> on another origin, which can send neither headers nor the session.
/// <c>POST /tickets</c>: for programs and pages that can be given an address and nothing else.
/// </summary>
internal static class TicketEndpoint
{
    public static void MapTickets(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(StreamTickets.StreamPath + "/ticket", MakeTicket);
        routes.MapPost("/tickets", MakePathTicket);
    }

    // What the stream would refuse is refused here: EventSource could not tell why.
    private static IResult MakeTicket(HttpContext context, StreamTickets tickets)
    {
        if (!StreamQuery.TryParse(context.Request, out _, out var problem)) return problem;
        context.Response.Headers.CacheControl = "no-store";
        var ticket =
            tickets.Make(context.Request, context.User.Identity?.Name ?? "", context.User.FindFirst(AccessHandler.KeyIdClaim)?.Value ?? "");
        return TypedResults.Ok(new TicketAnswer(ticket, (long)StreamTickets.Lifetime.TotalMilliseconds));
    }

    private static IResult MakePathTicket(HttpContext context, string? path, PathTickets tickets, ApiKeys keys, ISymbolDirectory symbols)
    {
        if (!PathTickets.Doors.Contains(path)) return Problems.Invalid("path", path, string.Join(", ", PathTickets.Doors));
        IReadOnlyList<SeriesKey> series = [];
        if (path == PathTickets.Embed)
        {
            if (!StreamQuery.TryParse(context.Request, out var query, out var problem)) return problem;
            foreach (var symbol in query.Series.Select(s => s.Symbol))
            {
                if (symbols.Check(symbol) is { Standing: SymbolStanding.Unknown } check)
                    return Problems.UnknownSymbol(symbol, check.Matches);
            }

            // Without keys nothing would keep a ticket's word about its series, and it would not survive a restart.
            if (!keys.AreRequired)
                return Problems.OfStatus(
                    StatusCodes.Status400BadRequest, $"This server asks for no keys: {PathTickets.Embed} opens without a ticket.");
            series = query.Series;
        }

        context.Response.Headers.CacheControl = "no-store";
        var ticket =
            tickets.Make(path!, series, context.User.Identity?.Name ?? "", context.User.FindFirst(AccessHandler.KeyIdClaim)?.Value ?? "");
        return TypedResults.Ok(new TicketAnswer(ticket, (long)tickets.Lifetime.TotalMilliseconds));
    }
}

/// <summary>A ticket, for the stream's query (<c>ticket=</c>) or for a path (<c>/k/TICKET/…</c>), and how long it is good.</summary>
internal sealed record TicketAnswer(string Ticket, long ExpiresInMs);
