using System.Text;

namespace CandleStream.Exchanges.Bitfinex;

/// <summary>
/// The channels of one socket and the watch over them, under one lock: the read loop, the timer, the pool and subscribers meet here.
/// Neither listeners nor the pool are called under it.
/// </summary>
/// <remarks>A channel that the exchange neither answers nor serves in time fails; where all of them are silent, the socket has
/// failed.</remarks>
internal sealed class BitfinexSubscriptions : ISocketSubscriptions
{
    // A heartbeat comes every 15 s on every channel, busy or quiet. Source: Bitfinex documentation, ws-general, "Heartbeating"; the rest is
    // for the way.
    private static readonly TimeSpan HeartbeatMissed = TimeSpan.FromSeconds(20);

    // Between two heartbeats where one was left out stand 30 s; between two of which the second is late, less.
    private static readonly TimeSpan HeartbeatSkipped = TimeSpan.FromSeconds(25);

    private readonly BitfinexOptions _options;
    private readonly TimeProvider _time;
    private readonly ExchangeMetrics _metrics;
    private readonly BadInputLog _badInput;
    private readonly BitfinexSocketActions _socket;
    private readonly ITimer _watch;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly ChannelTable _channels = new();
    private ChannelEnd? _end;
    private bool _isClosing;
    private bool _isPaused;
    private long _pauseDeadline;
    private int _refusedAt = int.MaxValue;

    // Written by the read loop.
    private long _lastFrameAt;

    public BitfinexSubscriptions(
        BitfinexOptions options, TimeProvider time, ExchangeMetrics metrics, BadInputLog badInput, BitfinexSocketActions socket)
    {
        (_options, _time, _metrics, _badInput, _socket) = (options, time, metrics, badInput, socket);
        _lastFrameAt = time.GetTimestamp();
        _watch = time.CreateTimer(_ => CheckDeadlines(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>When anything was received last on the socket (timestamp). Written by the read loop.</summary>
    public long LastFrameAt
    {
        get => Volatile.Read(ref _lastFrameAt);
        set => Volatile.Write(ref _lastFrameAt, value);
    }

    /// <summary>Why the socket ended; null while it has not.</summary>
    public ChannelEnd? EndReason
    {
        get
        {
            lock (_gate) return _end;
        }
    }

    /// <summary>All channels held or asked for; the array is not changed afterwards.</summary>
    public BitfinexChannel[] All
    {
        get
        {
            lock (_gate) return _channels.All;
        }
    }

    public int Count
    {
        get
        {
            lock (_gate) return _channels.Count;
        }
    }

    /// <summary>Subscribes a series; null when there is no room for it here.</summary>
    public IExchangeChannel? TrySubscribe(IChannelListener listener)
    {
        var channel = new BitfinexChannel(this, listener, BitfinexRequest.KeyOf(listener.Series));
        bool ask;
        lock (_gate)
        {
            var limit = Math.Min(_options.ChannelsPerSocket, _refusedAt);
            if (_end is not null || _isClosing || _isPaused || _channels.Count >= limit || _channels.Contains(channel.Key)) return null;
            channel.Deadline = _time.In(_options.AckTimeout);
            ask = _channels.Add(channel);
        }

        _metrics.Channels(1);
        listener.OnPlaced(channel);
        if (ask) _socket.Post(BitfinexRequest.Subscribe(channel.Key));
        Rearm();
        return channel;
    }

    /// <summary>What ends from here on ends by our own doing, and no channel is added any more.</summary>
    public void BeginClosing()
    {
        lock (_gate) _isClosing = true;
    }

    /// <summary>The socket ends: every channel is taken out. False where it had ended before.</summary>
    /// <param name="end">Why; the reason counts that is given back.</param>
    /// <param name="channels">Those that were left; the caller ends them.</param>
    public bool TryEnd(ref ChannelEnd end, out IReadOnlyList<ExchangeChannel> channels)
    {
        lock (_gate)
        {
            channels = [];
            if (_end is not null) return false;

            // What ends while we close it ends by our own doing, even where the other side was first.
            if (_isClosing && end.Kind != ChannelEndKind.Released) end = new ChannelEnd(ChannelEndKind.Released, "closed");
            _end = end;
            channels = _channels.TakeAll();
        }

        _watch.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _metrics.Channels(-channels.Count);
        return true;
    }

    /// <summary>The channel of a number and all channels, at one moment.</summary>
    public BitfinexChannel? Find(int id, out BitfinexChannel[] all)
    {
        lock (_gate)
        {
            _channels.TryFind(id, out var channel);
            all = _channels.All;
            return channel;
        }
    }

    public ValueTask DisposeAsync() => _watch.DisposeAsync();

    /// <summary>Gives a channel up: unsubscribes it, and its place is free at once.</summary>
    public void Release(BitfinexChannel channel) => Finish(channel, new ChannelEnd(ChannelEndKind.Released, "no longer followed"));

    /// <summary>Marks the connection as closing if it has no channel; then none is added any more.</summary>
    public bool TryRetire()
    {
        lock (_gate)
        {
            if (_end is not null || _channels.Count > 0) return false;
            return _isClosing = true;
        }
    }

    private void Finish(BitfinexChannel channel, ChannelEnd end)
    {
        int id;
        lock (_gate)
        {
            if (channel.State == ChannelState.Ended) return;
            id = _channels.Remove(channel, _time.In(_options.AckTimeout));
        }

        if (id != 0) _socket.Post(BitfinexRequest.Unsubscribe(id));
        Finished(channel, end);
    }

    // The channel is out of the table already.
    private void Finished(BitfinexChannel channel, ChannelEnd end)
    {
        _metrics.Channels(-1);
        channel.End(end);
        _socket.Changed();
    }

    public void OnSubscribed(BitfinexEvent answer, bool alreadyThere)
    {
        var id = answer.ChannelId!.Value;
        BitfinexChannel? displaced = null, next = null;
        var unwanted = false;
        lock (_gate)
        {
            if (_channels.FindAsked(answer.Key) is { } channel)
            {
                if (alreadyThere && _channels.IsLeaving(id))
                {
                    _channels.Defer(channel);
                }
                else
                {
                    _channels.Acknowledge(channel, id, out displaced, out next);
                    channel.Deadline = _time.In(_options.SilenceLimit);
                }
            }
            else if (!_channels.TryFind(id, out var held) || held.Key != answer.Key)
            {
                // Somebody gave up before the answer came.
                unwanted = _end is null && !_channels.IsLeaving(id);
                if (unwanted) _channels.Leave(id, answer.Key ?? "", _time.In(_options.AckTimeout));
            }
        }

        if (unwanted) _socket.Post(BitfinexRequest.Unsubscribe(id));
        if (displaced is not null) Finished(displaced, new ChannelEnd(ChannelEndKind.Failed, "its channel was given to another series"));
        if (next is not null) _socket.Post(BitfinexRequest.Subscribe(next.Key));
        Rearm();
    }

    public void OnUnsubscribed(int id)
    {
        BitfinexChannel? next, lost;
        lock (_gate) _channels.Left(id, out next, out lost);
        if (next is not null) _socket.Post(BitfinexRequest.Subscribe(next.Key));
        if (lost is not null) Finished(lost, new ChannelEnd(ChannelEndKind.Failed, "the exchange ended the subscription"));
    }

    public void OnRefused(BitfinexEvent error)
    {
        BitfinexChannel? channel;
        lock (_gate)
        {
            channel = _channels.FindAsked(error.Key);
            if (channel is not null)
            {
                _channels.Remove(channel, 0);
                if (error.Code == 10305) _refusedAt = Math.Max(1, _channels.Count);
            }
        }

        var text = $"{error.Code}{(error.Message is null ? "" : " " + error.Message)}";
        if (channel is null) _badInput.Once("an error that belongs to no subscription", Encoding.UTF8.GetBytes(text));
        else Finished(channel, RefusalOf(error.Code, text));
    }

    // Codes, never texts: the exchange changes its texts. Source: Bitfinex documentation, abbreviations-glossary, "Error codes".
    private static ChannelEnd RefusalOf(int? code, string text) => code switch
    {
        10300 or 10302 => new ChannelEnd(ChannelEndKind.Refused, $"the exchange refused the series ({text})"),
        10020 when !text.Contains("limit:", StringComparison.OrdinalIgnoreCase) => RefusalOf(10300, text),
        10305 => new ChannelEnd(ChannelEndKind.ChannelLimit, $"the exchange has no channel left ({text})"),
        _ => new ChannelEnd(ChannelEndKind.Failed, $"the exchange answered with an error ({text})"),
    };

    public bool FindChannel(in BitfinexFrame frame, long receivedAt, out BitfinexChannel? channel, out bool wasSilent)
    {
        wasSilent = false;
        lock (_gate)
        {
            if (_isPaused || !_channels.TryFind(frame.ChannelId, out channel))
            {
                channel = null;
                return false;
            }

            var isFirst = channel.State != ChannelState.Live;
            wasSilent = !isFirst && WasSilent(channel, frame.Kind, receivedAt);
            channel.LastFrameAt = receivedAt;
            if (isFirst || frame.Kind == FrameKind.Heartbeat) channel.LastHeartbeatAt = receivedAt;
            channel.State = ChannelState.Live;
            return isFirst;
        }
    }

    // A heartbeat that comes late shows a slow way:
    // what was sent before it has come before it. Only one that never came shows that the exchange stood still.
    private bool WasSilent(BitfinexChannel channel, FrameKind kind, long receivedAt)
    {
        if (_time.GetElapsedTime(channel.LastFrameAt, receivedAt) <= HeartbeatMissed) return false;
        return kind != FrameKind.Heartbeat || _time.GetElapsedTime(channel.LastHeartbeatAt, receivedAt) >= HeartbeatSkipped;
    }

    // Every channel, or the one given, is unsubscribed, and subscribed again as soon as the exchange confirms that.
    public void Resync(string reason, BitfinexChannel? only = null)
    {
        List<(BitfinexChannel Channel, int Id)> resynced = [];
        lock (_gate)
        {
            foreach (var channel in _channels.All)
            {
                if (channel.Id == 0 || (only is not null && channel != only)) continue;
                var id = _channels.Remove(channel, _time.In(_options.AckTimeout));
                channel.Deadline = _time.In(_options.AckTimeout);
                _channels.Add(channel);
                resynced.Add((channel, id));
            }
        }

        foreach (var (channel, id) in resynced)
        {
            channel.Listener.OnInterrupted(channel, reason);
            _socket.Post(BitfinexRequest.Unsubscribe(id));
        }

        Rearm();
    }

    public void Pause()
    {
        BitfinexChannel[] channels;
        lock (_gate)
        {
            _isPaused = true;
            _pauseDeadline = _time.In(_options.MaintenanceLimit);
            channels = _channels.All;
        }

        foreach (var channel in channels) channel.Listener.OnInterrupted(channel, "the exchange is in maintenance (20060)");
        Rearm();
    }

    public void Resume()
    {
        lock (_gate)
        {
            _isPaused = false;
            foreach (var channel in _channels.All) channel.Deadline = _time.In(_options.AckTimeout);
        }

        Resync("the exchange has ended its maintenance (20061)");
        _socket.Changed();
    }

    private void Rearm()
    {
        lock (_gate)
        {
            if (_end is not null) return;
            var next = _isPaused ? _pauseDeadline : _channels.All.Select(DeadlineOf).DefaultIfEmpty(long.MaxValue).Min();
            if (next == long.MaxValue) return;
            var wait = _time.Until(next);
            _watch.Change(wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        }
    }

    private void CheckDeadlines()
    {
        var now = _time.GetTimestamp();
        BitfinexChannel[] expired;
        bool endsPause, endsAll;
        lock (_gate)
        {
            if (_end is not null) return;
            endsPause = _isPaused && now >= _pauseDeadline;
            _channels.ForgetLeaving(now);
            expired = _isPaused ? [] : [.. _channels.All.Where(c => DeadlineOf(c) <= now)];
            endsAll = expired.Length > 0 && IsSocketDead(expired, now);
        }

        if (endsPause) _socket.End(new ChannelEnd(ChannelEndKind.Maintenance, "the exchange is still in maintenance"));
        else if (endsAll) _socket.End(EndOf(expired[0]));
        else foreach (var channel in expired) Finish(channel, EndOf(channel));
        // A timer may go off a moment before its time, and then nothing was due yet.
        Rearm();
    }

    // A silent channel on a socket that is silent as well, or the only one of a socket that never answered: then the socket is what failed.
    private bool IsSocketDead(BitfinexChannel[] expired, long now)
    {
        var silence = _time.GetElapsedTime(Volatile.Read(ref _lastFrameAt), now);
        return silence >= _options.SilenceLimit
            || (silence >= _options.AckTimeout && expired.Length == _channels.Count && !_channels.HasAcknowledged);
    }

    private ChannelEnd EndOf(BitfinexChannel channel) => channel.State switch
    {
        ChannelState.Live => new ChannelEnd(ChannelEndKind.Silent, $"no frame for {_options.SilenceLimit.TotalSeconds:0.#} s"),
        ChannelState.Acknowledged => new ChannelEnd(ChannelEndKind.NotAnswered, "subscribed, but no frame came"),
        _ => new ChannelEnd(ChannelEndKind.NotAnswered, "the exchange did not answer the subscription"),
    };

    private long DeadlineOf(BitfinexChannel channel) =>
        channel.State == ChannelState.Live ? channel.LastFrameAt + _time.Ticks(_options.SilenceLimit) : channel.Deadline;
}
