using System.Globalization;
using CandleStream.Server.Access;
using CandleStream.Server.Http;
using CandleStream.Server.Symbols;
using CandleStream.Streaming;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace CandleStream.Server.History;

/// <summary><c>GET /candles</c>: history up to the forming candle, as JSON or CSV.</summary>
internal static class CandleHistoryEndpoints
{
    public static void MapCandleHistory(this IEndpointRouteBuilder routes) => routes.MapMethods("/candles", ["GET", "HEAD"], AnswerAsync);

    private static async Task AnswerAsync(HttpContext context, CandleHistory history, ISymbolDirectory symbols)
    {
        var reader = new CandleQueryReader(context.Request.Query);
        var query = reader.Read();
        var refusal = reader.Refusal;
        if (query is { Series: var series })
            refusal = PathTicket.Allows(context, series) ? CheckSymbol(symbols, series.Symbol) : Problems.NotOfTicket(series);

        var asCsv = WantsCsv(context.Request);
        if (asCsv is null)
            refusal ??= Problems.OfStatus(StatusCodes.Status406NotAcceptable, "This route answers application/json or text/csv.");
        if (refusal is not null)
        {
            await refusal.ExecuteAsync(context);
            return;
        }

        var cancel = context.RequestAborted;
        var answer = await history.QueryAsync(query!, cancel);
        var etag = TagOf(answer, asCsv == true);
        var headers = context.Response.GetTypedHeaders();
        headers.ETag = etag;
        headers.CacheControl = new CacheControlHeaderValue { NoCache = true };
        context.Response.Headers.Vary = HeaderNames.Accept;
        if (context.Request.GetTypedHeaders().IfNoneMatch.Any(
            known => known.Compare(etag, useStrongComparison: false) || known.Equals(EntityTagHeaderValue.Any)))
        {
            context.Response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        await (asCsv == true
            ? CandleCsv.WriteAsync(context.Response, answer, cancel)
            : HistoryJson.WriteAsync(context.Response, answer, cancel));
    }

    private static ProblemHttpResult? CheckSymbol(ISymbolDirectory symbols, string symbol)
    {
        var check = symbols.Check(symbol);
        return check.Standing == SymbolStanding.Unknown ? Problems.UnknownSymbol(symbol, check.Matches) : null;
    }

    /// <summary>
    /// Changes whenever a candle of the answer or what is missing in it does; <c>asof</c> is left out, because an older one stays valid.
    /// The count stands for candles that retention took away.
    /// </summary>
    private static EntityTagHeaderValue TagOf(HistoryAnswer answer, bool csv)
    {
        var highest = Rev.None;
        foreach (var candle in answer.Candles) highest = Rev.Max(highest, candle.Rev);
        // FNV-1a: the same in every process, so that a restart does not make clients fetch anew.
        var rest = 14695981039346656037UL;
        Add(answer.Candles.Count);
        Add(answer.Next ?? -1);
        Add(answer.Oldest ?? -1);
        Add(answer.Reset ? 1 : 0);
        foreach (var gap in answer.Gaps)
        {
            Add(gap.From);
            Add(gap.To);
        }

        return new EntityTagHeaderValue(
            string.Create(CultureInfo.InvariantCulture, $"\"{highest}-{rest:x}{(csv ? "-csv" : "")}\""), isWeak: true);

        void Add(long value) => rest = unchecked((rest ^ (ulong)value) * 1099511628211UL);
    }

    /// <summary>True for CSV, false for JSON, null when the client takes neither.</summary>
    private static bool? WantsCsv(HttpRequest request)
    {
        var accepted = request.GetTypedHeaders().Accept;
        if (accepted.Count == 0) return false;
        var csv = QualityOf("text/csv");
        var json = QualityOf("application/json");
        if (csv == 0 && json == 0) return null;
        return csv > json;

        // The most specific entry counts, as in RFC 9110: "text/csv, */*;q=0.1" asks for CSV.
        double QualityOf(string type)
        {
            var media = new MediaTypeHeaderValue(type);
            var match = accepted.Where(a => media.IsSubsetOf(a)).OrderBy(a => a.MatchesAllTypes ? 2 : a.MatchesAllSubTypes ? 1 : 0)
                .FirstOrDefault();
            return match is null ? 0 : match.Quality ?? 1;
        }
    }
}
