using System.IO.Compression;

namespace CandleStream.Server.Streams.Events;

/// <summary>Events that were compressed together for every reader with the same history.</summary>
internal sealed class CompressedBlock
{
    private readonly FrameHistory _history;
    private readonly Frame[] _events;

    private CompressedBlock(in FrameHistory history, ReadOnlySpan<Frame> events, Frame bytes)
    {
        (_history, _events, Bytes) = (history, [.. events], bytes);
        foreach (var e in events)
        {
            Checksum = Crc32.Of(e.Plain.Span, Checksum);
            Length += e.Plain.Length;
        }

        Shift = Crc32.ShiftOf(Length);
    }

    /// <summary>What is sent.</summary>
    public Frame Bytes { get; }

    public ReadOnlySpan<Frame> Events => _events;

    /// <summary>Bytes of the events, not compressed.</summary>
    public int Length { get; }

    public uint Checksum { get; }

    /// <summary>For <see cref="Crc32.Join"/>.</summary>
    public uint Shift { get; }

    /// <summary>True where nothing that comes later may refer to it or to what came before it.</summary>
    public bool EndsHistory => IsLarge(_events[0]);

    /// <summary>The next one in its place of the table that keeps it.</summary>
    public CompressedBlock? Next { get; set; }

    /// <summary>True where the event is compressed alone.</summary>
    public static bool IsLarge(Frame e) => e.Plain.Length > DeflateEncoder.MaxEventBytes;

    /// <param name="encoder">Used for the call only.</param>
    /// <param name="history">What the reader got last.</param>
    /// <param name="events">One of any size, or several of at most <see cref="DeflateEncoder.MaxBlockBytes"/>, none large.</param>
    public static CompressedBlock Of(DeflateEncoder encoder, in FrameHistory history, ReadOnlySpan<Frame> events) =>
        new(history, events, IsLarge(events[0]) ? DeflateLarge(events[0]) : Frame.Of(encoder.Encode(history, events)));

    public bool Is(in FrameHistory history, ReadOnlySpan<Frame> events)
    {
        if (_events.Length != events.Length || !_history.IsSame(history)) return false;
        for (var i = 0; i < events.Length; i++)
        {
            if (!ReferenceEquals(_events[i], events[i])) return false;
        }

        return true;
    }

    private static Frame DeflateLarge(Frame e)
    {
        using var bytes = new MemoryStream();
        using var deflate = new DeflateStream(bytes, CompressionLevel.Fastest, leaveOpen: true);
        deflate.Write(e.Plain.Span);

        // Ends at a byte's boundary, as our own blocks do. What disposing adds would end the stream.
        deflate.Flush();
        return Frame.Of(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }
}
