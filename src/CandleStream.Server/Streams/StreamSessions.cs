using CandleStream.Providers;
using CandleStream.Server.Access;
using CandleStream.Server.Streams.Events;
using CandleStream.Server.Streams.Sending;
using CandleStream.Server.Streams.Sockets;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Streams;

/// <summary>
/// Serves one stream from its headers to its end: the join, then the sender's care. See docs/protocol.md for what is sent and why in this
/// order.
/// </summary>
internal sealed partial class StreamSessions(
    SeriesJoiner joiner,
    ICandleProvider provider,
    SenderThreads senders,
    StreamCounters counters,
    IOptions<SendingOptions> options,
    TimeProvider time,
    ILogger<StreamSessions> logger)
{
    private const int MinRetryMs = 1500;
    private const int MaxRetryMs = 2500;

    /// <summary>
    /// Returns when nothing of the stream needs the request any more: false, when it has ended and nothing of it is left anywhere but its
    /// place; true, when the sender has taken the connection's socket and the place.
    /// </summary>
    /// <param name="context">The request; nothing of its answer is written yet.</param>
    /// <param name="query">What was asked for.</param>
    /// <param name="place">With one handle per series of the query.</param>
    public async Task<bool> ServeAsync(HttpContext context, StreamQuery query, StreamPlace place)
    {
        var aborted = context.RequestAborted;
        var transport = Transport.Of(context, options.Value.DirectSockets);
        transport.Prepare(context, options.Value.SendBufferBytes);
        var compressed = NegotiateCompression(context, transport) ? new CompressedStream() : null;
        var writer = new JoinWriter(context.Response.BodyWriter, transport.Framing, compressed, options.Value.StuckLimit, time);
        var connection = new Connection(SettingsOf(query), compressed) { Trace = StreamTrace.Begin(time.GetUtcNow()) };
        var sender = senders.Next();
        place.CountIn(counters);
        var isTaken = false;
        try
        {
            connection.Subscriptions = await GreetAsync(writer, connection, place.Series, aborted);
            connection.Output = OutputOf(context, transport, sender, connection);
            if (transport.Takeover is not null) Prepare(connection, context, sender, place);
            using var leave = LeaveWhen(sender, connection, aborted);
            var live = await JoinAsync(sender, connection, query.JoinRequest, writer, aborted);
            isTaken = live == SseLive.Taken;
            if (isTaken) return true;
            var end = await connection.Ended;
            if (end == SseEnd.Shutdown && live == SseLive.Ended) await SayByeAsync(writer, aborted);
            if (end == SseEnd.Shutdown) await connection.Output.SettleAsync().AsTask().WaitAsync(options.Value.ByeTimeout, time, aborted);
            else context.Abort();
        }
        catch (Exception e) when (e is OperationCanceledException or TimeoutException or IOException)
        {
            // Gone, or stuck before the sender had it: the expected ends.
            if (e is TimeoutException) CountSlowClosed(place.Series);
            context.Abort();
        }
        catch (Exception e)
        {
            LogFailed(e);
            context.Abort();
        }
        finally
        {
            if (!isTaken) await LetGoAsync(sender, connection, writer);
        }

        return false;
    }

    /// <summary>Sets the headers that say whether the answer is compressed; true where it is.</summary>
    public bool NegotiateCompression(HttpContext context, Transport transport)
    {
        if (!options.Value.Compression || !transport.IsBareBody) return false;
        var isGzip = ContentCoding.IsGzipAskedFor(context.Request);
        ContentCoding.Describe(context.Response, isGzip);
        return isGzip;
    }

    // The sender may take all of it as soon as it is asked to go live. Nothing that it gets may name the request, which is used again.
    private void Prepare(Connection connection, HttpContext context, Sender sender, StreamPlace place)
    {
        place.Hold(context.Features.Get<ConnectionPlace>());
        place.EndWith(context.Features.Get<ApiKey>(), context.Features.Get<PathTicket>(), sender, connection, time);
        connection.Place = place;
    }

    // What can be said at once, before any waiting: the client sees that it is connected.
    private async Task<Slot[]> GreetAsync(
        JoinWriter writer, Connection connection, IReadOnlyList<SeriesHandle> handles, CancellationToken aborted)
    {
        var now = time.GetUtcNow();
        await writer.WriteAsync(StreamEvents.Retry(Random.Shared.Next(MinRetryMs, MaxRetryMs + 1)), aborted);
        await writer.WriteAsync(StreamEvents.Hello(
            now.ToUnixTimeMilliseconds(), options.Value.Heartbeat, handles.Select(h => h.Series.Key), provider.IsSimulated), aborted);
        var subscriptions = new Slot[handles.Count];
        for (var i = 0; i < handles.Count; i++)
        {
            var series = handles[i].Series;
            var status = series.Status;
            await writer.WriteAsync(StreamEvents.Status(status, now), aborted);
            subscriptions[i] = new Slot(connection, series, status);
        }

        await writer.FlushAsync(aborted);
        return subscriptions;
    }

    // From the answer of each registration on, changes wait at the sender; what is read after it and what waits overlap, and leave nothing
    // out.
    private async Task<SseLive> JoinAsync(
        Sender sender, Connection connection, JoinRequest request, JoinWriter writer, CancellationToken aborted)
    {
        for (var isFirst = true; ; isFirst = false)
        {
            var register = new JoinCommand(connection);
            sender.Post(register);
            if (await register.Answer is not { } asOf) return SseLive.Ended;

            var joins = await Task.WhenAll(connection.Subscriptions.Select(s => joiner.JoinAsync(s.Source, request, aborted)));
            for (var i = 0; i < joins.Length; i++)
            {
                if (isFirst || joins[i].Mode == JoinMode.Reset) connection.Subscriptions[i].Mode = joins[i].Mode;
                await WriteAsync(writer, joins[i], request, aborted);
            }

            await writer.FlushAsync(aborted);
            var live = new LiveCommand(connection, StreamEvents.Synced(asOf, connection.Subscriptions.Select(s => (s.Source.Key, s.Mode))));
            sender.Post(live);
            if (await live.Answer is var answer and not SseLive.Overflowed) return answer;
            request = new JoinRequest(asOf, IsUnreadable: false, SnapshotCount: 0, SnapshotRequested: false);
        }
    }

    private static async ValueTask WriteAsync(JoinWriter writer, SeriesJoin join, JoinRequest request, CancellationToken aborted)
    {
        foreach (var candle in join.Missed) await writer.WriteAsync(StreamEvents.MissedCandle(join.Series, candle), aborted);
        var isAskedFor = request.SnapshotCount > 0 && (join.Mode == JoinMode.Fresh || request.SnapshotRequested);
        if (isAskedFor || join.Mode == JoinMode.Reset) await writer.WriteAsync(StreamEvents.Snapshot(join.Series, join.Snapshot), aborted);
    }

    private static async ValueTask SayByeAsync(JoinWriter writer, CancellationToken aborted)
    {
        await writer.WriteAsync(StreamEvents.Bye(), aborted);
        await writer.WriteAsync(Frame.EndOfBody, aborted);
        await writer.FlushAsync(aborted);
    }

    private static Output OutputOf(HttpContext context, Transport transport, Sender sender, Connection connection) =>
        transport.Takeover is { } takeover
            ? new TakenSocketOutput(takeover)
            : new BodyWriterOutput(
                context.Response.BodyWriter, transport.Framing, () => sender.Post(new ReadyCommand(connection)));

    private static CancellationTokenRegistration LeaveWhen(Sender sender, Connection connection, CancellationToken aborted) =>
        aborted.UnsafeRegister(_ => sender.Post(new LeaveCommand(connection)), null);

    private SseSettings SettingsOf(StreamQuery query) => new(query.Deltas, query.MaxRate switch
    {
        null => 0,
        0 => SseSettings.ClosedOnly,
        { } rate => (long)(time.TimestampFrequency / rate),
    });

    // The request's objects are used again once it returns: the sender must have let go, and no write may be under way.
    private static async Task LetGoAsync(Sender sender, Connection connection, JoinWriter writer)
    {
        sender.Post(new LeaveCommand(connection));
        await connection.Ended;
        await writer.SettleAsync();
        if (connection.Output is { } output) await output.SettleAsync();
    }

    private void CountSlowClosed(IReadOnlyList<SeriesHandle> handles)
    {
        foreach (var handle in handles) counters.Of(handle.Series.Key).CountSlowClosed();
    }

    [LoggerMessage(LogLevel.Error, "A stream failed while it was joined")]
    private partial void LogFailed(Exception exception);
}
