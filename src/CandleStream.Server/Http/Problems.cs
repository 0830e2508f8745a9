using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;

namespace CandleStream.Server.Http;

/// <summary>
/// The error answers of the API, as <c>application/problem+json</c> (RFC 9457). Each has the <c>trace_id</c> under which the log tells of
/// the request.
/// </summary>
public static class Problems
{
    /// <summary>Longer values are cut before they are sent back: an answer must not grow with the question.</summary>
    private const int MaxValueLength = 100;

    /// <summary>400: a parameter is missing (<paramref name="value"/> null) or has a value that is not allowed.</summary>
    public static ProblemHttpResult Invalid(string field, string? value, string allowed) => Create(
        StatusCodes.Status400BadRequest,
        "Bad input",
        value is null ? $"'{field}' is missing; allowed: {allowed}." : $"'{field}' must not be '{Cut(value)}'; allowed: {allowed}.",
        ("field", field),
        ("value", Cut(value)),
        ("allowed", allowed));

    /// <summary>403: the ticket in the path is for other series.</summary>
    public static ProblemHttpResult NotOfTicket(SeriesKey series) => Create(
        StatusCodes.Status403Forbidden,
        "Not of this ticket",
        $"This ticket does not open {Cut(series.ToString())}.",
        ("field", "series"),
        ("value", Cut(series.ToString())));

    /// <summary>406: the route cannot answer in any form that the request's <c>Accept</c> names.</summary>
    public static ProblemHttpResult NotAcceptable(string answers) => Create(
        StatusCodes.Status406NotAcceptable, "Not acceptable", $"This route answers {answers} only.", ("field", "Accept"),
        ("allowed", answers));

    /// <summary>404: the exchange does not list the symbol.</summary>
    public static ProblemHttpResult UnknownSymbol(string symbol, IReadOnlyList<string> matches) => Create(
        StatusCodes.Status404NotFound,
        "Unknown symbol",
        matches.Count == 0
            ? $"The exchange does not list '{Cut(symbol)}'; GET /symbols answers what it lists."
            : $"The exchange does not list '{Cut(symbol)}'. Did you mean {string.Join(", ", matches)}?",
        ("field", "symbol"),
        ("value", Cut(symbol)),
        ("matches", matches));

    /// <summary>429 with Retry-After: a limit of the client is reached.</summary>
    public static ProblemHttpResult TooMany(HttpContext context, string detail, int limit, TimeSpan retryAfter)
    {
        SetRetryAfter(context, retryAfter);
        return Create(StatusCodes.Status429TooManyRequests, "Too many requests", detail, ("limit", limit));
    }

    /// <summary>503 with Retry-After: the server cannot take more, or is about to stop.</summary>
    public static ProblemHttpResult Unavailable(HttpContext context, string detail, TimeSpan retryAfter, int? limit = null)
    {
        SetRetryAfter(context, retryAfter);
        return limit is null
            ? Create(StatusCodes.Status503ServiceUnavailable, "Unavailable", detail)
            : Create(StatusCodes.Status503ServiceUnavailable, "Unavailable", detail, ("limit", limit));
    }

    /// <summary>503: the server runs, but not everything it is for works.</summary>
    public static ProblemHttpResult NotReady(IReadOnlyList<string> reasons) => Create(
        StatusCodes.Status503ServiceUnavailable,
        "Not ready",
        string.Join(" ", reasons),
        ("reasons", reasons));

    /// <summary>An error that is told by its status code.</summary>
    public static ProblemHttpResult OfStatus(int status, string detail) => Create(status, ReasonPhrases.GetReasonPhrase(status), detail);

    private static ProblemHttpResult Create(
        int status, string title, string detail, params ReadOnlySpan<(string Name, object? Value)> extensions)
    {
        var members = new Dictionary<string, object?>();
        foreach (var (name, value) in extensions) members.Add(name, value);
        if (Activity.Current is { } request) members.Add("trace_id", request.TraceId.ToHexString());
        return TypedResults.Problem(detail, statusCode: status, title: title, type: "about:blank", extensions: members);
    }

    private static void SetRetryAfter(HttpContext context, TimeSpan after) =>
        context.Response.Headers.RetryAfter = Math.Max(1, (long)Math.Ceiling(after.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    private static string? Cut(string? value) => value is { Length: > MaxValueLength } ? value[..MaxValueLength] + "…" : value;
}
