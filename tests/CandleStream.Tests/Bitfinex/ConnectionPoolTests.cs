using System.Net.WebSockets;
using System.Text;
using CandleStream.Exchanges;
using CandleStream.Exchanges.Bitfinex;
using CandleStream.Tests.Support;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace CandleStream.Tests.Bitfinex;

[Collection(nameof(VirtualTime))]
public class ConnectionPoolTests
{
    [Fact]
    public async Task A_socket_that_is_ready_only_when_the_pool_is_disposed_is_closed_too()
    {
        Quiet.Calibrate();
        var cancel = TestContext.Current.CancellationToken;
        var time = new VirtualClock(new DateTimeOffset(2026, 9, 22, 12, 0, 0, TimeSpan.Zero));
        using var metrics = new ExchangeMetrics();
        using var socket = new ReadySocket();
        var (asked, given) = (new TaskCompletionSource(), new TaskCompletionSource<WebSocket>());
        var pool = Pool(
            _ =>
            {
                asked.SetResult();
                return given.Task;
            },
            time, metrics, NullLogger.Instance);
        var placing = pool.PlaceAsync(new NoListener(), recovers: false, cancel);
        await asked.Task.WaitAsync(cancel);

        var disposing = pool.DisposeAsync().AsTask();
        await Quiet.WaitAsync(cancel);
        given.SetResult(socket);
        await disposing.WaitAsync(TimeSpan.FromSeconds(30), cancel);

        Assert.True(socket.IsDisposed);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => placing);
    }

    [Fact]
    public async Task A_socket_that_the_other_side_closes_first_while_we_close_it_is_no_lost_connection()
    {
        Quiet.Calibrate();
        var cancel = TestContext.Current.CancellationToken;
        var time = new VirtualClock(new DateTimeOffset(2026, 9, 22, 12, 0, 0, TimeSpan.Zero));
        using var metrics = new ExchangeMetrics();
        using var socket = new ReadySocket { OtherSideEndsFirst = true };
        var log = new KeptLog<SocketPool>();
        var pool = Pool(_ => Task.FromResult<WebSocket>(socket), time, metrics, log);
        var channel = await pool.PlaceAsync(new NoListener(), recovers: false, cancel);

        await pool.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30), cancel);

        Assert.Equal(ChannelEndKind.Released, (await channel.Ended).Kind);
        Assert.Empty(log.Lines);
    }

    private static SocketPool Pool(
        Func<CancellationToken, Task<WebSocket>> connect, TimeProvider time, ExchangeMetrics metrics, ILogger log)
    {
        var options = new BitfinexOptions();
        return new SocketPool(
            async (changed, cancel) =>
                await BitfinexConnection.OpenAsync(connect, options, time, metrics, new LogGate(time), log, changed, cancel),
            options, time, metrics, log);
    }

    /// <summary>A socket whose greeting and configuration are there before anybody waits for them.</summary>
    private sealed class ReadySocket : WebSocket
    {
        private readonly Queue<string> _messages =
            new(["""{"event":"info","version":2,"platform":{"status":1}}""", """{"event":"conf","status":"OK","flags":98304}"""]);
        private readonly TaskCompletionSource<ValueWebSocketReceiveResult> _end = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public bool IsDisposed { get; private set; }

        /// <summary>The connection breaks before our goodbye has left; the goodbye fails with it.</summary>
        public bool OtherSideEndsFirst { get; init; }

        public override WebSocketCloseStatus? CloseStatus => null;

        public override string? CloseStatusDescription => null;

        public override WebSocketState State => _end.Task.IsCompleted ? WebSocketState.Aborted : WebSocketState.Open;

        public override string? SubProtocol => null;

        public override void Abort() => _end.TrySetException(new WebSocketException(WebSocketError.ConnectionClosedPrematurely));

        public override Task CloseAsync(
            WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) => Task.CompletedTask;

        public override async Task CloseOutputAsync(
            WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken)
        {
            if (!OtherSideEndsFirst) return;
            _end.TrySetException(new WebSocketException(WebSocketError.ConnectionClosedPrematurely));
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }

        public override void Dispose() => IsDisposed = true;

        public override Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public override ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken) =>
            _messages.TryDequeue(out var message)
                ? ValueTask.FromResult(new ValueWebSocketReceiveResult(
                    Encoding.UTF8.GetBytes(message, buffer.Span), WebSocketMessageType.Text, endOfMessage: true))
                : new ValueTask<ValueWebSocketReceiveResult>(_end.Task);

        public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage,
            CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private sealed class NoListener : IChannelListener
    {
        public SeriesKey Series { get; } = ProviderFixture.Series();

        public void OnPlaced(IExchangeChannel channel)
        {
        }

        public void OnSnapshot(IExchangeChannel channel, List<Candle> candles, long? exchangeTime)
        {
        }

        public void OnCandle(IExchangeChannel channel, in Candle candle, long? exchangeTime, long receivedAt)
        {
        }

        public void OnUnreadable(IExchangeChannel channel, TimeRange? times)
        {
        }

        public void OnEmpty(IExchangeChannel channel, TimeRange times, long? exchangeTime)
        {
        }

        public void OnIncomplete(IExchangeChannel channel, TimeRange times)
        {
        }

        public void OnExchangeTime(IExchangeChannel channel, long exchangeTime)
        {
        }

        public void OnTimeTold(IExchangeChannel channel, long exchangeTime)
        {
        }

        public void OnHeldBack(string reason)
        {
        }

        public void OnSilenceEnded(IExchangeChannel channel, long? exchangeTime)
        {
        }

        public void OnInterrupted(IExchangeChannel channel, string reason)
        {
        }
    }
}
