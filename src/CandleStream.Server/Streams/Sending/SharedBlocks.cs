using System.Runtime.CompilerServices;
using CandleStream.Server.Streams.Events;

namespace CandleStream.Server.Streams.Sending;

/// <summary>
/// What was compressed in this round, to be sent to every reader with the same history. Forgetting it costs work only. Owned by the sender
/// thread.
/// </summary>
internal sealed class SharedBlocks
{
    /// <summary>Readers that all differ share nothing, however many are kept.</summary>
    private const int MaxCount = 16 * 1024;

    private readonly CompressedBlock?[] _blocks = new CompressedBlock?[4096];
    private DeflateEncoder? _encoder;
    private CompressedBlock? _last;
    private int _count;

    /// <summary>How many blocks were made since the start.</summary>
    public long Made { get; private set; }

    /// <param name="history">What the reader got last.</param>
    /// <param name="events">As <see cref="CompressedBlock.Of"/> takes them.</param>
    public CompressedBlock Get(in FrameHistory history, ReadOnlySpan<Frame> events)
    {
        // A large event is compressed alone, so it is the same for everybody.
        if (CompressedBlock.IsLarge(events[0])) return Find(default, events);

        // The readers of a series follow one another.
        return _last is { } last && last.Is(history, events) ? last : Find(history, events);
    }

    /// <summary>Forgets all of them.</summary>
    public void Clear()
    {
        if (_count == 0) return;
        Array.Clear(_blocks);
        (_last, _count) = (null, 0);
    }

    private CompressedBlock Find(in FrameHistory history, ReadOnlySpan<Frame> events)
    {
        ref var first = ref _blocks[HashOf(history, events) & (_blocks.Length - 1)];
        for (var block = first; block is not null; block = block.Next)
        {
            if (block.Is(history, events)) return _last = block;
        }

        var made = CompressedBlock.Of(_encoder ??= new DeflateEncoder(), history, events);
        Made++;
        if (++_count > MaxCount)
        {
            Clear();
            _count = 1;
        }

        made.Next = first;
        return _last = first = made;
    }

    private static int HashOf(in FrameHistory history, ReadOnlySpan<Frame> events)
    {
        var hash = 0;
        foreach (var frame in history) hash = (hash * 31) + RuntimeHelpers.GetHashCode(frame);
        foreach (var frame in events) hash = (hash * 31) + RuntimeHelpers.GetHashCode(frame);
        return hash ^ (hash >> 12);
    }
}
