using System.Diagnostics;
using CandleStream.Server.Streams.Events;
using CandleStream.Streaming.Series;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Streams.Sending;

/// <summary>
/// One thread that sends to the connections given to it, and the only one that touches them. It is a sink of every series one of them
/// watches. Each round takes what the inbox holds, then writes once to every connection that has something waiting: nobody waits for a slow
/// one, and several events become one write.
/// </summary>
internal sealed partial class Sender : ICandleSink, IAsyncDisposable
{
    /// <summary>Items taken in one round, so that a flood of updates cannot keep the sockets waiting.</summary>
    private const int RoundItems = 4096;

    /// <summary>
    /// A round that found this much was late: forming candles are conflated for everybody until the sender has caught up.
    /// </summary>
    private const int LateItems = 1000;

    private static readonly TimeSpan ShortestSleep = TimeSpan.FromMilliseconds(1);

    private readonly RevCounter _revs;
    private readonly SendingOptions _options;
    private readonly StreamCounters _counters;
    private readonly TimeProvider _time;
    private readonly ILogger<Sender> _logger;
    private readonly SenderSleep _sleep = SenderSleep.Create();
    private readonly Inbox _inbox;
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _mayBatch;
    private readonly Func<bool> _hasTimeCome;
    private readonly Thread _thread;

    // Set by StopAsync and DisposeAsync, on any thread.
    private volatile bool _isStopAsked;
    private volatile bool _isDisposed;

    // Set by the sender thread before it takes anything, reset when all that came of it is done.
    private volatile bool _isBusy;

    // Owned by the sender thread.
    private readonly Dictionary<SeriesKey, SeriesReaders> _series = [];
    private readonly List<Connection> _connections = [];
    private readonly List<Connection> _dirty = [];
    private readonly List<Connection> _failed = [];
    private readonly BlockedConnections _blocked;
    private readonly PriorityQueue<Connection, long> _held = new();
    private readonly Pacer _pacer;
    private readonly Round _round;
    private readonly Alarm _alarm;
    private readonly Action<Connection> _endStuck;
    private readonly Action<Connection, ReadOnlyMemory<byte>, int> _batchSent;

    // Heartbeats come on a fixed grid, one per sender: a late one delays none after it.
    private readonly long _heartbeatEvery;
    private long _heartbeatAt;
    private long _byeEndsAt = Alarm.Never;
    private bool _hasSaidBye;

    /// <param name="revs">The counter behind the series.</param>
    /// <param name="options">How streams are sent.</param>
    /// <param name="counters">Of what is sent.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told of bugs.</param>
    /// <param name="mayBatch">Whether the system lets many sends become one call.</param>
    public Sender(RevCounter revs, IOptions<SendingOptions> options, StreamCounters counters, TimeProvider time, ILogger<Sender> logger,
        bool mayBatch = false)
    {
        _mayBatch = mayBatch;
        (_revs, _options, _counters, _time, _logger) = (revs, options.Value, counters, time, logger);
        _inbox = new Inbox(_sleep);
        _round = new Round(time);
        _pacer = new Pacer((long)(_options.CoalesceInterval.TotalSeconds * Stopwatch.Frequency));
        _blocked = new BlockedConnections(Timestamps(_options.StuckLimit));
        _alarm = new Alarm(time, _inbox.Wake);
        _endStuck = connection => Fail(connection, SseEnd.TooSlow);
        _batchSent = BatchSent;
        _thread = new Thread(Run) { IsBackground = true, Name = "SSE sender" };
        _hasTimeCome = () => _alarm.HasRung || _isDisposed || (_isStopAsked && !_hasSaidBye);
        _heartbeatEvery = Timestamps(_options.Heartbeat);
        _heartbeatAt = time.GetTimestamp() + _heartbeatEvery;
    }

    /// <summary>
    /// True while nothing is left to do before a timer fires, something is posted or a client reads; however the sender waits for that. Any
    /// thread. Asked in this order: what is taken out of the inbox, or was due, is taken by a sender that is busy already.
    /// </summary>
    public bool IsDrained => _inbox.IsEmpty && !_hasTimeCome() && !_isBusy;

    public void Start() => _thread.Start();

    /// <summary>
    /// Says <c>bye</c> to everybody. Any thread; the result completes when the last connection is let go. A connection that comes later is
    /// refused.
    /// </summary>
    public Task StopAsync()
    {
        _isStopAsked = true;
        _inbox.Wake();
        return _done.Task;
    }

    /// <summary>Any thread.</summary>
    public void Post(SseCommand command) => _inbox.Post(command);

    /// <summary>Called by a hub, under its lock.</summary>
    public void OnUpdate(CandleUpdate update) => _inbox.Post(update);

    /// <summary>Called by a hub, under its lock.</summary>
    public void OnFirstMerge(SeriesKey series, IReadOnlyList<CandleUpdate> changed)
    {
        if (changed.Count > 0) _inbox.Post(changed);
    }

    /// <summary>Called by a hub, under its lock.</summary>
    public void OnStatus(SeriesStatus status) => _inbox.Post(status);

    public async ValueTask DisposeAsync()
    {
        if (_thread.IsAlive) await StopAsync();
        _isDisposed = true;
        _inbox.Wake();
        if (_thread.IsAlive) _thread.Join();
        await _alarm.DisposeAsync();
        _sleep.Dispose();
    }

    private void Run()
    {
        try
        {
            OpenBatch();
            while (!_isDisposed)
            {
                _isBusy = true;
                _alarm.Hear();
                _round.Begin();
                HearSockets();
                TakeInbox();
                _blocked.Sweep();
                GiveTurns();
                _blocked.EndStuck(_round.Now, _endStuck);
                GiveHeartbeats();
                if (_isStopAsked) SayBye();
                FlushDirty();
                if (_round.OldestReceivedAt != long.MaxValue) _counters.Written(_time.GetElapsedTime(_round.OldestReceivedAt));
                RemoveFailed();
                if (_hasSaidBye && _connections.Count == 0) _done.TrySetResult();
                _alarm.Set(NextDue());
                _isBusy = false;
                _inbox.Wait(_hasTimeCome);
                Pace();
            }
        }
        catch (Exception e)
        {
            // A bug: without this thread nobody would be served, and nobody would notice.
            LogSenderFailed(e);
            _done.TrySetException(e);
            throw;
        }
        finally
        {
            _batch?.Dispose();
            foreach (var connection in _connections) LetGo(connection);
        }
    }

    // Real time, whatever clock the product is given: this is about wake-ups of a real thread.
    private void Pace()
    {
        var wait = Stopwatch.GetElapsedTime(0, _pacer.TakeTurn(Stopwatch.GetTimestamp()));
        if (wait >= ShortestSleep) Thread.Sleep(wait);
    }

    private void TakeInbox()
    {
        for (var taken = 0; taken < RoundItems && _inbox.TryTake(out var item); taken++)
        {
            if (taken == LateItems) _round.IsLate = true;
            switch (item)
            {
                case CandleUpdate update: Distribute(update); break;
                case IReadOnlyList<CandleUpdate> merged: Distribute(merged); break;
                case SeriesStatus status: Distribute(status); break;
                case ReadyCommand ready: MarkDirty(ready.Connection); break;
                case JoinCommand join: join.Reply(Register(join.Connection)); break;
                case LiveCommand live: live.Reply(GoLive(live.Connection, live.Synced)); break;
                case LeaveCommand leave: Fail(leave.Connection, SseEnd.Gone); break;
            }
        }
    }

    private void Distribute(CandleUpdate update)
    {
        if (!_series.TryGetValue(update.Series, out var series)) return;
        var prepared = series.Prepare(update);
        _round.Takes(update.ReceivedAt);
        series.NextRound(out var first, out var second);
        foreach (var reader in first) Offer(reader, prepared);
        foreach (var reader in second) Offer(reader, prepared);
    }

    private void Distribute(IReadOnlyList<CandleUpdate> merged)
    {
        var newest = merged.Max(u => u.Rev);
        if (!_series.TryGetValue(merged[0].Series, out var series)) return;
        var frame = StreamEvents.Snapshot(series.Source.Key, merged.Select(u => u.Candle).ToList());
        series.NextRound(out var first, out var second);
        foreach (var reader in first) Add(reader);
        foreach (var reader in second) Add(reader);

        void Add(Slot reader)
        {
            if (!reader.Connection.TakesEvents) return;
            reader.Connection.Waiting.Add(reader, frame, newest);
            MarkDirty(reader.Connection);
        }
    }

    private void Distribute(SeriesStatus status)
    {
        if (!_series.TryGetValue(status.Series, out var series)) return;
        series.Status = status;
        series.NextRound(out var first, out var second);
        foreach (var reader in first) Tell(reader.Connection);
        foreach (var reader in second) Tell(reader.Connection);

        void Tell(Connection connection)
        {
            connection.HasNewStatus = true;
            MarkDirty(connection);
        }
    }

    private void Offer(Slot reader, EncodedUpdate update)
    {
        var connection = reader.Connection;
        if (!connection.TakesEvents) return;
        if (!update.IsClosed && !connection.WantsForming) return;

        if (!update.IsClosed && connection.NextFormingAt > _round.Now)
        {
            reader.HoldBack(update);
            Hold(connection);
            return;
        }

        reader.PassHeld(update);
        var waiting = connection.Waiting;
        waiting.Add(reader, update);
        if (waiting.Count > 1)
        {
            if (waiting.ClosedCount > _options.PendingClosedCandles && !MakeRoom(connection)) return;
            connection.ConflateIfMany();
        }

        MarkDirty(connection);
    }

    // Only who cannot be sent to is too slow: a burst larger than the limit is sent on the way.
    private bool MakeRoom(Connection connection)
    {
        if (!connection.IsLive)
        {
            connection.Overflowed = true;
            connection.Waiting.Clear();
            return false;
        }

        Flush(connection);
        if (connection.Failed is null && connection.Waiting.ClosedCount > _options.PendingClosedCandles) Fail(connection, SseEnd.TooSlow);
        return connection.Failed is null;
    }

    private void Hold(Connection connection)
    {
        if (connection.IsHeld) return;
        connection.IsHeld = true;
        _held.Enqueue(connection, connection.NextFormingAt);
    }

    private void MarkDirty(Connection connection)
    {
        if (connection.IsDirty) return;
        connection.IsDirty = true;
        _dirty.Add(connection);
    }

    private void GiveTurns()
    {
        while (_held.TryPeek(out var connection, out var at) && at <= _round.Now)
        {
            _held.Dequeue();
            connection.IsHeld = false;
            if (connection.NextFormingAt > _round.Now)
            {
                Hold(connection);
                continue;
            }

            connection.ReleaseHeld();
            MarkDirty(connection);
        }
    }

    // Everything that comes by the clock. What is due now is done in this round, so this lies ahead.
    private long NextDue()
    {
        var next = Math.Min(_hasSaidBye ? _byeEndsAt : _heartbeatAt, _blocked.StuckAt);
        return _held.TryPeek(out _, out var turn) ? Math.Min(next, turn) : next;
    }

    // Who joins is being written to by its request.
    private void GiveHeartbeats()
    {
        if (_hasSaidBye || _round.Now < _heartbeatAt) return;
        _heartbeatAt += (((_round.Now - _heartbeatAt) / _heartbeatEvery) + 1) * _heartbeatEvery;
        foreach (var connection in _connections)
        {
            if (!connection.IsLive) continue;
            connection.IsOwedHeartbeat = true;
            MarkDirty(connection);
        }
    }

    private void SayBye()
    {
        if (_hasSaidBye)
        {
            if (_round.Now < _byeEndsAt) return;
            _byeEndsAt = Alarm.Never;
            foreach (var connection in _connections) Fail(connection, SseEnd.Gone);
            return;
        }

        _hasSaidBye = true;
        _byeEndsAt = _round.Now + Timestamps(_options.ByeTimeout);
        foreach (var connection in _connections)
        {
            if (!connection.IsLive)
            {
                // Its request is writing to it and says bye itself.
                Fail(connection, SseEnd.Shutdown);
                continue;
            }

            connection.IsFinishing = true;
            connection.Waiting.Add(null, StreamEvents.Bye());
            connection.Waiting.Add(null, Frame.EndOfBody);
            MarkDirty(connection);
        }
    }

    private long Timestamps(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);

    [LoggerMessage(LogLevel.Critical, "The SSE sender thread failed")]
    private partial void LogSenderFailed(Exception exception);

    [LoggerMessage(LogLevel.Debug, "A stream ended ({Reason}) after {Lasted} with {Bytes} bytes of {Series} series")]
    private partial void LogEnded(string reason, TimeSpan lasted, long bytes, int series);

    [LoggerMessage(LogLevel.Error, "A stream failed and was ended")]
    private partial void LogConnectionFailed(Exception exception);

    [LoggerMessage(LogLevel.Warning, "Sends are made one by one, for io_uring is not to be had any more: {Reason}")]
    private partial void LogNotBatched(string reason);

    [LoggerMessage(
        LogLevel.Error, "A batch of sends failed, so {Count} streams were ended, which resume. From now on sends are made one by one")]
    private partial void LogBatchFailed(Exception exception, int count);
}
