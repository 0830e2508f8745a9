using System.Buffers;
using System.ComponentModel;
using CandleStream.Server.Streams.Sockets;

namespace CandleStream.Server.Streams.Sending;

/// <summary>
/// Sends of one event to one socket each, collected and then made with one system call. All have ended when <see cref="Send"/> returns, and
/// only the sender closes their sockets, later. Owned by the sender thread.
/// </summary>
internal sealed class SocketBatch(SocketRing ring) : IDisposable
{
    public const int Size = 256;

    private const int WouldBlock = -11;
    private const int Canceled = -125;

    private readonly Entry[] _entries = new Entry[Size];
    private readonly int[] _results = new int[Size];
    private readonly List<MemoryHandle> _pins = [];

    public int Count { get; private set; }

    public bool IsFull => Count == Size;

    /// <summary>Only where the batch is not full.</summary>
    public void Add(Connection connection, int socket, ReadOnlyMemory<byte> bytes) =>
        _entries[Count++] = new Entry(connection, socket, bytes);

    /// <summary>
    /// Sends everything and tells <paramref name="sent"/> of each what the socket took: bytes, 0 where it takes none now, -1 where the
    /// client is gone. Empty afterwards. The result is null, or why the system refused the batch: nobody knows what was sent then, so all
    /// count as gone, and the batch can send no more.
    /// </summary>
    public Win32Exception? Send(Action<Connection, ReadOnlyMemory<byte>, int> sent)
    {
        var failure = TrySubmit();
        if (failure is not null) _results.AsSpan(0, Count).Fill(Canceled);
        for (var i = 0; i < Count; i++)
        {
            var entry = _entries[i];
            _entries[i] = default;
            sent(entry.Connection, entry.Bytes, _results[i] switch
            {
                WouldBlock => 0,
                < 0 => -1,
                var taken => taken,
            });
        }

        Count = 0;
        return failure;
    }

    public void Dispose() => ring.Dispose();

    private Win32Exception? TrySubmit()
    {
        try
        {
            Submit();
            return null;
        }
        catch (Win32Exception failure)
        {
            return failure;
        }
        finally
        {
            foreach (var pin in _pins) pin.Dispose();
            _pins.Clear();
        }
    }

    private unsafe void Submit()
    {
        var pinned = ReadOnlyMemory<byte>.Empty;
        byte* address = null;
        for (var i = 0; i < Count; i++)
        {
            ref readonly var entry = ref _entries[i];
            if (!entry.Bytes.Equals(pinned))
            {
                // The readers of a series follow one another and share the event.
                pinned = entry.Bytes;
                _pins.Add(pinned.Pin());
                address = (byte*)_pins[^1].Pointer;
            }

            ring.Set(i, entry.Socket, address, pinned.Length);
        }

        ring.Submit(_results.AsSpan(0, Count));
    }

    private readonly record struct Entry(Connection Connection, int Socket, ReadOnlyMemory<byte> Bytes);
}
