using System.IO.Pipelines;
using System.Net.WebSockets;

namespace CandleStream.Simulator.InProcess;

/// <summary>Two ends of a wire that is only memory, and a count of the bytes that are still on it.</summary>
internal sealed class InProcessConnection
{
    // As much as a socket's buffers hold on a small machine: a reader that stops is felt by the writer.
    private const int Buffered = 64 * 1024;

    private readonly Pipe _toClient = new(Options);
    private readonly Pipe _toServer = new(Options);
    private long _underway;

    public InProcessConnection()
    {
        ServerEnd = new PipeEnd(_toServer.Reader, _toClient.Writer, this);
        ClientEnd = new PipeEnd(_toClient.Reader, _toServer.Writer, this);
    }

    private static PipeOptions Options =>
        new(pauseWriterThreshold: Buffered, resumeWriterThreshold: Buffered / 2, useSynchronizationContext: false);

    public Stream ServerEnd { get; }

    public Stream ClientEnd { get; }

    /// <summary>True while bytes are on the way that the other side has not read.</summary>
    public bool IsBusy => Interlocked.Read(ref _underway) > 0;

    public static WebSocketCreationOptions Server => new() { IsServer = true, KeepAliveInterval = TimeSpan.Zero };

    public static WebSocketCreationOptions Client => new() { KeepAliveInterval = TimeSpan.Zero };

    /// <summary>Ends both directions; the other side sees the end of the stream.</summary>
    public void Cut()
    {
        _toClient.Writer.Complete();
        _toServer.Writer.Complete();
        Interlocked.Exchange(ref _underway, 0);
    }

    private sealed class PipeEnd(PipeReader reader, PipeWriter writer, InProcessConnection wire) : Stream
    {
        private readonly Stream _in = reader.AsStream();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await _in.ReadAsync(buffer, cancellationToken);
            Interlocked.Add(ref wire._underway, -count);
            return count;
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Interlocked.Add(ref wire._underway, buffer.Length);
            try
            {
                var result = await writer.WriteAsync(buffer, cancellationToken);
                if (result.IsCompleted)
                    throw new IOException("The other end is closed.");
            }
            catch (InvalidOperationException)
            {
                throw new IOException("The connection is closed.");
            }
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronously.");

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronously.");

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                writer.Complete();
                reader.Complete();
                Interlocked.Exchange(ref wire._underway, 0);
            }
            base.Dispose(disposing);
        }
    }
}
