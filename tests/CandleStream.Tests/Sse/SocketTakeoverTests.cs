using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using CandleStream.Server.Access;
using CandleStream.Server.Streams.Events;
using CandleStream.Server.Streams.Sending;
using CandleStream.Server.Streams.Sockets;
using CandleStream.Streaming.Series;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace CandleStream.Tests.Sse;

/// <summary>Who may use a socket when, with real ones.</summary>
public sealed class SocketTakeoverTests : IDisposable
{
    private const int Limit = 60_000;

    private readonly TcpListener? _listener;
    private readonly SocketPoller? _poller;
    private readonly TransportMemory _memory = new(MemoryPool<byte>.Shared);

    public SocketTakeoverTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Sockets are taken on Linux only.");
        _listener = new TcpListener(IPAddress.Loopback, 0);
        _listener.Start();
        _poller = new SocketPoller();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task Of_taking_and_aborting_at_once_only_one_gets_the_socket()
    {
        for (var round = 0; round < 2_000; round++)
        {
            var (connection, theirs) = await ConnectAsync();
            using var client = theirs;
            using var start = new Barrier(2);
            var aborting = Task.Run(() =>
            {
                start.SignalAndWait(Cancel);
                connection.Abort(new ConnectionAbortedException());
            }, Cancel);
            start.SignalAndWait(Cancel);
            var isTaken = connection.TryTake(out var socket);
            await aborting;
            await connection.DisposeAsync();

            // Taken, it is neither shut down nor closed: what is sent arrives. Else it is closed.
            if (isTaken) Assert.Equal(1, Linux.Send(socket, [7]));
            var buffer = new byte[2];
            var read = await client.ReceiveAsync(buffer, Cancel);
            Assert.Equal(isTaken ? 1 : 0, read);
            Assert.False(connection.TryTake(out _));
            if (isTaken) Linux.Close(socket);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task After_it_is_taken_the_web_server_can_neither_read_nor_write_nor_close_it()
    {
        var (connection, theirs) = await ConnectAsync();
        using var client = theirs;
        Assert.True(connection.TryTake(out var socket));
        await connection.Output.WriteAsync(new byte[] { 1, 2, 3 }, Cancel);
        await client.SendAsync(new byte[] { 4 }, Cancel);
        Assert.True((await connection.Input.ReadAsync(Cancel)).IsCompleted);
        connection.Abort(new ConnectionAbortedException());
        await connection.DisposeAsync();
        Assert.Equal(1, Linux.Send(socket, [9]));
        var buffer = new byte[10];
        Assert.Equal([9], buffer[..await client.ReceiveAsync(buffer, Cancel)]);
        Linux.Close(socket);
    }

    [Fact(Timeout = Limit)]
    public async Task A_read_that_waits_while_the_connection_is_closed_ends_and_never_meets_another_socket()
    {
        for (var round = 0; round < 200; round++)
        {
            var (connection, theirs) = await ConnectAsync();
            using var client = theirs;
            var reading = connection.Input.ReadAsync(Cancel);
            var closing = connection.DisposeAsync().AsTask();

            // Whoever comes next is given the number that has become free.
            var (next, nextTheirs) = await ConnectAsync();
            using var other = nextTheirs;
            await other.SendAsync(new byte[] { 1 }, Cancel);
            try
            {
                Assert.True((await reading).Buffer.IsEmpty);
            }
            catch (InvalidOperationException)
            {
                // The reader was completed first.
            }

            await closing;
            Assert.Equal(1, (await next.Input.ReadAsync(Cancel)).Buffer.Length);
            await next.DisposeAsync();
        }
    }

    [Fact(Timeout = Limit)]
    public async Task A_sleep_ends_for_clients_that_leave_send_or_take_more_and_not_for_closed_ones()
    {
        using var sleep = new SocketSleep();
        var (ours, theirs) = await ConnectRawAsync();
        using var client = theirs;
        var connection = new Connection(default);
        sleep.Add(ours, connection);
        sleep.Sleep(mayWait: false);
        Assert.Empty(sleep.Ready);

        await client.SendAsync(new byte[] { 1 }, Cancel);
        sleep.Sleep(mayWait: true);
        Assert.Equal((connection, true, false), Flags(Assert.Single(sleep.Ready)));

        // Full: it is told once the client has read.
        var much = new byte[64 * 1024];
        while (Linux.Send(ours, much) > 0)
        {
        }

        sleep.AwaitRoom(ours);
        sleep.Sleep(mayWait: false);
        Assert.DoesNotContain(sleep.Ready, r => r.Happened.IsWritable);
        var reading = Task.Run(async () =>
        {
            var buffer = new byte[1024 * 1024];
            while (await client.ReceiveAsync(buffer, Cancel) > 0)
            {
            }
        }, Cancel);
        do
        {
            sleep.Sleep(mayWait: true);
        }
        while (!sleep.Ready.Any(r => r.Happened.IsWritable));

        // What has happened before a socket is added counts too.
        var (left, leaver) = await ConnectRawAsync();
        leaver.Close();
        sleep.Add(left, new Connection(default));
        sleep.Sleep(mayWait: true);
        while (!sleep.Ready.Any(r => r.Happened.IsLeaving)) sleep.Sleep(mayWait: true);
        sleep.Remove(left);
        Linux.Close(left);

        sleep.Remove(ours);
        Linux.ShutdownBoth(ours);
        await reading;
        sleep.Sleep(mayWait: false);
        Assert.Empty(sleep.Ready);
        Linux.Close(ours);

        sleep.Wake();
        sleep.Sleep(mayWait: true);
        Assert.Empty(sleep.Ready);

        static (Connection, bool, bool) Flags((Connection Connection, SocketEvent Happened) ready) =>
            (ready.Connection, ready.Happened.IsReadable, ready.Happened.IsLeaving);
    }

    [Fact(Timeout = Limit)]
    public async Task From_sixteen_sends_on_they_are_batched_and_a_ring_that_fails_ends_its_streams_and_no_others()
    {
        Assert.SkipUnless(SocketRing.TryProbe(out var reason), $"io_uring: {reason}");
        await using var under = new BatchingSender();
        var clients = new List<(Connection Connection, Socket Socket)>();
        for (var i = 0; i < Sender.BatchPaysFrom - 1; i++) clients.Add(await JoinAsync(under));
        await under.BreakRingAsync();

        // Fifteen: one by one.
        under.Publish();
        foreach (var (connection, socket) in clients)
        {
            await ReadCandleAsync(socket);
            Assert.False(connection.Ended.IsCompleted);
        }

        // Sixteen: by the ring, which is broken.
        clients.Add(await JoinAsync(under));
        under.Publish();
        foreach (var (connection, socket) in clients)
        {
            Assert.Equal(SseEnd.Gone, await connection.Ended.WaitAsync(Cancel));
            socket.Dispose();
        }

        // From then on one by one, however many there are.
        var others = new List<(Connection Connection, Socket Socket)>();
        for (var i = 0; i < Sender.BatchPaysFrom; i++) others.Add(await JoinAsync(under));
        under.Publish();
        foreach (var (_, socket) in others)
        {
            await ReadCandleAsync(socket);
            socket.Dispose();
        }
    }

    [Fact(Timeout = Limit)]
    public async Task When_the_sender_has_let_go_its_socket_is_closed_and_its_place_given_back_once()
    {
        await using var under = new BatchingSender();
        var place = new CountedPlace();
        var (connection, client) = await JoinAsync(under, place);
        for (var i = 0; i < 3; i++) under.Sender.Post(new LeaveCommand(connection));
        Assert.Equal(SseEnd.Gone, await connection.Ended.WaitAsync(Cancel));
        var buffer = new byte[1024];
        while (await client.ReceiveAsync(buffer, Cancel) > 0)
        {
        }

        under.Sender.Post(new LeaveCommand(connection));
        await under.StopAsync();
        Assert.Equal(1, place.Disposed);
        client.Dispose();
    }

    [Theory]
    [InlineData(24, true)] // EMFILE
    [InlineData(23, true)] // ENFILE
    [InlineData(105, true)] // ENOBUFS
    [InlineData(12, true)] // ENOMEM
    [InlineData(103, false)] // ECONNABORTED: the connection's own trouble
    [InlineData(11, false)] // EAGAIN
    public void A_listener_pauses_where_the_system_is_out_of_something(int error, bool pauses) =>
        Assert.Equal(pauses, Linux.IsExhaustion(-error));

    [Fact]
    public void A_place_is_given_back_when_the_connection_and_the_stream_have_both_let_go()
    {
        var places = new ConnectionPlaces(max: 3, maxPerShare: 2);
        var share = ClientShare.Of(IPAddress.Parse("192.0.2.7"));
        var first = places.TryEnter(share)!;
        var second = places.TryEnter(share)!;
        Assert.Null(places.TryEnter(share));
        var other = places.TryEnter(ClientShare.Of(IPAddress.Parse("192.0.2.8")))!;
        Assert.Null(places.TryEnter(ClientShare.Of(IPAddress.Parse("192.0.2.9"))));
        Assert.Equal(3, places.Taken);

        // A stream takes the first one's socket, and its request ends.
        first.Hold();
        first.LetGo();
        other.LetGo();
        Assert.Null(places.TryEnter(share));
        first.LetGo();
        Assert.NotNull(places.TryEnter(share));
        second.LetGo();
        Assert.Equal(1, places.Taken);
    }

    public void Dispose()
    {
        _listener?.Dispose();
        _poller?.Dispose();
    }

    private async Task<(TakeableConnection Connection, Socket Client)> ConnectAsync()
    {
        var (ours, theirs) = await ConnectRawAsync();
        return (new TakeableConnection(ours, _poller!, _memory, (IPEndPoint)theirs.LocalEndPoint!, _listener!.LocalEndpoint), theirs);
    }

    // The listener blocks; what it accepts does not.
    private async Task<(int Ours, Socket Theirs)> ConnectRawAsync()
    {
        var theirs = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await theirs.ConnectAsync(_listener!.LocalEndpoint, Cancel);
        var ours = Linux.Accept((int)_listener.Server.SafeHandle.DangerousGetHandle(), new byte[Linux.AddressBytes], out _);
        Assert.True(ours >= 0);
        return (ours, theirs);
    }

    private async Task<(Connection Connection, Socket Socket)> JoinAsync(BatchingSender under, IDisposable? place = null)
    {
        var (ours, theirs) = await ConnectRawAsync();
        var connection = new Connection(default) { Output = new TakenSocketOutput(new GivenSocket(ours)), Place = place };
        await under.JoinAsync(connection);

        // What is published from here on is taken in a later round than what goes live.
        await ReadUntilAsync(theirs, "synced");
        return (connection, theirs);
    }

    private static Task ReadCandleAsync(Socket socket) => ReadUntilAsync(socket, "\"close\":");

    private static async Task ReadUntilAsync(Socket socket, string mark)
    {
        var (text, buffer) = ("", new byte[4096]);
        while (!text.Contains(mark, StringComparison.Ordinal))
        {
            var read = await socket.ReceiveAsync(buffer, Cancel);
            Assert.NotEqual(0, read);
            text += Encoding.UTF8.GetString(buffer, 0, read);
        }
    }

    /// <summary>A socket that is anybody's to take.</summary>
    private sealed class GivenSocket(int socket) : ISocketTakeover
    {
        public bool IsBare => true;

        public void SetSendBuffer(int bytes) => Linux.SetSendBuffer(socket, bytes);

        public bool TryTake(out int descriptor)
        {
            descriptor = socket;
            return true;
        }
    }

    private sealed class CountedPlace : IDisposable
    {
        private int _disposed;

        public int Disposed => Volatile.Read(ref _disposed);

        public void Dispose() => Interlocked.Increment(ref _disposed);
    }

    /// <summary>A sender with one series that may batch.</summary>
    private sealed class BatchingSender : IAsyncDisposable
    {
        private static readonly SeriesKey Key = SeriesKey.Parse("BTCUSD:1m");

        private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().AddSingleton<StreamCounters>()
            .BuildServiceProvider();
        private readonly SeriesHub _hub;
        private readonly RevCounter _revs = new(TimeProvider.System);
        private int _published;

        public BatchingSender()
        {
            _hub = new SeriesHub(Key, new StreamingOptions(), null!, null!, _revs, TimeProvider.System, NullLogger.Instance);
            Sender = new Sender(
                _revs, Options.Create(new SendingOptions()), _services.GetRequiredService<StreamCounters>(), TimeProvider.System,
                NullLogger<Sender>.Instance, mayBatch: true);
            Sender.Start();
        }

        public Sender Sender { get; }

        public async Task JoinAsync(Connection connection)
        {
            connection.Subscriptions = [new Slot(connection, _hub, _hub.Status)];
            var join = new JoinCommand(connection);
            Sender.Post(join);
            await join.Answer.WaitAsync(Cancel);
            var live = new LiveCommand(connection, Frame.Of("event: synced\nid: 1\ndata: {}\n\n"u8));
            Sender.Post(live);
            Assert.Equal(SseLive.Taken, await live.Answer.WaitAsync(Cancel));
        }

        public void Publish()
        {
            _published++;
            Sender.OnUpdate(new CandleUpdate(Key, new Candle(_published * 60_000L, 1, 1, 1, 1, 1, Closed: true, Rev: new Rev(_published))));
        }

        /// <summary>Without its descriptor the ring is none to the system.</summary>
        public async Task BreakRingAsync()
        {
            const BindingFlags Inner = BindingFlags.Instance | BindingFlags.NonPublic;
            var leaves = new Connection(default);
            Sender.Post(new LeaveCommand(leaves));
            await leaves.Ended.WaitAsync(Cancel);
            var batch = typeof(Sender).GetField("_batch", Inner)!.GetValue(Sender)!;
            var ring = Array.Find(typeof(SocketBatch).GetFields(Inner), f => f.FieldType == typeof(SocketRing))!.GetValue(batch)!;
            typeof(SocketRing).GetField("_ring", Inner)!.SetValue(ring, -1);
        }

        public Task StopAsync() => Sender.StopAsync().WaitAsync(Cancel);

        public async ValueTask DisposeAsync()
        {
            await Sender.DisposeAsync();
            await _services.DisposeAsync();
        }
    }
}
