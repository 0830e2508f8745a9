using System.Text;

namespace CandleStream.Exchanges.Bitfinex;

/// <summary>The channels of one socket to Bitfinex.</summary>
/// <remarks>A channel that the exchange neither answers nor serves in time fails; where all of them are silent, the socket has
/// failed.</remarks>
internal sealed class BitfinexSubscriptions : SocketSubscriptions
{
    // A heartbeat comes every 15 s on every channel, busy or quiet. Source: Bitfinex documentation, ws-general, "Heartbeating"; the rest is
    // for the way.
    private static readonly TimeSpan HeartbeatMissed = TimeSpan.FromSeconds(20);

    // Between two heartbeats where one was left out stand 30 s; between two of which the second is late, less.
    private static readonly TimeSpan HeartbeatSkipped = TimeSpan.FromSeconds(25);

    private readonly BitfinexOptions _options;
    private readonly BadInputLog _badInput;
    private readonly BitfinexSocketActions _socket;

    // Guarded by Gate.
    private readonly ChannelTable _channels = new();
    private bool _isPaused;
    private long _pauseDeadline;
    private int _refusedAt = int.MaxValue;

    public BitfinexSubscriptions(
        BitfinexOptions options, TimeProvider time, ExchangeMetrics metrics, BadInputLog badInput, BitfinexSocketActions socket)
        : base(time, metrics)
    {
        (_options, _badInput, _socket) = (options, badInput, socket);
    }

    /// <summary>All channels held or asked for; the array is not changed afterwards.</summary>
    public BitfinexChannel[] All
    {
        get
        {
            lock (Gate) return _channels.All;
        }
    }

    protected override int Held => _channels.Count;

    public override IExchangeChannel? TrySubscribe(IChannelListener listener)
    {
        var channel = new BitfinexChannel(this, listener, BitfinexRequest.KeyOf(listener.Series));
        bool ask;
        lock (Gate)
        {
            var limit = Math.Min(_options.ChannelsPerSocket, _refusedAt);
            if (!IsOpen || _isPaused || _channels.Count >= limit || _channels.Contains(channel.Key)) return null;
            channel.Deadline = Time.In(_options.AckTimeout);
            ask = _channels.Add(channel);
        }

        Metrics.Channels(1);
        listener.OnPlaced(channel);
        if (ask) _socket.Post(BitfinexRequest.Subscribe(channel.Key));
        Rearm();
        return channel;
    }

    /// <summary>The channel of a number and all channels, at one moment.</summary>
    public BitfinexChannel? Find(int id, out BitfinexChannel[] all)
    {
        lock (Gate)
        {
            _channels.TryFind(id, out var channel);
            all = _channels.All;
            return channel;
        }
    }

    /// <summary>Gives a channel up: unsubscribes it, and its place is free at once.</summary>
    public void Release(BitfinexChannel channel) => Finish(channel, new ChannelEnd(ChannelEndKind.Released, "no longer followed"));

    private void Finish(BitfinexChannel channel, ChannelEnd end)
    {
        int id;
        lock (Gate)
        {
            if (channel.State == ChannelState.Ended) return;
            id = _channels.Remove(channel, Time.In(_options.AckTimeout));
        }

        if (id != 0) _socket.Post(BitfinexRequest.Unsubscribe(id));
        Finished(channel, end);
    }

    // The channel is out of the table already.
    private void Finished(BitfinexChannel channel, ChannelEnd end)
    {
        Metrics.Channels(-1);
        channel.End(end);
        _socket.Changed();
    }

    public void OnSubscribed(BitfinexEvent answer, bool alreadyThere)
    {
        var id = answer.ChannelId!.Value;
        BitfinexChannel? displaced = null, next = null;
        var unwanted = false;
        lock (Gate)
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
                    channel.Deadline = Time.In(_options.SilenceLimit);
                }
            }
            else if (!_channels.TryFind(id, out var held) || held.Key != answer.Key)
            {
                // Somebody gave up before the answer came.
                unwanted = !HasEnded && !_channels.IsLeaving(id);
                if (unwanted) _channels.Leave(id, answer.Key ?? "", Time.In(_options.AckTimeout));
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
        lock (Gate) _channels.Left(id, out next, out lost);
        if (next is not null) _socket.Post(BitfinexRequest.Subscribe(next.Key));
        if (lost is not null) Finished(lost, new ChannelEnd(ChannelEndKind.Failed, "the exchange ended the subscription"));
    }

    public void OnRefused(BitfinexEvent error)
    {
        BitfinexChannel? channel;
        lock (Gate)
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
        lock (Gate)
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
        if (Time.GetElapsedTime(channel.LastFrameAt, receivedAt) <= HeartbeatMissed) return false;
        return kind != FrameKind.Heartbeat || Time.GetElapsedTime(channel.LastHeartbeatAt, receivedAt) >= HeartbeatSkipped;
    }

    // Every channel, or the one given, is unsubscribed, and subscribed again as soon as the exchange confirms that.
    public void Resync(string reason, BitfinexChannel? only = null)
    {
        List<(BitfinexChannel Channel, int Id)> resynced = [];
        lock (Gate)
        {
            foreach (var channel in _channels.All)
            {
                if (channel.Id == 0 || (only is not null && channel != only)) continue;
                var id = _channels.Remove(channel, Time.In(_options.AckTimeout));
                channel.Deadline = Time.In(_options.AckTimeout);
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
        lock (Gate)
        {
            _isPaused = true;
            _pauseDeadline = Time.In(_options.MaintenanceLimit);
            channels = _channels.All;
        }

        foreach (var channel in channels) channel.Listener.OnInterrupted(channel, "the exchange is in maintenance (20060)");
        Rearm();
    }

    public void Resume()
    {
        lock (Gate)
        {
            _isPaused = false;
            foreach (var channel in _channels.All) channel.Deadline = Time.In(_options.AckTimeout);
        }

        Resync("the exchange has ended its maintenance (20061)");
        _socket.Changed();
    }

    protected override IReadOnlyList<ExchangeChannel> TakeAll() => _channels.TakeAll();

    protected override long? NextDue()
    {
        if (_isPaused) return _pauseDeadline;
        return _channels.All is [] ? null : _channels.All.Min(DeadlineOf);
    }

    protected override void Look()
    {
        var now = Time.GetTimestamp();
        BitfinexChannel[] expired;
        bool endsPause, endsAll;
        lock (Gate)
        {
            if (HasEnded) return;
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
        var silence = Time.GetElapsedTime(LastFrameAt, now);
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
        channel.State == ChannelState.Live ? channel.LastFrameAt + Time.Ticks(_options.SilenceLimit) : channel.Deadline;
}
