using Microsoft.Net.Http.Headers;

namespace CandleStream.Server.Streams;

/// <summary>Whether the body of a stream is sent as gzip or as it is (RFC 9110, 12.5.3).</summary>
internal static class ContentCoding
{
    private const string Gzip = "gzip";

    /// <summary>
    /// True where the client asks for gzip and does not rate <c>identity</c>, by its name, higher. A header that nobody can read asks for
    /// nothing.
    /// </summary>
    public static bool IsGzipAskedFor(HttpRequest request)
    {
        var header = request.Headers.AcceptEncoding;
        if (header.Count == 0 || !StringWithQualityHeaderValue.TryParseList(header, out var codings)) return false;
        var gzip = QualityOf(codings, Gzip) ?? QualityOf(codings, "x-gzip") ?? QualityOf(codings, "*") ?? 0;
        return gzip > 0 && gzip >= (QualityOf(codings, "identity") ?? 0);
    }

    /// <summary>Says in the answer's headers what its body is, and that it depends on the request.</summary>
    public static void Describe(HttpResponse response, bool isGzip)
    {
        response.Headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        if (isGzip) response.Headers.ContentEncoding = Gzip;
    }

    private static double? QualityOf(IList<StringWithQualityHeaderValue> codings, string name)
    {
        foreach (var coding in codings)
        {
            if (coding.Value.Equals(name, StringComparison.OrdinalIgnoreCase)) return coding.Quality ?? 1;
        }

        return null;
    }
}
