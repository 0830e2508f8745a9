using System.Runtime.CompilerServices;

namespace CandleStream.Server.Streams.Events;

/// <summary>The events a reader got last, the newest at the end; null where there were fewer.</summary>
[InlineArray(Length)]
internal struct FrameHistory
{
    /// <summary>
    /// Of one series, eight save 2 bytes an event more than four and cost twice the time; of many series, hardly anything.
    /// </summary>
    public const int Length = 4;

    private Frame? _oldest;

    /// <summary>The reader got another event.</summary>
    public void Add(Frame frame)
    {
        Span<Frame?> frames = this;
        frames[1..].CopyTo(frames);
        frames[^1] = frame;
    }

    /// <summary>True where these are the same events, not only equal ones.</summary>
    public readonly bool IsSame(in FrameHistory other)
    {
        for (var i = 0; i < Length; i++)
        {
            if (!ReferenceEquals(this[i], other[i])) return false;
        }

        return true;
    }
}
