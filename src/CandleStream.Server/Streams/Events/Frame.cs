using System.Text;

namespace CandleStream.Server.Streams.Events;

/// <summary>How event bytes are laid into the response body.</summary>
internal enum SseFraming
{
    /// <summary>As they are: HTTP/2, or a body that somebody else frames.</summary>
    Plain,

    /// <summary>As one chunk of <c>Transfer-Encoding: chunked</c> (RFC 9112, 7.1), so that nobody frames it again.</summary>
    Chunked,
}

/// <summary>The bytes of one event, built once and shared by every reader, in either framing.</summary>
internal sealed class Frame
{
    private readonly byte[] _chunk;
    private readonly int _plainStart;
    private readonly int _plainLength;

    /// <param name="chunk">Chunk header, event, CR LF.</param>
    /// <param name="plainStart">Where the event begins.</param>
    /// <param name="plainLength">Its bytes.</param>
    private Frame(byte[] chunk, int plainStart, int plainLength) =>
        (_chunk, _plainStart, _plainLength) = (chunk, plainStart, plainLength);

    /// <summary>An empty event, which as a chunk is the mark that ends a chunked body in good order.</summary>
    public static Frame EndOfBody { get; } = Of([]);

    /// <summary>The event without framing.</summary>
    public ReadOnlyMemory<byte> Plain => _chunk.AsMemory(_plainStart, _plainLength);

    /// <summary>Joins the parts of an event (or of several) into one frame.</summary>
    public static Frame Of(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second = default, ReadOnlySpan<byte> third = default) =>
        Build(first, second, third, "\r\n"u8);

    /// <summary>The last bytes of a body, with the mark that ends it where it is chunked.</summary>
    public static Frame LastOf(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) => Build(first, second, default, "\r\n0\r\n\r\n"u8);

    public ReadOnlyMemory<byte> In(SseFraming framing) => framing == SseFraming.Chunked ? _chunk : Plain;

    public override string ToString() => Encoding.UTF8.GetString(Plain.Span);

    private static Frame Build(
        ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, ReadOnlySpan<byte> chunkEnd)
    {
        var length = first.Length + second.Length + third.Length;
        Span<byte> header = stackalloc byte[10];
        length.TryFormat(header, out var digits, "x");
        "\r\n"u8.CopyTo(header[digits..]);
        var start = digits + 2;

        var chunk = GC.AllocateUninitializedArray<byte>(start + length + chunkEnd.Length);
        header[..start].CopyTo(chunk);
        var body = chunk.AsSpan(start);
        first.CopyTo(body);
        second.CopyTo(body[first.Length..]);
        third.CopyTo(body[(first.Length + second.Length)..]);
        chunkEnd.CopyTo(body[length..]);
        return new Frame(chunk, start, length);
    }
}
