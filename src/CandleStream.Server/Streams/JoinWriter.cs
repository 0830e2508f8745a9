using System.IO.Pipelines;
using CandleStream.Server.Streams.Events;
using CandleStream.Server.Streams.Sending;

namespace CandleStream.Server.Streams;

/// <summary>
/// Writes the part of a stream before <c>synced</c>, at the client's pace: by the request itself, through the web server's writer.
/// </summary>
/// <param name="body">The response's body.</param>
/// <param name="framing">As the sender goes on later.</param>
/// <param name="compressed">What the sender goes on with, too; null where the stream is sent as it is.</param>
/// <param name="stuckLimit">How long the client may take nothing.</param>
/// <param name="time">Measures it.</param>
internal sealed class JoinWriter(
    PipeWriter body, SseFraming framing, CompressedStream? compressed, TimeSpan stuckLimit, TimeProvider time)
{
    /// <summary>Bytes between two flushes: a large snapshot goes out in pieces, each of which is progress.</summary>
    private const int PieceBytes = 16 * 1024;

    private int _unflushed;
    private Task _flush = Task.CompletedTask;

    public async ValueTask WriteAsync(Frame frame, CancellationToken aborted)
    {
        for (var bytes = (compressed?.Next(frame) ?? frame).In(framing); !bytes.IsEmpty;)
        {
            var piece = bytes[..Math.Min(bytes.Length, PieceBytes - _unflushed)];
            Write(piece.Span);
            bytes = bytes[piece.Length..];
            if (_unflushed >= PieceBytes) await FlushAsync(aborted);
        }
    }

    /// <summary>
    /// Returns when the web server took everything; over <see cref="Sockets.TakeableTransport"/> that is when the client's socket did.
    /// </summary>
    /// <exception cref="TimeoutException">The client took nothing for too long.</exception>
    /// <exception cref="OperationCanceledException">The client is gone.</exception>
    public async ValueTask FlushAsync(CancellationToken aborted)
    {
        if (_unflushed == 0) return;
        _unflushed = 0;
        var flush = body.FlushAsync(CancellationToken.None);
        var result = flush.IsCompleted ? flush.Result : await WaitAsync(flush.AsTask(), aborted);
        if (result.IsCompleted) throw new OperationCanceledException("The client is gone.");
    }

    /// <summary>
    /// Waits for a flush that was given up. Only after the request was aborted, which ends it. Without this the web server would find a
    /// write under way when it closes the connection; over TLS it then writes a second time, and fails.
    /// </summary>
    public async Task SettleAsync() => await _flush.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private Task<FlushResult> WaitAsync(Task<FlushResult> flush, CancellationToken aborted)
    {
        _flush = flush;
        return flush.WaitAsync(stuckLimit, time, aborted);
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        var span = body.GetSpan(bytes.Length);
        bytes.CopyTo(span);
        body.Advance(bytes.Length);
        _unflushed += bytes.Length;
    }
}
