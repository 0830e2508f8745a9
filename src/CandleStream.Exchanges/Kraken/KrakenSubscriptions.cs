using System.Text;

namespace CandleStream.Exchanges.Kraken;

/// <summary>What the owners of a socket do with it.</summary>
/// <param name="Post">Sends a message, in its turn.</param>
/// <param name="End">Ends the socket, with the reason.</param>
/// <param name="Changed">Tells the pool that a channel became free.</param>
internal sealed record KrakenSocketActions(Action<byte[]> Post, Action<ChannelEnd> End, Action Changed);

/// <summary>The channels of one socket to Kraken.</summary>
/// <remarks>
/// The exchange serves one timeframe of a symbol on a socket, so a symbol has one place here, which is free again when the exchange
/// confirmed that the subscription before is over. Answers come for each symbol alone, however many were asked for in one message.
/// </remarks>
internal sealed class KrakenSubscriptions : SocketSubscriptions
{
    // What is asked for within this time goes in one message.
    private static readonly TimeSpan BetweenRequests = TimeSpan.FromMilliseconds(200);

    private const int SymbolsPerRequest = 50;

    private readonly KrakenOptions _options;
    private readonly BadInputLog _badInput;
    private readonly KrakenSocketActions _socket;

    // Guarded by Gate.
    private readonly Dictionary<string, KrakenChannel> _channels = [];
    private readonly List<KrakenChannel> _toAsk = [];
    private readonly List<KrakenChannel> _toLeave = [];
    private readonly Dictionary<string, long> _leaving = [];
    private KrakenChannel[]? _all;
    private long _requests;
    private long _sentAt = long.MinValue;
    private long _askedTimeAt = long.MinValue;

    // Written by the read loop.
    private long _lastTimeAt;

    public KrakenSubscriptions(
        KrakenOptions options, TimeProvider time, ExchangeMetrics metrics, BadInputLog badInput, KrakenSocketActions socket)
        : base(time, metrics)
    {
        (_options, _badInput, _socket) = (options, badInput, socket);
        _lastTimeAt = time.GetTimestamp();
        Rearm();
    }

    /// <summary>When the exchange's time was told last (timestamp). Written by the read loop.</summary>
    public long LastTimeAt
    {
        get => Volatile.Read(ref _lastTimeAt);
        set => Volatile.Write(ref _lastTimeAt, value);
    }

    /// <summary>All channels held or asked for; the array is not changed afterwards.</summary>
    public KrakenChannel[] All
    {
        get
        {
            lock (Gate) return _all ??= [.. _channels.Values];
        }
    }

    protected override int Held => _channels.Count;

    public override IExchangeChannel? TrySubscribe(IChannelListener listener)
    {
        var channel = new KrakenChannel(this, listener);
        lock (Gate)
        {
            if (!IsOpen || _channels.Count >= _options.ChannelsPerSocket
                || !_channels.TryAdd(channel.Symbol, channel)) return null;
            _all = null;
            _toAsk.Add(channel);
        }

        Metrics.Channels(1);
        listener.OnPlaced(channel);
        Look();
        return channel;
    }

    /// <summary>The channel of a symbol and an interval (0: not known), where it was acknowledged.</summary>
    public KrakenChannel? Find(ReadOnlySpan<char> symbol, int interval, out bool isLive)
    {
        lock (Gate)
        {
            var isFound = _channels.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(symbol, out var channel)
                && (interval == 0 || channel.Interval == interval)
                && channel.State is KrakenChannelState.Acknowledged or KrakenChannelState.Live;
            isLive = isFound && channel!.State == KrakenChannelState.Live;
            return isFound ? channel : null;
        }
    }

    /// <summary>Gives a channel up: unsubscribes it, and its place is free when that is confirmed.</summary>
    public void Release(KrakenChannel channel) =>
        Finish(channel, new ChannelEnd(ChannelEndKind.Released, "no longer followed"), leave: true);

    /// <summary>The exchange took the subscription of a symbol.</summary>
    public void OnSubscribed(in KrakenFrame answer)
    {
        lock (Gate)
        {
            if (Asked(answer) is [var channel] && channel.Interval == answer.Interval)
            {
                channel.State = KrakenChannelState.Acknowledged;
                channel.Deadline = Time.In(_options.AckTimeout);
            }
        }

        Rearm();
    }

    /// <summary>The exchange confirms that a subscription is over.</summary>
    public void OnUnsubscribed(string? symbol)
    {
        lock (Gate)
        {
            if (symbol is not null) _leaving.Remove(symbol);
        }

        Look();
    }

    /// <summary>The exchange refused a request, for a symbol or for all of them.</summary>
    public void OnRefused(in KrakenFrame error)
    {
        KrakenChannel[] refused;
        bool wasLeaving;
        lock (Gate)
        {
            // Where it knows no such subscription any more, there is nothing left to give up.
            wasLeaving = error.Symbol is not null && _leaving.Remove(error.Symbol);
            refused = wasLeaving ? [] : Asked(error);
        }

        var text = error.Text ?? "no reason given";
        if (refused.Length == 0 && !wasLeaving) _badInput.Once("an error that belongs to no subscription", Encoding.UTF8.GetBytes(text));
        var isUnknown = text.StartsWith("Currency pair not supported", StringComparison.Ordinal);
        var kind = isUnknown ? ChannelEndKind.Refused : ChannelEndKind.Failed;
        foreach (var channel in refused)
            Finish(channel, new ChannelEnd(kind, $"the exchange refused the series ({text})"), leave: false);
        Look();
    }

    /// <summary>The snapshot of a channel is here. False where nobody waits for it any more.</summary>
    public bool OnLive(KrakenChannel channel)
    {
        lock (Gate)
        {
            if (channel.State != KrakenChannelState.Acknowledged) return false;
            channel.State = KrakenChannelState.Live;
            return true;
        }
    }

    // Called under Gate. What was asked for in the request that is answered, and is not answered yet.
    private KrakenChannel[] Asked(KrakenFrame answer)
    {
        if (answer.Symbol is { } symbol)
        {
            return _channels.TryGetValue(symbol, out var channel) && channel is { State: KrakenChannelState.Asked, RequestId: not 0 }
                ? [channel]
                : [];
        }

        return
        [
            .. _channels.Values.Where(
                c => c.State == KrakenChannelState.Asked && c.RequestId != 0 && c.RequestId == answer.RequestId),
        ];
    }

    private void Finish(KrakenChannel channel, ChannelEnd end, bool leave)
    {
        lock (Gate)
        {
            if (channel.State == KrakenChannelState.Ended) return;
            channel.State = KrakenChannelState.Ended;
            _channels.Remove(channel.Symbol);
            _all = null;
            if (!_toAsk.Remove(channel) && leave) _toLeave.Add(channel);
        }

        Metrics.Channels(-1);
        channel.End(end);
        Look();
        _socket.Changed();
    }

    // Does what is due: requests whose turn it is, subscriptions that were not answered, a socket that is silent.
    protected override void Look()
    {
        var now = Time.GetTimestamp();
        byte[]? request;
        KrakenChannel[] late;
        bool isDead, isStuck;
        lock (Gate)
        {
            if (HasEnded) return;
            isDead = Time.GetElapsedTime(LastFrameAt, now) >= _options.SilenceLimit;
            isStuck = _leaving.Values.Any(deadline => deadline <= now);
            late = [.. _channels.Values.Where(c => IsAwaited(c) && c.Deadline <= now)];
            request = NextRequest(now);
        }

        if (isDead || isStuck)
        {
            _socket.End(
                isDead ? new ChannelEnd(ChannelEndKind.Silent, $"no frame for {_options.SilenceLimit.TotalSeconds:0.#} s")
                : new ChannelEnd(ChannelEndKind.NotAnswered, "the exchange did not answer the end of a subscription"));
            return;
        }

        if (request is not null) _socket.Post(request);
        foreach (var channel in late)
        {
            // One that was taken and has no snapshot is a symbol without candles; should there be some, REST tells them.
            if (OnLive(channel)) channel.Listener.OnSnapshot(channel, [], null);
            else Finish(channel, new ChannelEnd(ChannelEndKind.NotAnswered, "the exchange did not answer the subscription"), leave: true);
        }

        Rearm();
    }

    private static bool IsAwaited(KrakenChannel channel) =>
        channel.State == KrakenChannelState.Acknowledged || channel is { State: KrakenChannelState.Asked, RequestId: not 0 };

    // Called under Gate. All that wait for one timeframe go in one message: those that end first, so that a symbol that is asked for again
    // is asked for last.
    private byte[]? NextRequest(long now)
    {
        if (now < TurnAt()) return null;
        if (_toLeave is [var leaver, ..])
        {
            var interval = leaver.Interval;
            string[] symbols = [.. _toLeave.Where(c => c.Interval == interval).Select(c => c.Symbol).Distinct().Take(SymbolsPerRequest)];
            _toLeave.RemoveAll(c => c.Interval == interval && symbols.Contains(c.Symbol));
            foreach (var symbol in symbols) _leaving[symbol] = Time.In(_options.AckTimeout);
            return Sent(KrakenRequest.Unsubscribe(symbols, interval, ++_requests), now);
        }

        if (_toAsk.Find(MayBeAsked) is { } first)
        {
            var asked = _toAsk.FindAll(c => c.Interval == first.Interval && MayBeAsked(c));
            if (asked.Count > SymbolsPerRequest) asked.RemoveRange(SymbolsPerRequest, asked.Count - SymbolsPerRequest);
            _toAsk.RemoveAll(asked.Contains);
            var id = ++_requests;
            foreach (var channel in asked) (channel.RequestId, channel.Deadline) = (id, Time.In(_options.AckTimeout));
            return Sent(KrakenRequest.Subscribe(asked.Select(c => c.Symbol), first.Interval, id), now);
        }

        if (_channels.Count == 0 || now < AskTimeAt()) return null;
        _askedTimeAt = now;
        return Sent(KrakenRequest.Ping(++_requests), now);
    }

    private bool MayBeAsked(KrakenChannel channel) => !_leaving.ContainsKey(channel.Symbol);

    private byte[] Sent(byte[] request, long now)
    {
        _sentAt = now;
        return request;
    }

    // Called under Gate.
    private long TurnAt() => _sentAt == long.MinValue ? long.MinValue : _sentAt + Time.Ticks(BetweenRequests);

    // Called under Gate.
    private long AskTimeAt() => Math.Max(LastTimeAt, _askedTimeAt) + Time.Ticks(_options.AskTimeAfter);

    protected override IReadOnlyList<ExchangeChannel> TakeAll()
    {
        KrakenChannel[] channels = [.. _channels.Values];
        foreach (var channel in channels) channel.State = KrakenChannelState.Ended;
        _channels.Clear();
        _all = [];
        return channels;
    }

    protected override long? NextDue()
    {
        var next = LastFrameAt + Time.Ticks(_options.SilenceLimit);
        if (_channels.Count > 0) next = Math.Min(next, AskTimeAt());
        if (_toLeave.Count > 0 || _toAsk.Exists(MayBeAsked)) next = Math.Min(next, TurnAt());
        foreach (var deadline in _leaving.Values) next = Math.Min(next, deadline);
        foreach (var channel in _channels.Values)
        {
            if (IsAwaited(channel)) next = Math.Min(next, channel.Deadline);
        }

        return next;
    }
}
