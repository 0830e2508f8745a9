using System.Net.WebSockets;
using System.Threading.Channels;

namespace CandleStream.Simulator;

/// <summary>
/// Frames on their way to one socket: put in by anyone, without waiting, written by one loop in that order. A frame may carry
/// the moment before which it must not leave (the <c>delay</c> fault); those behind it wait too, as on a slow line.
/// </summary>
internal sealed class SessionOutbox(WebSocket socket, TimeProvider time)
{
    // The exchange drops a reader this far behind; it also bounds our memory.
    private const int MostWaiting = 200_000;

    private readonly Channel<Outgoing> _frames = Channel.CreateUnbounded<Outgoing>(new() { SingleReader = true });
    private int _waiting;
    private long _blockedUntil;

    /// <summary>Frames not yet taken by the socket.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>True while a frame could leave without the clock moving.</summary>
    public bool IsBusy => Waiting > 0 && time.GetUtcNow().Ticks >= Volatile.Read(ref _blockedUntil);

    public void Add(ReadOnlyMemory<byte> frame, TimeSpan delay)
    {
        if (Interlocked.Increment(ref _waiting) > MostWaiting)
            socket.Abort();
        var due = delay > TimeSpan.Zero ? time.GetUtcNow() + delay : default;
        if (!_frames.Writer.TryWrite(new Outgoing(frame, due)))
            Interlocked.Decrement(ref _waiting);
    }

    /// <summary>Lets what waits be written and ends the loop.</summary>
    public void Complete() => _frames.Writer.TryComplete();

    /// <summary>Writes until <see cref="Complete"/>, or until the socket breaks.</summary>
    public async Task WriteAsync(CancellationToken stopping)
    {
        await foreach (var frame in _frames.Reader.ReadAllAsync(stopping))
        {
            var wait = frame.Due == default ? TimeSpan.Zero : frame.Due - time.GetUtcNow();
            if (wait > TimeSpan.Zero)
            {
                Volatile.Write(ref _blockedUntil, frame.Due.Ticks);
                await Task.Delay(wait, time, stopping);
            }
            await socket.SendAsync(frame.Text, WebSocketMessageType.Text, endOfMessage: true, stopping);
            Interlocked.Decrement(ref _waiting);
        }
    }

    private readonly record struct Outgoing(ReadOnlyMemory<byte> Text, DateTimeOffset Due);
}
