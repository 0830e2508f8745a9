using CandleStream.Providers;
using CandleStream.Server.Access;
using CandleStream.Server.Http;
using CandleStream.Server.Streams.Events;
using CandleStream.Server.Streams.Sending;
using CandleStream.Server.Streams.Sockets;
using CandleStream.Server.Symbols;
using CandleStream.Streaming.Series;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace CandleStream.Server.Streams;

/// <summary><c>GET /candles/stream</c>: everything that can be refused is refused here, before the stream starts.</summary>
public static class StreamEndpoints
{
    private const string EventStream = "text/event-stream";

    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    // What a setting says changes with a restart at the earliest.
    private static readonly TimeSpan OffRetryAfter = TimeSpan.FromMinutes(1);

    public static IEndpointRouteBuilder MapCandleStream(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods(StreamTickets.StreamPath, Methods, StreamAsync)
            .WithName("candles-stream")
            .WithSummary("Live candles of 1 to 100 series as server-sent events")
            .Produces(StatusCodes.Status200OK, contentType: EventStream)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status406NotAcceptable)
            .ProducesProblem(StatusCodes.Status429TooManyRequests)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        return routes;
    }

    private static async Task<IResult> StreamAsync(HttpContext context, StreamServices services)
    {
        if (!Accepts(context.Request)) return Problems.NotAcceptable(EventStream);
        if (!StreamQuery.TryParse(context.Request, out var query, out var problem)) return problem;
        foreach (var series in query.Series)
        {
            if (!PathTicket.Allows(context, series)) return Problems.NotOfTicket(series);
        }

        if (FindUnknown(query, services.Symbols) is { } unknown) return unknown;
        if (services.Lifetime.ApplicationStopping.IsCancellationRequested) return Draining(context);
        if (HttpMethods.IsHead(context.Request.Method)) return AnswerHead(context, services);
        var share = ClientShare.Of(context);
        if (!services.Limiter.TryEnter(share, out var refusal)) return Problems.TooMany(context, refusal.Detail, refusal.Limit, RetryAfter);
        // A key that is taken out of the file ends what it opened, and so does a ticket whose time is over.
        using var revoked = context.Features.Get<ApiKey>()?.Removed.UnsafeRegister(static c => ((HttpContext)c!).Abort(), context);
        using var over = context.Features.Get<PathTicket>()?.EndInTime(context.Abort, services.Time);
        var place = new StreamPlace(services.Limiter, share, query.Series.Count);
        var isTaken = false;
        try
        {
            foreach (var series in query.Series) place.Add(services.Home.Open(series));
            isTaken = await services.Streams.ServeAsync(context, query, place);
            return TypedResults.Empty;
        }
        catch (ExchangeOffException e)
        {
            return Problems.Unavailable(context, e.Message, OffRetryAfter);
        }
        catch (SeriesLimitException e)
        {
            return Problems.Unavailable(context, e.Message, RetryAfter, e.Limit);
        }
        catch (ObjectDisposedException) when (place.Series.Count < query.Series.Count)
        {
            return Draining(context);
        }
        finally
        {
            if (!isTaken) place.Dispose();
        }
    }

    // An unknown symbol among many names itself; where no list was ever seen, the exchange decides later.
    private static ProblemHttpResult? FindUnknown(StreamQuery query, ISymbolDirectory symbols)
    {
        foreach (var symbol in query.Series.Select(s => s.Symbol).Distinct())
        {
            var check = symbols.Check(symbol);
            if (check.Standing == SymbolStanding.Unknown) return Problems.UnknownSymbol(symbol, check.Matches);
        }

        return null;
    }

    private static EmptyHttpResult AnswerHead(HttpContext context, StreamServices services)
    {
        // A body that does not exist is not framed either.
        var transport = Transport.Of(context, allowTakeover: false) with { Framing = SseFraming.Plain };
        transport.Prepare(context, services.Options.Value.SendBufferBytes);
        services.Streams.NegotiateCompression(context, transport);
        return TypedResults.Empty;
    }

    // No header, or one that nobody can read, accepts everything (RFC 9110, 12.5.1).
    private static bool Accepts(HttpRequest request)
    {
        if (request.Headers.Accept.Count == 0 || !MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out var ranges)) return true;
        var fitting = ranges.Where(r => r.MatchesAllTypes || r.MediaType.Equals("text/*", StringComparison.OrdinalIgnoreCase)
            || r.MediaType.Equals(EventStream, StringComparison.OrdinalIgnoreCase));
        var best = fitting.OrderByDescending(r => r.MatchesAllTypes ? 0 : r.MatchesAllSubTypes ? 1 : 2).FirstOrDefault();
        return best is not null && best.Quality is not 0;
    }

    private static ProblemHttpResult Draining(HttpContext context) => Problems.Unavailable(context, "The server is stopping.", RetryAfter);
}

/// <summary>What the stream route works with.</summary>
internal sealed class StreamServices(
    ISeriesHome home,
    ISymbolDirectory symbols,
    StreamSessions streams,
    StreamLimiter limiter,
    IOptions<SendingOptions> options,
    IHostApplicationLifetime lifetime,
    TimeProvider time)
{
    public ISeriesHome Home { get; } = home;

    public ISymbolDirectory Symbols { get; } = symbols;

    public StreamSessions Streams { get; } = streams;

    public StreamLimiter Limiter { get; } = limiter;

    public IOptions<SendingOptions> Options { get; } = options;

    public IHostApplicationLifetime Lifetime { get; } = lifetime;

    public TimeProvider Time { get; } = time;
}
