using System.Diagnostics;
using CandleStream.Streaming;
using Microsoft.Extensions.Options;

namespace CandleStream.Server.Sse;

/// <summary>
/// One thread that sends to the connections given to it, and the only one that touches them. It is a sink of every series one of them watches.
/// Each round takes what the inbox holds, then writes once to every connection that has something waiting: nobody waits for a slow one, and several events become one write.
/// </summary>
internal sealed partial class SseSender : ICandleSink, IAsyncDisposable
{
    /// <summary>Items taken in one round, so that a flood of updates cannot keep the sockets waiting.</summary>
    private const int RoundItems = 4096;

    /// <summary>A round that found this much was late: forming candles are conflated for everybody until the sender has caught up.</summary>
    private const int LateItems = 1000;

    /// <summary>A blocked connection for which so much waits needs no heartbeat.</summary>
    private const int EnoughToRead = 8;

    private static readonly TimeSpan ShortestSleep = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan HousekeepingInterval = TimeSpan.FromSeconds(1);

    private readonly RevCounter _revs;
    private readonly SseOptions _options;
    private readonly SseCounters _counters;
    private readonly TimeProvider _time;
    private readonly ILogger<SseSender> _logger;
    private readonly SseInbox _inbox = new();
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _housekeeping;
    private readonly ITimer _turns;
    private readonly Func<bool> _hasTimeCome;
    private readonly Thread _thread;

    // Set by timers, StopAsync and DisposeAsync, on any thread.
    private volatile bool _isHousekeepingDue;
    private volatile bool _areTurnsDue;
    private volatile bool _isStopAsked;
    private volatile bool _isDisposed;

    // Owned by the sender thread.
    private readonly Dictionary<SeriesKey, SseSeries> _series = [];
    private readonly List<SseConnection> _connections = [];
    private readonly List<SseConnection> _dirty = [];
    private readonly List<SseConnection> _failed = [];
    private readonly SseBlockedConnections _blocked = new();
    private readonly PriorityQueue<SseConnection, long> _held = new();
    private readonly SsePacer _pacer;
    private readonly SseRound _round;
    private readonly Action<SseConnection> _flush;
    private readonly Action<SseConnection, ReadOnlyMemory<byte>, int> _batchSent;
    private long _heartbeatAt;
    private long _turnTimerAt = long.MaxValue;
    private long? _stoppedAt;

    public SseSender(RevCounter revs, IOptions<SseOptions> options, SseCounters counters, TimeProvider time, ILogger<SseSender> logger)
    {
        (_revs, _options, _counters, _time, _logger) = (revs, options.Value, counters, time, logger);
        _round = new SseRound(time);
        _pacer = new SsePacer((long)(_options.CoalesceInterval.TotalSeconds * Stopwatch.Frequency));
        _flush = Flush;
        _batchSent = BatchSent;
        _thread = new Thread(Run) { IsBackground = true, Name = "SSE sender" };
        _hasTimeCome = () => _isHousekeepingDue || _areTurnsDue || _isDisposed || (_isStopAsked && _stoppedAt is null);
        _heartbeatAt = After(time.GetTimestamp(), _options.Heartbeat);
        _housekeeping = time.CreateTimer(_ => HousekeepingIsDue(), null, HousekeepingInterval, HousekeepingInterval);
        _turns = time.CreateTimer(_ => TurnsAreDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Start() => _thread.Start();

    /// <summary>Says <c>bye</c> to everybody. Any thread; the result completes when the last connection is let go. Whoever comes later is refused.</summary>
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
        await _housekeeping.DisposeAsync();
        await _turns.DisposeAsync();
        _inbox.Dispose();
    }

    private void Run()
    {
        try
        {
            OpenBatch();
            while (!_isDisposed)
            {
                // Before the round reads the clock: what a timer called due before is due by then, and what it calls due later wakes the sender again.
                var keepsHouse = _isHousekeepingDue;
                if (keepsHouse) _isHousekeepingDue = false;
                _areTurnsDue = false;
                _round.Begin();
                TakeInbox();
                _blocked.Visit(_flush);
                GiveTurns();
                if (keepsHouse) KeepHouse();
                if (_isStopAsked) SayBye();
                FlushDirty();
                if (_round.OldestReceivedAt != long.MaxValue) _counters.Written(_time.GetElapsedTime(_round.OldestReceivedAt));
                RemoveFailed();
                if (_stoppedAt is not null && _connections.Count == 0) _done.TrySetResult();
                ArmTurnTimer();
                _inbox.Wait(_blocked.NextRetryMs(), _hasTimeCome);
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
        var frame = SseEvents.Snapshot(series.Hub.Series, merged.Select(u => u.Candle).ToList());
        series.NextRound(out var first, out var second);
        foreach (var reader in first) Add(reader);
        foreach (var reader in second) Add(reader);

        void Add(SseSubscription reader)
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

        void Tell(SseConnection connection)
        {
            connection.HasNewStatus = true;
            MarkDirty(connection);
        }
    }

    private void Offer(SseSubscription reader, SseUpdate update)
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
    private bool MakeRoom(SseConnection connection)
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

    private void Hold(SseConnection connection)
    {
        if (connection.IsHeld) return;
        connection.IsHeld = true;
        _held.Enqueue(connection, connection.NextFormingAt);
    }

    private void MarkDirty(SseConnection connection)
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

    private void ArmTurnTimer()
    {
        var next = _held.TryPeek(out _, out var at) ? at : long.MaxValue;
        if (next == _turnTimerAt) return;
        _turnTimerAt = next;
        var wait = next == long.MaxValue ? Timeout.InfiniteTimeSpan : _time.GetElapsedTime(_time.GetTimestamp(), next);
        _turns.Change(wait < TimeSpan.Zero && next != long.MaxValue ? TimeSpan.Zero : wait, Timeout.InfiniteTimeSpan);
    }

    private void KeepHouse()
    {
        _blocked.FindStuck(_round, _options.StuckLimit, c => Fail(c, SseEnd.TooSlow));
        if (_stoppedAt is not null || _round.Now < _heartbeatAt) return;
        _heartbeatAt = After(_round.Now, _options.Heartbeat);
        var frame = SseEvents.Heartbeat(_time.GetUtcNow().ToUnixTimeMilliseconds());
        foreach (var connection in _connections)
        {
            // Who is blocked with much waiting has enough to read; who joins is being written to by its request.
            if (!connection.IsLive || (connection.IsBlocked && connection.Waiting.Count >= EnoughToRead)) continue;
            connection.Waiting.Add(null, frame);
            MarkDirty(connection);
        }
    }

    private void SayBye()
    {
        if (_stoppedAt is { } since)
        {
            if (_round.Since(since) < _options.ByeTimeout) return;
            foreach (var connection in _connections) Fail(connection, SseEnd.Gone);
            return;
        }

        _stoppedAt = _round.Now;
        foreach (var connection in _connections)
        {
            if (!connection.IsLive)
            {
                // Its request is writing to it and says bye itself.
                Fail(connection, SseEnd.Shutdown);
                continue;
            }

            connection.IsFinishing = true;
            connection.Waiting.Add(null, SseEvents.Bye());
            connection.Waiting.Add(null, SseFrame.EndOfBody);
            MarkDirty(connection);
        }
    }

    private long After(long timestamp, TimeSpan span) => timestamp + (long)(span.TotalSeconds * _time.TimestampFrequency);

    private void HousekeepingIsDue()
    {
        _isHousekeepingDue = true;
        _inbox.Wake();
    }

    private void TurnsAreDue()
    {
        _areTurnsDue = true;
        _inbox.Wake();
    }
}
