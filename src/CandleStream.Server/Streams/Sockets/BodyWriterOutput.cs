using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using CandleStream.Server.Streams.Events;

namespace CandleStream.Server.Streams.Sockets;

/// <summary>
/// Sends through the response's writer: HTTP/2, TLS, a wrapped body. One flush is under way at a time; its end is reported by
/// <paramref name="taken"/>.
/// </summary>
/// <param name="writer">The response's body.</param>
/// <param name="framing">Chunked where the response says so itself, else plain.</param>
/// <param name="taken">Called, on any thread, after a flush that was not done at once and that somebody waits for.</param>
internal sealed class BodyWriterOutput(PipeWriter writer, SseFraming framing, Action taken) : Output
{
    private const int Idle = 0;
    private const int Flushing = 1;
    private const int FlushingAwaited = 2;
    private const int Gone = 3;

    private TaskCompletionSource? _settled;
    private ConfiguredValueTaskAwaitable<FlushResult>.ConfiguredValueTaskAwaiter _flush;
    private Action? _onFlushed;
    private int _state;

    public override SseFraming Framing => framing;

    /// <summary>Asking while a flush is under way makes its end known through <c>taken</c>.</summary>
    public override bool IsReady
    {
        get
        {
            var state = Interlocked.CompareExchange(ref _state, FlushingAwaited, Flushing);
            return state is Idle or Gone;
        }
    }

    public override int Send(ReadOnlyMemory<byte> bytes)
    {
        if (Volatile.Read(ref _state) == Gone) return -1;
        try
        {
            writer.Write(bytes.Span);
            // Consumed exactly once: here when it is done, else in OnFlushed. Asking for a Task would cost an object for every write.
#pragma warning disable CA2012
            _flush = writer.FlushAsync().ConfigureAwait(false).GetAwaiter();
#pragma warning restore CA2012
            if (_flush.IsCompleted) return _flush.GetResult().IsCompleted ? Leave() : bytes.Length;
            Volatile.Write(ref _state, Flushing);
            _flush.UnsafeOnCompleted(_onFlushed ??= OnFlushed);
            return bytes.Length;
        }
        catch (Exception e) when (e is OperationCanceledException or InvalidOperationException or IOException)
        {
            // The request ended between two writes.
            return Leave();
        }
    }

    public override ValueTask SettleAsync()
    {
        var settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _settled, settled);
        return IsReady ? default : new ValueTask(settled.Task);
    }

    private void OnFlushed()
    {
        var next = Idle;
        try
        {
            if (_flush.GetResult().IsCompleted) next = Gone;
        }
        catch (Exception e) when (e is OperationCanceledException or InvalidOperationException or IOException)
        {
            next = Gone;
        }

        if (Interlocked.Exchange(ref _state, next) != FlushingAwaited) return;
        Volatile.Read(ref _settled)?.TrySetResult();
        taken();
    }

    private int Leave()
    {
        Volatile.Write(ref _state, Gone);
        return -1;
    }
}
