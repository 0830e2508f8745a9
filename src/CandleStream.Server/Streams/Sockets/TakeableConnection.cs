using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace CandleStream.Server.Streams.Sockets;

/// <summary>One connection as the web server sees it, until its socket is taken or closed.</summary>
[SuppressMessage(
    "Design", "CA1001",
    Justification = "Without a timer or a wait handle the source holds nothing to release, and the poller may still cancel it at the end.")]
internal sealed class TakeableConnection : ConnectionContext, IDuplexPipe, ISocketTakeover
{
    private const string Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
    private const int IdLength = 13;

    private static long s_lastId = DateTime.UtcNow.Ticks;

    private readonly CancellationTokenSource _closed = new();
    private readonly SocketStream _stream;
    private readonly int _descriptor;

    public TakeableConnection(int descriptor, SocketPoller poller, TransportMemory memory, IPEndPoint remote, EndPoint local)
    {
        _descriptor = descriptor;
        _stream = new SocketStream(descriptor, poller, OnLeft);
        Input = PipeReader.Create(_stream, memory.Reading);
        Output = PipeWriter.Create(_stream, memory.Writing);
        Transport = this;
        ConnectionClosed = _closed.Token;
        ConnectionId = NextId();
        (RemoteEndPoint, LocalEndPoint) = (remote, LocalOf(descriptor, local));
        Features.Set<ISocketTakeover>(this);
        Features.Set<IMemoryPoolFeature>(memory);
    }

    public PipeReader Input { get; }

    public PipeWriter Output { get; }

    public override string ConnectionId { get; set; }

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get => field ??= new ConnectionItems(); set; }

    /// <summary>The pipes that the web server reads and writes; connection middleware such as TLS puts its own here.</summary>
    public override IDuplexPipe Transport { get; set; }

    public bool IsBare => ReferenceEquals(Transport, this);

    public void SetSendBuffer(int bytes) => _stream.SetSendBuffer(bytes);

    public bool TryTake(out int descriptor)
    {
        descriptor = _descriptor;
        return _stream.TryTake();
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        _stream.Abort();
        OnLeft();
    }

    public override async ValueTask DisposeAsync()
    {
        await Input.CompleteAsync();
        await Output.CompleteAsync();
        await _stream.CloseAsync();
        await base.DisposeAsync();
    }

    // What is told may run anybody's code: not on the poller's thread, nor in the middle of a write.
    private void OnLeft() =>
        ThreadPool.UnsafeQueueUserWorkItem(static closed => closed.Cancel(), _closed, preferLocal: false);

    // Where all addresses are listened on, the client came to one of them.
    private static EndPoint LocalOf(int descriptor, EndPoint local)
    {
        if (local is not IPEndPoint { Address: var address } || !(address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)))
            return local;
        Span<byte> bytes = stackalloc byte[Linux.AddressBytes];
        return Linux.LocalAddress(descriptor, bytes) is > 0 and var length ? Linux.EndPointOf(local, bytes[..length]) : local;
    }

    private static string NextId() => string.Create(IdLength, Interlocked.Increment(ref s_lastId), static (text, id) =>
    {
        for (var i = text.Length - 1; i >= 0; i--, id >>= 5) text[i] = Digits[(int)(id & 31)];
    });
}

/// <summary>The buffers of all connections of a transport.</summary>
internal sealed class TransportMemory(MemoryPool<byte> pool) : IMemoryPoolFeature
{
    public MemoryPool<byte> MemoryPool { get; } = pool;

    public StreamPipeReaderOptions Reading { get; } = new(pool, leaveOpen: true);

    public StreamPipeWriterOptions Writing { get; } = new(pool, leaveOpen: true);
}
