using System.Buffers.Binary;
using CandleStream.Server.Streams.Events;

namespace CandleStream.Server.Streams.Sending;

/// <summary>
/// How far one stream is that is sent as gzip (RFC 1952): the events its client got last, and the checksum over all of them. There is no
/// compressor. Owned by the request until the stream is live, from then on by the sender thread.
/// </summary>
internal sealed class CompressedStream
{
    // No name, no time; made on Unix.
    private static ReadOnlySpan<byte> Header => [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];

    // An empty last block.
    private static ReadOnlySpan<byte> LastBlock => [3, 0];

    // For the part that a request writes.
    [ThreadStatic] private static DeflateEncoder? _encoder;

    private FrameHistory _history;
    private CompressedBlock? _prepared;
    private uint _checksum;
    private uint _length;

    /// <summary>
    /// The bytes of <paramref name="events"/>, which the client will get next: <see cref="Take"/> follows once a part of them is out.
    /// </summary>
    /// <param name="events">As <see cref="CompressedBlock.Of"/> takes them.</param>
    /// <param name="blocks">What others with the same history are sent.</param>
    public Frame Prepare(ReadOnlySpan<Frame> events, SharedBlocks blocks) => (_prepared = blocks.Get(_history, events)).Bytes;

    /// <summary>The client got the beginning of what was prepared, and gets the rest of it before anything else.</summary>
    public void Take()
    {
        if (_prepared is not { } block) return;
        _prepared = null;
        if (block.EndsHistory) _history = default;
        else
            foreach (var e in block.Events) _history.Add(e);

        _checksum = Crc32.Join(_checksum, block.Checksum, block.Shift);
        _length += (uint)block.Length;
    }

    /// <summary>
    /// The bytes of an event that goes to this client alone, and certainly: with the head of the stream before the first one, and for
    /// <see cref="Frame.EndOfBody"/> the stream's end.
    /// </summary>
    public Frame Next(Frame e)
    {
        if (ReferenceEquals(e, Frame.EndOfBody)) return End();
        var isFirst = _length == 0;
        _prepared = CompressedBlock.Of(_encoder ??= new DeflateEncoder(), _history, [e]);
        var bytes = _prepared.Bytes;
        Take();
        return isFirst ? Frame.Of(Header, bytes.Plain.Span) : bytes;
    }

    /// <summary>
    /// From here on nothing refers to what came so far: clients that have joined since the same event share all that follows.
    /// </summary>
    public void ForgetHistory() => _history = default;

    /// <summary>The last bytes of a stream that ends in good order, and the end of its body.</summary>
    public Frame End()
    {
        _prepared = null;
        Span<byte> trailer = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, _checksum);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], _length);
        return Frame.LastOf(LastBlock, trailer);
    }
}
