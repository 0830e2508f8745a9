using System.Text;

namespace CandleStream.Exchanges.Binance;

/// <summary>What the owners of a socket do with it.</summary>
/// <param name="Post">Sends a message, in its turn.</param>
/// <param name="End">Ends the socket, with the reason.</param>
/// <param name="Changed">Tells the pool that a channel became free.</param>
/// <param name="FetchHistory">Fetches what a channel begins with; the channel was just acknowledged.</param>
internal sealed record BinanceSocketActions(
    Action<byte[]> Post, Action<ChannelEnd> End, Action Changed, Action<BinanceChannel> FetchHistory);

/// <summary>The channels of one socket to Binance.</summary>
/// <remarks>
/// The exchange ends a socket that sends more than five messages a second, pongs included. So requests wait for their turn, and all that
/// wait go in one message: those that end first, so that a stream that is asked for again is asked for last.
/// </remarks>
internal sealed class BinanceSubscriptions : SocketSubscriptions
{
    // Three a second, and the pongs are far from the two that are left.
    private static readonly TimeSpan BetweenRequests = TimeSpan.FromMilliseconds(350);

    // As many as one message holds, well below what the exchange reads.
    private const int StreamsPerRequest = 100;

    private readonly BinanceOptions _options;
    private readonly BadInputLog _badInput;
    private readonly BinanceSocketActions _socket;
    private readonly TaskCompletionSource _retiring = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Guarded by Gate.
    private readonly Dictionary<string, BinanceChannel> _channels = [];
    private readonly HashSet<string> _toLeave = [];
    private readonly List<BinanceChannel> _toAsk = [];
    private BinanceChannel[]? _all;
    private long _retireAt;
    private long _requests;
    private long _sentAt = long.MinValue;
    private long _pingedAt = long.MinValue;

    /// <param name="options">Limits and time-outs.</param>
    /// <param name="lifetime">How long the socket is used.</param>
    /// <param name="time">The clock.</param>
    /// <param name="metrics">Counts channels.</param>
    /// <param name="badInput">Takes what nobody expected.</param>
    /// <param name="socket">What is done with the socket.</param>
    public BinanceSubscriptions(
        BinanceOptions options, TimeSpan lifetime, TimeProvider time, ExchangeMetrics metrics, BadInputLog badInput,
        BinanceSocketActions socket)
        : base(time, metrics)
    {
        (_options, _badInput, _socket) = (options, badInput, socket);
        _retireAt = time.In(lifetime);
        Rearm();
    }

    /// <summary>All channels held or asked for; the array is not changed afterwards.</summary>
    public BinanceChannel[] All
    {
        get
        {
            lock (Gate) return _all ??= [.. _channels.Values];
        }
    }

    protected override int Held => _channels.Count;

    public override IExchangeChannel? TrySubscribe(IChannelListener listener)
    {
        var channel = new BinanceChannel(this, listener, BinanceNames.StreamOf(listener.Series), _retiring.Task);
        lock (Gate)
        {
            if (!IsOpen || _retiring.Task.IsCompleted || _channels.Count >= _options.ChannelsPerSocket
                || !_channels.TryAdd(channel.Stream, channel)) return null;
            _all = null;
            _toAsk.Add(channel);
        }

        Metrics.Channels(1);
        listener.OnPlaced(channel);
        Look();
        return channel;
    }

    /// <summary>The socket is about to be ended by the exchange: its series move to others.</summary>
    public void Retire() => _retiring.TrySetResult();

    /// <summary>The channel of a stream, where it was acknowledged.</summary>
    public BinanceChannel? Find(ReadOnlySpan<char> stream)
    {
        lock (Gate)
        {
            return _channels.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(stream, out var channel)
                && channel.State is BinanceChannelState.Acknowledged or BinanceChannelState.Live
                    ? channel
                    : null;
        }
    }

    /// <summary>Gives a channel up: unsubscribes it, and its place is free at once.</summary>
    public void Release(BinanceChannel channel) => Finish(channel, new ChannelEnd(ChannelEndKind.Released, "no longer followed"));

    /// <summary>Ends a channel, with the reason.</summary>
    public void Finish(BinanceChannel channel, ChannelEnd end)
    {
        lock (Gate)
        {
            if (channel.State == BinanceChannelState.Ended) return;
            channel.State = BinanceChannelState.Ended;
            _channels.Remove(channel.Stream);
            _all = null;
            if (!_toAsk.Remove(channel)) _toLeave.Add(channel.Stream);
        }

        Metrics.Channels(-1);
        channel.End(end);
        Look();
        _socket.Changed();
    }

    /// <summary>The exchange took a request.</summary>
    public void OnAnswered(long? requestId)
    {
        List<BinanceChannel> acknowledged = [];
        lock (Gate)
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
        lock (Gate)
            refused = [.. _channels.Values.Where(c => c.State == BinanceChannelState.Asked && c.RequestId != 0 && c.RequestId == id)];

        var text = $"{error.Code} {error.Text}";
        if (refused.Length == 0) _badInput.Once("an error that belongs to no subscription", Encoding.UTF8.GetBytes(text));
        foreach (var channel in refused)
            Finish(channel, new ChannelEnd(ChannelEndKind.Failed, $"the exchange answered with an error ({text})"));
    }

    /// <summary>The history of a channel is here.</summary>
    public void OnLive(BinanceChannel channel)
    {
        lock (Gate)
        {
            if (channel.State == BinanceChannelState.Acknowledged) channel.State = BinanceChannelState.Live;
        }
    }

    // Does what is due: requests whose turn it is, subscriptions that were not answered, a socket that is silent or old.
    protected override void Look()
    {
        var now = Time.GetTimestamp();
        byte[]? request;
        BinanceChannel[] unanswered;
        bool isDead, isOld;
        lock (Gate)
        {
            if (HasEnded) return;
            var silence = Time.GetElapsedTime(LastFrameAt, now);
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

    // Called under Gate.
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
            foreach (var channel in asked) (channel.RequestId, channel.Deadline) = (id, Time.In(_options.AckTimeout));
            return Sent(BinanceRequest.Subscribe(asked.Select(c => c.Stream), id), now);
        }

        if (silence < _options.SilenceLimit / 3 || now < _pingedAt + Time.Ticks(_options.SilenceLimit / 3)) return null;
        _pingedAt = now;
        return Sent(BinanceRequest.ListSubscriptions(++_requests), now);
    }

    private byte[] Sent(byte[] request, long now)
    {
        _sentAt = now;
        return request;
    }

    // Called under Gate.
    private long TurnAt() => _sentAt == long.MinValue ? long.MinValue : _sentAt + Time.Ticks(BetweenRequests);

    protected override IReadOnlyList<ExchangeChannel> TakeAll()
    {
        BinanceChannel[] channels = [.. _channels.Values];
        foreach (var channel in channels) channel.State = BinanceChannelState.Ended;
        _channels.Clear();
        _all = [];
        return channels;
    }

    protected override long? NextDue()
    {
        var third = Time.Ticks(_options.SilenceLimit / 3);
        var next = Math.Min(LastFrameAt + Time.Ticks(_options.SilenceLimit), Math.Max(LastFrameAt, _pingedAt) + third);
        if (!_retiring.Task.IsCompleted) next = Math.Min(next, _retireAt);
        if (_toLeave.Count > 0 || _toAsk.Count > 0) next = Math.Min(next, TurnAt());
        foreach (var channel in _channels.Values)
        {
            if (channel.State == BinanceChannelState.Asked && channel.RequestId != 0) next = Math.Min(next, channel.Deadline);
        }

        return next;
    }
}
