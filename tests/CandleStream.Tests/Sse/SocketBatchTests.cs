using System.Net;
using System.Net.Sockets;
using System.Reflection;
using CandleStream.Server.Streams.Sending;
using CandleStream.Server.Streams.Sockets;

namespace CandleStream.Tests.Sse;

public sealed class SocketBatchTests : IDisposable
{
    private readonly SocketRing? _ring;
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly List<IDisposable> _open = [];

    public SocketBatchTests()
    {
        Assert.SkipUnless(SocketRing.TryCreate(SocketBatch.Size, out _ring, out var reason), $"io_uring: {reason}");
        _listener.Start();
    }

    [Fact]
    public void Each_socket_gets_its_own_bytes()
    {
        var batch = new SocketBatch(_ring!);
        var pairs = Enumerable.Range(0, SocketBatch.Size).Select(_ => Connect()).ToList();
        var shared = new byte[] { 1, 2, 3 };
        for (var i = 0; i < pairs.Count; i++) Add(batch, pairs[i].Ours, i % 2 == 0 ? shared : new[] { (byte)i });
        Assert.True(batch.IsFull);

        var sent = Send(batch);

        Assert.Equal(0, batch.Count);
        for (var i = 0; i < pairs.Count; i++)
        {
            byte[] expected = i % 2 == 0 ? shared : [(byte)i];
            Assert.Equal(expected.Length, sent[i]);
            Assert.Equal(expected, Receive(pairs[i].Theirs, expected.Length));
        }
    }

    [Fact]
    public void It_can_be_used_again_and_again()
    {
        var batch = new SocketBatch(_ring!);
        var (ours, theirs) = Connect();
        for (var i = 0; i < SocketBatch.Size * 5; i++)
        {
            Add(batch, ours, new[] { (byte)i });
            Assert.Equal([1], Send(batch));
            Assert.Equal([(byte)i], Receive(theirs, 1));
        }
    }

    [Fact]
    public void A_full_socket_takes_a_part_then_nothing_and_the_others_are_not_held_up()
    {
        var batch = new SocketBatch(_ring!);
        var (full, fullReader) = Connect();
        var (other, otherReader) = Connect();
        full.SendBufferSize = fullReader.ReceiveBufferSize = 4096;
        var much = Enumerable.Range(0, 16 * 1024 * 1024).Select(i => (byte)(i % 251)).ToArray();

        Add(batch, full, much);
        Add(batch, other, new byte[] { 7 });
        var first = Send(batch);
        Assert.InRange(first[0], 1, much.Length - 1);
        Assert.Equal(1, first[1]);
        Assert.Equal([7], Receive(otherReader, 1));

        var taken = first[0];
        int more;
        do
        {
            Add(batch, full, much.AsMemory(taken));
            more = Send(batch)[0];
            Assert.True(more >= 0);
            taken += more;
        }
        while (more > 0);

        Assert.Equal(much[..taken], Receive(fullReader, taken));
    }

    [Fact]
    public void A_client_that_left_is_gone()
    {
        var batch = new SocketBatch(_ring!);
        var (left, leftReader) = Connect();
        leftReader.LingerState = new LingerOption(true, 0);
        leftReader.Close();
        Assert.True(left.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead));

        Add(batch, left, new byte[] { 1 });

        Assert.Equal([-1], Send(batch));
    }

    [Fact]
    public void When_the_system_refuses_the_batch_every_client_of_it_is_gone_and_the_reason_is_told()
    {
        Assert.True(SocketRing.TryCreate(SocketBatch.Size, out var ring, out _));
        using var batch = new SocketBatch(ring);
        var pairs = Enumerable.Range(0, 3).Select(_ => Connect()).ToList();
        foreach (var (ours, _) in pairs) Add(batch, ours, new byte[] { 1 });

        // Without its descriptor the ring is none to the system.
        var field = typeof(SocketRing).GetField("_ring", BindingFlags.Instance | BindingFlags.NonPublic)!;
        var descriptor = field.GetValue(ring);
        var results = new List<int>();
        field.SetValue(ring, -1);
        var failure = batch.Send((_, _, sent) => results.Add(sent));
        field.SetValue(ring, descriptor);

        Assert.NotNull(failure);
        Assert.Equal([-1, -1, -1], results);
        Assert.Equal(0, batch.Count);
    }

    public void Dispose()
    {
        foreach (var open in _open) open.Dispose();
        _listener.Dispose();
        _ring?.Dispose();
    }

    private static void Add(SocketBatch batch, Socket socket, ReadOnlyMemory<byte> bytes) =>
        batch.Add(new Connection(default), (int)socket.SafeHandle.DangerousGetHandle(), bytes);

    private static List<int> Send(SocketBatch batch)
    {
        var results = new List<int>();
        batch.Send((_, _, sent) => results.Add(sent));
        return results;
    }

    private static byte[] Receive(Socket socket, int count)
    {
        var bytes = new byte[count];
        for (var got = 0; got < count; got += socket.Receive(bytes.AsSpan(got))) Assert.True(
            socket.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead));
        return bytes;
    }

    private (Socket Ours, Socket Theirs) Connect()
    {
        var theirs = new Socket(SocketType.Stream, ProtocolType.Tcp);
        theirs.Connect(_listener.LocalEndpoint);
        var ours = _listener.AcceptSocket();
        _open.AddRange([ours, theirs]);
        return (ours, theirs);
    }
}
