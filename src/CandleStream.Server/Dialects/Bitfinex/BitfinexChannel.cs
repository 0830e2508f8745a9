using CandleStream.Server.Doors;
using CandleStream.Streaming.Series;

namespace CandleStream.Server.Dialects.Bitfinex;

/// <summary>
/// One subscription of a bot. The bot is sent a snapshot before anything else, and again after every interruption, as if it had
/// reconnected: its own recovery fills what it missed. While the feed is not live it is sent nothing, not even heartbeats, for a silent
/// channel is how the exchange shows that something is wrong.
/// </summary>
/// <param name="id">The number that the bot knows it by.</param>
/// <param name="key">The key as the bot sent it.</param>
/// <param name="outbox">What waits for the bot's socket.</param>
/// <param name="time">Our clock.</param>
/// <param name="onBug">Told of a failure that nobody expected; the bot's socket ends then.</param>
internal sealed class BitfinexChannel(int id, string key, BitfinexOutbox outbox, TimeProvider time, Action<Exception> onBug)
    : ICandleSink, IDisposable
{
    /// <summary>Rows of a snapshot; the exchange does not document its own number.</summary>
    private const int SnapshotRows = 240;

    private readonly CancellationTokenSource _closed = new();

    // Guarded by _gate. Held while something is added to the outbox, so that nothing passes a snapshot.
    private readonly Lock _gate = new();
    private readonly Dictionary<long, Candle> _early = [];
    private DoorWatch? _watch;
    private SeriesStatus? _status;
    private Phase _phase = Phase.Waiting;
    private bool _isDisposed;

    // Counts the readings: only the newest one may be sent.
    private int _readings;

    private enum Phase
    {
        /// <summary>The feed is not live, or has no candle yet: nothing is sent.</summary>
        Waiting,

        /// <summary>The newest candles are being read; what changes meanwhile is collected.</summary>
        Reading,

        /// <summary>The snapshot was sent; every change follows.</summary>
        Streaming,
    }

    public int Id { get; } = id;

    public string Key { get; } = key;

    /// <summary>The candle added last; kept for the outbox, and guarded by it.</summary>
    public BitfinexOutbox.Waiting? LastWaiting { get; set; }

    /// <summary>Exchange time, Unix ms; our own clock until the exchange told its time.</summary>
    public long Now => time.GetUtcNow().ToUnixTimeMilliseconds() + (_watch?.ClockOffsetMs ?? 0);

    /// <exception cref="SeriesLimitException">Too many series are open.</exception>
    /// <exception cref="ObjectDisposedException">The server stops.</exception>
    public void Open(CandleDoor door, SeriesKey series)
    {
        var watch = door.Watch(series, this);
        lock (_gate)
        {
            _watch = watch;
            if (_status is { Connected: true }) Read();
        }
    }

    public void Beat()
    {
        lock (_gate)
        {
            if (!_isDisposed && _phase == Phase.Streaming) outbox.Add(this, "\"hb\""u8.ToArray());
        }
    }

    public void OnUpdate(CandleUpdate update)
    {
        lock (_gate)
        {
            if (_isDisposed) return;
            if (_phase == Phase.Streaming) outbox.Add(this, update.Candle);
            else if (_phase == Phase.Reading) _early[update.Candle.Time] = update.Candle;
            // The first candle of a series that had none.
            else if (_status is { Connected: true }) Read();
        }
    }

    public void OnFirstMerge(SeriesKey series, IReadOnlyList<CandleUpdate> changed)
    {
        lock (_gate)
        {
            // The candles that a snapshot is made of have changed under it.
            if (!_isDisposed && _status is { Connected: true }) Read();
        }
    }

    public void OnStatus(SeriesStatus status)
    {
        lock (_gate)
        {
            var before = _status;
            _status = status;
            if (_isDisposed) return;
            if (!status.Connected)
            {
                _phase = Phase.Waiting;
                return;
            }

            // A new gap means that candles were missed, whatever became of the feed.
            var known = TimeRangeSet.Of(before?.Gaps ?? []);
            if (before is not { Connected: true } || status.Gaps.Any(g => !known.ContainsAll(g))) Read();
        }
    }

    public void Dispose()
    {
        lock (_gate) _isDisposed = true;
        _closed.Cancel();
        _watch?.Dispose();
    }

    // Guarded by _gate.
    private void Read()
    {
        if (_watch is null) return;
        _phase = Phase.Reading;
        _early.Clear();
        // The hub's lock is held here: reading begins on another thread.
        var (watch, reading) = (_watch, ++_readings);
        _ = Task.Run(() => SendSnapshotAsync(watch, reading, _closed.Token));
    }

    private async Task SendSnapshotAsync(DoorWatch watch, int reading, CancellationToken cancel)
    {
        try
        {
            var newest = await watch.NewestAsync(SnapshotRows, cancel);
            lock (_gate)
            {
                // Another interruption came meanwhile, and began its own reading.
                if (_isDisposed || _phase != Phase.Reading || _readings != reading) return;
                foreach (var candle in newest)
                    if (!_early.TryGetValue(candle.Time, out var changed) || changed.Rev < candle.Rev) _early[candle.Time] = candle;
                // A dialect without gaps must not show both sides of one.
                var from = _status!.Gaps.IsEmpty ? long.MinValue : _status.Gaps.Max(g => g.To);
                List<Candle> rows = [.. _early.Values.Where(c => c.Time >= from).OrderByDescending(c => c.Time).Take(SnapshotRows)];
                _early.Clear();
                // Most clients stumble over an empty snapshot: the first candle will bring one.
                _phase = rows.Count == 0 ? Phase.Waiting : Phase.Streaming;
                if (rows.Count > 0) outbox.Add(this, BitfinexAnswer.Rows(rows));
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            // The bot unsubscribed.
        }
        catch (Exception bug)
        {
            onBug(bug);
            outbox.Complete();
        }
    }
}
