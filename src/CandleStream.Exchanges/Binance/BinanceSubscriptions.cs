using System.Text;

namespace CandleStream.Exchanges.Binance;

/// <summary>What the owners of a socket do with it.</summary>
/// <param name="Post">Sends a message, in its turn.</param>
/// <param name="End">Ends the socket, with the reason.</param>
/// <param name="Changed">Tells the pool that a channel became free.</param>
/// <param name="FetchHistory">Fetches what a channel begins with; the channel was just acknowledged.</param>
internal sealed record BinanceSocketActions(
    Action<byte[]> Post, Action<ChannelEnd> End, Action Changed, Action<BinanceChannel> FetchHistory);

/// <summary>
/// The channels of one socket and the watch over them, under one lock: the read loop, the timer, the pool and subscribers meet here.
/// Neither listeners nor the pool are called under it.
/// </summary>
/// <remarks>
/// The exchange ends a socket that sends more than five messages a second, pongs included. So requests wait for their turn, and all that
/// wait go in one message: those that end first, so that a stream that is asked for again is asked for last.
/// </remarks>
internal sealed class BinanceSubscriptions : ISocketSubscriptions
{
    // Three a second, and the pongs are far from the two that are left.
    private static readonly TimeSpan BetweenRequests = TimeSpan.FromMilliseconds(350);

    // As many as one message holds, well below what the exchange reads.
    private const int StreamsPerRequest = 100;

    private readonly BinanceOptions _options;
    private readonly TimeProvider _time;
    private readonly ExchangeMetrics _metrics;
    private readonly BadInputLog _badInput;
    private readonly BinanceSocketActions _socket;
    private readonly TaskCompletionSource _retiring = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _watch;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, BinanceChannel> _channels = [];
    private readonly HashSet<string> _toLeave = [];
    private readonly List<BinanceChannel> _toAsk = [];
    private BinanceChannel[]? _all;
    private ChannelEnd? _end;
    private bool _isClosing;
    private long _retireAt;
    private long _requests;
    private long _sentAt = long.MinValue;
    private long _pingedAt = long.MinValue;

    // Written by the read loop.
    private long _lastFrameAt;

    /// <param name="options">Limits and time-outs.</param>
    /// <param name="lifetime">How long the socket is used.</param>
    /// <param name="time">The clock.</param>
    /// <param name="metrics">Counts channels.</param>
    /// <param name="badInput">Takes what nobody expected.</param>
    /// <param name="socket">What is done with the socket.</param>
    public BinanceSubscriptions(
        BinanceOptions options, TimeSpan lifetime, TimeProvider time, ExchangeMetrics metrics, BadInputLog badInput,
        BinanceSocketActions socket)
    {
        (_options, _time, _metrics, _badInput, _socket) = (options, time, metrics, badInput, socket);
        _lastFrameAt = time.GetTimestamp();
        _retireAt = time.In(lifetime);
        _watch = time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Rearm();
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
    public BinanceChannel[] All
    {
        get
        {
            lock (_gate) return _all ??= [.. _channels.Values];
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
        var channel = new BinanceChannel(this, listener, BinanceNames.StreamOf(listener.Series), _retiring.Task);
        lock (_gate)
        {
            if (_end is not null || _isClosing || _retiring.Task.IsCompleted || _channels.Count >= _options.ChannelsPerSocket
                || !_channels.TryAdd(channel.Stream, channel)) return null;
            _all = null;
            _toAsk.Add(channel);
        }

        _metrics.Channels(1);
        listener.OnPlaced(channel);
        Look();
        return channel;
    }

    /// <summary>What ends from here on ends by our own doing, and no channel is added any more.</summary>
    public void BeginClosing()
    {
        lock (_gate) _isClosing = true;
    }

    /// <summary>The socket is about to be ended by the exchange: its series move to others.</summary>
    public void Retire() => _retiring.TrySetResult();

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
            channels = [.. _channels.Values];
            foreach (var channel in _channels.Values) channel.State = BinanceChannelState.Ended;
            _channels.Clear();
            _all = [];
        }

        _watch.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _metrics.Channels(-channels.Count);
        return true;
    }

    /// <summary>The channel of a stream, where it was acknowledged.</summary>
    public BinanceChannel? Find(ReadOnlySpan<char> stream)
    {
        lock (_gate)
        {
            return _channels.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(stream, out var channel)
                && channel.State is BinanceChannelState.Acknowledged or BinanceChannelState.Live
                    ? channel
                    : null;
        }
    }

    public ValueTask DisposeAsync() => _watch.DisposeAsync();

    /// <summary>Gives a channel up: unsubscribes it, and its place is free at once.</summary>
    public void Release(BinanceChannel channel) => Finish(channel, new ChannelEnd(ChannelEndKind.Released, "no longer followed"));

    /// <summary>Ends a channel, with the reason.</summary>
    public void Finish(BinanceChannel channel, ChannelEnd end)
    {
        lock (_gate)
        {
            if (channel.State == BinanceChannelState.Ended) return;
            channel.State = BinanceChannelState.Ended;
            _channels.Remove(channel.Stream);
            _all = null;
            if (!_toAsk.Remove(channel)) _toLeave.Add(channel.Stream);
        }

        _metrics.Channels(-1);
        channel.End(end);
        Look();
        _socket.Changed();
    }

    /// <summary>Marks the connection as closing if it has no channel; then none is added any more.</summary>
    public bool TryRetire()
    {
        lock (_gate)
        {
            if (_end is not null || _channels.Count > 0) return false;
            return _isClosing = true;
        }
    }

    /// <summary>The exchange took a request.</summary>
    public void OnAnswered(long? requestId)
    {
        List<BinanceChannel> acknowledged = [];
        lock (_gate)
        {
            foreach (var channel in _channels.Values)
            {
                if (channel.State != BinanceChannelState.Asked || channel.RequestId == 0 || channel.RequestId != requestId) continue;
                channel.State = BinanceChannelState.Acknowledged;
                acknowledged.Add(channel);
            }
        }

        foreach (var channel in acknowledged) _socket.FetchHistory(channel);
        Rearm();
    }

    /// <summary>The exchange refused a request, or said what is wrong with one that it could not read.</summary>
    public void OnRefused(in BinanceFrame error)
    {
        BinanceChannel[] refused;
        var id = error.RequestId;
        lock (_gate)
            refused = [.. _channels.Values.Where(c => c.State == BinanceChannelState.Asked && c.RequestId != 0 && c.RequestId == id)];

        var text = $"{error.Code} {error.Text}";
        if (refused.Length == 0) _badInput.Once("an error that belongs to no subscription", Encoding.UTF8.GetBytes(text));
        foreach (var channel in refused)
            Finish(channel, new ChannelEnd(ChannelEndKind.Failed, $"the exchange answered with an error ({text})"));
    }

    /// <summary>The history of a channel is here.</summary>
    public void OnLive(BinanceChannel channel)
    {
        lock (_gate)
        {
            if (channel.State == BinanceChannelState.Acknowledged) channel.State = BinanceChannelState.Live;
        }
    }

    // Does what is due: requests whose turn it is, subscriptions that were not answered, a socket that is silent or old.
    private void Look()
    {
        var now = _time.GetTimestamp();
        byte[]? request;
        BinanceChannel[] unanswered;
        bool isDead, isOld;
        lock (_gate)
        {
            if (_end is not null) return;
            var silence = _time.GetElapsedTime(Volatile.Read(ref _lastFrameAt), now);
            isDead = silence >= _options.SilenceLimit;
            isOld = now >= _retireAt;
            unanswered = [.. _channels.Values.Where(c => c.State == BinanceChannelState.Asked && c.RequestId != 0 && c.Deadline <= now)];
            request = NextRequest(now, silence);
        }

        if (isDead)
        {
            _socket.End(new ChannelEnd(ChannelEndKind.Silent, $"no frame for {_options.SilenceLimit.TotalSeconds:0.#} s"));
            return;
        }

        if (request is not null) _socket.Post(request);
        if (isOld) Retire();
        foreach (var channel in unanswered)
            Finish(channel, new ChannelEnd(ChannelEndKind.NotAnswered, "the exchange did not answer the subscription"));
        Rearm();
    }

    // Called under _gate.
    private byte[]? NextRequest(long now, TimeSpan silence)
    {
        if (now < TurnAt()) return null;
        if (_toLeave.Count > 0)
        {
            string[] streams = [.. _toLeave.Take(StreamsPerRequest)];
            _toLeave.ExceptWith(streams);
            return Sent(BinanceRequest.Unsubscribe(streams, ++_requests), now);
        }

        if (_toAsk.Count > 0)
        {
            BinanceChannel[] asked = [.. _toAsk.Take(StreamsPerRequest)];
            _toAsk.RemoveRange(0, asked.Length);
            var id = ++_requests;
            foreach (var channel in asked) (channel.RequestId, channel.Deadline) = (id, _time.In(_options.AckTimeout));
            return Sent(BinanceRequest.Subscribe(asked.Select(c => c.Stream), id), now);
        }

        if (silence < _options.SilenceLimit / 3 || now < _pingedAt + _time.Ticks(_options.SilenceLimit / 3)) return null;
        _pingedAt = now;
        return Sent(BinanceRequest.ListSubscriptions(++_requests), now);
    }

    private byte[] Sent(byte[] request, long now)
    {
        _sentAt = now;
        return request;
    }

    // Called under _gate.
    private long TurnAt() => _sentAt == long.MinValue ? long.MinValue : _sentAt + _time.Ticks(BetweenRequests);

    private void Rearm()
    {
        lock (_gate)
        {
            if (_end is not null) return;
            var lastFrameAt = Volatile.Read(ref _lastFrameAt);
            var third = _time.Ticks(_options.SilenceLimit / 3);
            var next = Math.Min(lastFrameAt + _time.Ticks(_options.SilenceLimit), Math.Max(lastFrameAt, _pingedAt) + third);
            if (!_retiring.Task.IsCompleted) next = Math.Min(next, _retireAt);
            if (_toLeave.Count > 0 || _toAsk.Count > 0) next = Math.Min(next, TurnAt());
            foreach (var channel in _channels.Values)
            {
                if (channel.State == BinanceChannelState.Asked && channel.RequestId != 0) next = Math.Min(next, channel.Deadline);
            }

            var wait = _time.Until(next);
            _watch.Change(wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        }
    }
}
