using Microsoft.AspNetCore.Connections;

namespace CandleStream.Server.Streams.Sockets;

/// <summary>
/// A non-blocking socket as a stream: tries at once, and waits for the poller only where the kernel has nothing to give or take. A write
/// that returned has reached the kernel. One read and one write at a time. Owns the descriptor until it is taken or closed; every use of
/// it is made under the lock, so none can meet another connection that was given the same number.
/// </summary>
/// <param name="descriptor">The socket.</param>
/// <param name="poller">Waits for it.</param>
/// <param name="left">
/// Called, on any thread and perhaps more than once, when the client has closed its side or the connection broke.
/// </param>
internal sealed class SocketStream(int descriptor, SocketPoller poller, Action left) : Stream, IPolled
{
    /// <summary>
    /// What a client may go on sending after its last answer, and for how long: closing earlier would reset the connection, and the client
    /// might never read the answer.
    /// </summary>
    private const int LingerBytes = 4 * 1024 * 1024;

    private const int Watched = Linux.ReadReady | Linux.PeerClosed;

    private static readonly TimeSpan LingerTime = TimeSpan.FromSeconds(2);

    private readonly Lock _gate = new();
    private readonly Readiness _readable = new();
    private readonly Readiness _writable = new();

    // Guarded by _gate.
    private State _state;
    private int _place = -1;
    private bool _watchesWrites;

    private enum State
    {
        Serving,

        /// <summary>Shut down by the web server, and still open.</summary>
        Aborted,

        /// <summary>Nobody here may use the descriptor any more: it was closed, or somebody else has it.</summary>
        Over,
    }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public void SetSendBuffer(int bytes)
    {
        lock (_gate)
        {
            if (_state != State.Over) Linux.SetSendBuffer(descriptor, bytes);
        }
    }

    /// <summary>Gives the descriptor away for good; false where the connection was aborted or closed before.</summary>
    public bool TryTake()
    {
        lock (_gate)
        {
            if (_state != State.Serving) return false;
            Release();
            return true;
        }
    }

    /// <summary>Breaks the connection off: reads and writes end.</summary>
    public void Abort()
    {
        lock (_gate)
        {
            if (_state != State.Serving) return;
            _state = State.Aborted;
            Linux.ShutdownBoth(descriptor);
        }

        EndWaits();
    }

    /// <summary>Closes the socket, if it is still ours.</summary>
    public async ValueTask CloseAsync()
    {
        if (TryFinish())
        {
            EndWaits();
            return;
        }

        // Real time, whatever clock the product is given: this is about a real client.
        using var limit = new CancellationTokenSource(LingerTime);
        await using var wake = limit.Token.UnsafeRegister(static r => ((Readiness)r!).Signal(), _readable);
        for (var discarded = 0L; discarded < LingerBytes && !limit.IsCancellationRequested;)
        {
            _readable.Forget();
            var count = DiscardSome();
            if (count > 0) discarded += count;
            else if (count != -Linux.Again) break;
            else if (!limit.IsCancellationRequested) await _readable.WaitAsync();
        }

        lock (_gate)
        {
            Release();
            Linux.Close(descriptor);
        }

        EndWaits();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            _readable.Forget();
            var count = Receive(buffer.Span);
            if (count >= 0) return count;
            if (count != -Linux.Again) throw new ConnectionResetException($"The connection broke (error {-count}).");
            await using (cancellationToken.UnsafeRegister(static r => ((Readiness)r!).Signal(), _readable)) await _readable.WaitAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>
    /// Returns when the kernel has all bytes. Where the connection is broken they are lost without an exception, as with the web server's
    /// own transport: the one who answers hears of it by the connection's end.
    /// </summary>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            _writable.Forget();
            if (!TrySend(ref buffer)) return;
            await using (cancellationToken.UnsafeRegister(static r => ((Readiness)r!).Signal(), _writable)) await _writable.WaitAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>What the web server left unsent when it gave a connection up: as much of it as the kernel takes.</summary>
    public override void Write(byte[] buffer, int offset, int count)
    {
        ReadOnlyMemory<byte> bytes = buffer.AsMemory(offset, count);
        TrySend(ref bytes);
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    void IPolled.OnReady(SocketEvent happened)
    {
        if (happened.IsLeaving) left();
        if (happened.IsReadable) _readable.Signal();
        if (happened.IsWritable) _writable.Signal();
    }

    private void EndWaits()
    {
        _readable.Signal();
        _writable.Signal();
    }

    private int Receive(Span<byte> buffer)
    {
        lock (_gate)
        {
            if (_state == State.Over) return 0;
            var count = Linux.Receive(descriptor, buffer);

            // From the first request on the client's leaving is noticed, whether anybody reads or not.
            if (count != 0 && _place < 0) _place = poller.Add(descriptor, this, Watched);
            return count;
        }
    }

    // False where nothing is left to send.
    private bool TrySend(ref ReadOnlyMemory<byte> bytes)
    {
        var isBroken = false;
        lock (_gate)
        {
            while (_state == State.Serving && !bytes.IsEmpty)
            {
                var count = Linux.Send(descriptor, bytes.Span);
                if (count >= 0)
                {
                    bytes = bytes[count..];
                    continue;
                }

                if (count == -Linux.Again)
                {
                    WatchWrites();
                    return true;
                }

                isBroken = true;
                break;
            }
        }

        if (isBroken) left();
        return false;
    }

    private void WatchWrites()
    {
        if (_watchesWrites) return;
        _watchesWrites = true;
        if (_place < 0) _place = poller.Add(descriptor, this, Watched | Linux.WriteReady);
        else poller.Change(_place, descriptor, Watched | Linux.WriteReady);
    }

    // False where the client had sent more than anybody read, and may be sending still.
    private bool TryFinish()
    {
        lock (_gate)
        {
            if (_state == State.Over) return true;
            if (_state == State.Serving)
            {
                Linux.ShutdownSending(descriptor);
                if (Linux.Discard(descriptor, LingerBytes) > 0)
                {
                    if (_place < 0) _place = poller.Add(descriptor, this, Watched);
                    return false;
                }
            }

            Release();
            Linux.Close(descriptor);
            return true;
        }
    }

    private int DiscardSome()
    {
        lock (_gate) return Linux.Discard(descriptor, LingerBytes);
    }

    private void Release()
    {
        if (_place >= 0) poller.Remove(_place, descriptor);
        _place = -1;
        _state = State.Over;
    }
}
