using CandleStream.Server.Streams.Events;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Streams.Sending;

/// <summary>
/// What one round of a sender has in common for all connections: the time, and the buffer in which several events become one write. Owned
/// by the sender thread.
/// </summary>
internal sealed class Round(TimeProvider time)
{
    /// <summary>
    /// A client blocked for longer gets only the newest of each series; a shorter pause is the web server's normal hand-over of bytes.
    /// </summary>
    public static readonly TimeSpan SlowAfter = TimeSpan.FromMilliseconds(50);

    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _length;
    private readonly Dictionary<SeriesStatus, Frame> _statuses = new(ReferenceEqualityComparer.Instance);
    private Frame? _heartbeat;

    /// <summary>Timestamp at the round's start.</summary>
    public long Now { get; private set; }

    public DateTimeOffset UtcNow => time.GetUtcNow();

    /// <summary>True when the sender itself is behind: then nobody gets more than the newest.</summary>
    public bool IsLate { get; set; }

    /// <summary>
    /// When the frame behind the oldest update of this round was received, in timestamps; <see cref="long.MaxValue"/> where no frame is
    /// behind any.
    /// </summary>
    public long OldestReceivedAt { get; private set; }

    /// <summary>The events in the buffer, one by one.</summary>
    public List<ReadOnlyMemory<byte>> Frames { get; } = [];

    /// <summary>The events that are compressed together.</summary>
    public List<Frame> Block { get; } = [];

    /// <summary>What was compressed in this round.</summary>
    public SharedBlocks Blocks { get; } = new();

    /// <summary>One for everybody who gets one in this round.</summary>
    public Frame Heartbeat => _heartbeat ??= StreamEvents.Heartbeat(UtcNow.ToUnixTimeMilliseconds());

    public ReadOnlyMemory<byte> Written => _buffer.AsMemory(0, _length);

    public void Begin()
    {
        Now = time.GetTimestamp();
        IsLate = false;
        OldestReceivedAt = long.MaxValue;
        _heartbeat = null;
        _statuses.Clear();
        Blocks.Clear();
    }

    /// <summary>One event for everybody who is told this status in this round.</summary>
    public Frame FrameOf(SeriesStatus status)
    {
        if (!_statuses.TryGetValue(status, out var frame)) _statuses.Add(status, frame = StreamEvents.Status(status, UtcNow));
        return frame;
    }

    /// <summary>The round sends an update whose frame was received at <paramref name="receivedAt"/>; 0 where there was none.</summary>
    public void Takes(long receivedAt)
    {
        if (receivedAt != 0 && receivedAt < OldestReceivedAt) OldestReceivedAt = receivedAt;
    }

    public TimeSpan Since(long timestamp) => time.GetElapsedTime(timestamp, Now);

    public void Clear()
    {
        Frames.Clear();
        _length = 0;
    }

    public bool TryWrite(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.Length > _buffer.Length - _length) return false;
        bytes.Span.CopyTo(_buffer.AsSpan(_length));
        _length += bytes.Length;
        Frames.Add(bytes);
        return true;
    }
}
