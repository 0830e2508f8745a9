using System.Collections.Immutable;
using System.IO.Compression;
using System.Text;

namespace CandleStream.Simulator.Rest;

/// <summary>What a REST call gets. <c>Status</c> 0: the connection ends without an answer.</summary>
internal sealed record RestAnswer(int Status, string ContentType, byte[] Body)
{
    // RFC 1952: what stands before the compressed data where there is no file name.
    private const int GzipHeader = 10;

    /// <summary>Market time, written as the Date header.</summary>
    public DateTimeOffset Date { get; init; }

    /// <summary>Seconds the answer lay in a cache, written as the Age header; null: no header.</summary>
    public int? Age { get; init; }

    /// <summary>Further headers.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>True: the body is written as gzip, and spoiled on the way.</summary>
    public bool IsSpoiledGzip { get; private init; }

    public static RestAnswer None { get; } = new(0, "", []);

    public static RestAnswer Json(byte[] body, int status = 200) => new(status, "application/json; charset=utf-8", body);

    public static RestAnswer Json(string body, int status = 200) => Json(Encoding.UTF8.GetBytes(body), status);

    public static RestAnswer Error(int status, int code, string text) => Json($"[\"error\",{code},\"{text}\"]", status);

    public static RestAnswer Html(int status, string title) => new(status, "text/html; charset=utf-8",
        Encoding.UTF8.GetBytes($"<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"));

    /// <summary>The same answer, compressed, with bytes that no compressor writes: its reader finds out in the middle.</summary>
    public RestAnswer AsSpoiledGzip()
    {
        using var body = new MemoryStream();
        using (var gzip = new GZipStream(body, CompressionLevel.Fastest)) gzip.Write(Body);
        var bytes = body.ToArray();
        bytes.AsSpan(GzipHeader).Fill(0xFF);
        return this with { Body = bytes, IsSpoiledGzip = true };
    }
}
