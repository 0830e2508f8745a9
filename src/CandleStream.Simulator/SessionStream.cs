namespace CandleStream.Simulator;

/// <summary>
/// The bytes below a session's WebSocket, with two ways to fail that a WebSocket does not offer: to fall silent, and to end without a close
/// frame.
/// </summary>
internal sealed class SessionStream(Stream inner, Action cut) : Stream
{
    private volatile bool _muted;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public void Mute() => _muted = true;

    public void Cut()
    {
        _muted = true;
        try
        {
            cut();
        }
        catch (ObjectDisposedException)
        {
            // The connection ended by itself in the same moment.
        }
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        _muted ? ValueTask.CompletedTask : inner.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) =>
        _muted ? Task.CompletedTask : inner.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

    public override void Write(byte[] buffer, int offset, int count)
    {
        if (!_muted)
            inner.Write(buffer, offset, count);
    }

    public override void Flush()
    {
        if (!_muted)
            inner.Flush();
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            inner.Dispose();
        base.Dispose(disposing);
    }
}
