using System.Text;

namespace CandleStream.Exchanges.Kraken;

/// <summary>What the owners of a socket do with it.</summary>
/// <param name="Post">Sends a message, in its turn.</param>
/// <param name="End">Ends the socket, with the reason.</param>
/// <param name="Changed">Tells the pool that a channel became free.</param>
internal sealed record KrakenSocketActions(Action<byte[]> Post, Action<ChannelEnd> End, Action Changed);

/// <summary>
/// The channels of one socket and the watch over them, under one lock: the read loop, the timer, the pool and subscribers meet here.
/// Neither listeners nor the pool are called under it.
/// </summary>
/// <remarks>
/// The exchange serves one timeframe of a symbol on a socket, so a symbol has one place here, which is free again when the exchange
/// confirmed that the subscription before is over. Answers come for each symbol alone, however many were asked for in one message.
/// </remarks>
internal sealed class KrakenSubscriptions : ISocketSubscriptions
{
    // What is asked for within this time goes in one message.
    private static readonly TimeSpan BetweenRequests = TimeSpan.FromMilliseconds(200);

    private const int SymbolsPerRequest = 50;

    private readonly KrakenOptions _options;
    private readonly TimeProvider _time;
    private readonly ExchangeMetrics _metrics;
    private readonly BadInputLog _badInput;
    private readonly KrakenSocketActions _socket;
    private readonly ITimer _watch;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, KrakenChannel> _channels = [];
    private readonly List<KrakenChannel> _toAsk = [];
    private readonly List<KrakenChannel> _toLeave = [];
    private readonly Dictionary<string, long> _leaving = [];
    private KrakenChannel[]? _all;
    private ChannelEnd? _end;
    private bool _isClosing;
    private long _requests;
    private long _sentAt = long.MinValue;
    private long _askedTimeAt = long.MinValue;

    // Written by the read loop.
    private long _lastFrameAt;
    private long _lastTimeAt;

    public KrakenSubscriptions(
        KrakenOptions options, TimeProvider time, ExchangeMetrics metrics, BadInputLog badInput, KrakenSocketActions socket)
    {
        (_options, _time, _metrics, _badInput, _socket) = (options, time, metrics, badInput, socket);
        _lastFrameAt = _lastTimeAt = time.GetTimestamp();
        _watch = time.CreateTimer(_ => Look(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Rearm();
    }

    /// <summary>
    /// When anything but the answer to a ping was received last on the socket (timestamp). Written by the read loop.
    /// </summary>
    public long LastFrameAt
    {
        get => Volatile.Read(ref _lastFrameAt);
        set => Volatile.Write(ref _lastFrameAt, value);
    }

    /// <summary>When the exchange's time was told last (timestamp). Written by the read loop.</summary>
    public long LastTimeAt
    {
        get => Volatile.Read(ref _lastTimeAt);
        set => Volatile.Write(ref _lastTimeAt, value);
    }

    public ChannelEnd? EndReason
    {
        get
        {
            lock (_gate) return _end;
        }
    }

    public int Count
    {
        get
        {
            lock (_gate) return _channels.Count;
        }
    }

    /// <summary>All channels held or asked for; the array is not changed afterwards.</summary>
    public KrakenChannel[] All
    {
        get
        {
            lock (_gate) return _all ??= [.. _channels.Values];
        }
    }

    public IExchangeChannel? TrySubscribe(IChannelListener listener)
    {
        var channel = new KrakenChannel(this, listener);
        lock (_gate)
        {
            if (_end is not null || _isClosing || _channels.Count >= _options.ChannelsPerSocket
                || !_channels.TryAdd(channel.Symbol, channel)) return null;
            _all = null;
            _toAsk.Add(channel);
        }

        _metrics.Channels(1);
        listener.OnPlaced(channel);
        Look();
        return channel;
    }

    public void BeginClosing()
    {
        lock (_gate) _isClosing = true;
    }

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
            foreach (var channel in _channels.Values) channel.State = KrakenChannelState.Ended;
            _channels.Clear();
            _all = [];
        }

        _watch.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _metrics.Channels(-channels.Count);
        return true;
    }

    public bool TryRetire()
    {
        lock (_gate)
        {
            if (_end is not null || _channels.Count > 0) return false;
            return _isClosing = true;
        }
    }

    /// <summary>The channel of a symbol and an interval (0: not known), where it was acknowledged.</summary>
    public KrakenChannel? Find(ReadOnlySpan<char> symbol, int interval, out bool isLive)
    {
        lock (_gate)
        {
            var isFound = _channels.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(symbol, out var channel)
                && (interval == 0 || channel.Interval == interval)
                && channel.State is KrakenChannelState.Acknowledged or KrakenChannelState.Live;
            isLive = isFound && channel!.State == KrakenChannelState.Live;
            return isFound ? channel : null;
        }
    }

    public ValueTask DisposeAsync() => _watch.DisposeAsync();

    /// <summary>Gives a channel up: unsubscribes it, and its place is free when that is confirmed.</summary>
    public void Release(KrakenChannel channel) =>
        Finish(channel, new ChannelEnd(ChannelEndKind.Released, "no longer followed"), leave: true);

    /// <summary>The exchange took the subscription of a symbol.</summary>
    public void OnSubscribed(in KrakenFrame answer)
    {
        lock (_gate)
        {
            if (Asked(answer) is [var channel] && channel.Interval == answer.Interval)
            {
                channel.State = KrakenChannelState.Acknowledged;
                channel.Deadline = _time.In(_options.AckTimeout);
            }
        }

        Rearm();
    }

    /// <summary>The exchange confirms that a subscription is over.</summary>
    public void OnUnsubscribed(string? symbol)
    {
        lock (_gate)
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
        lock (_gate)
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
        lock (_gate)
        {
            if (channel.State != KrakenChannelState.Acknowledged) return false;
            channel.State = KrakenChannelState.Live;
            return true;
        }
    }

    // Called under _gate. What was asked for in the request that is answered, and is not answered yet.
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
        lock (_gate)
        {
            if (channel.State == KrakenChannelState.Ended) return;
            channel.State = KrakenChannelState.Ended;
            _channels.Remove(channel.Symbol);
            _all = null;
            if (!_toAsk.Remove(channel) && leave) _toLeave.Add(channel);
        }

        _metrics.Channels(-1);
        channel.End(end);
        Look();
        _socket.Changed();
    }

    // Does what is due: requests whose turn it is, subscriptions that were not answered, a socket that is silent.
    private void Look()
    {
        var now = _time.GetTimestamp();
        byte[]? request;
        KrakenChannel[] late;
        bool isDead, isStuck;
        lock (_gate)
        {
            if (_end is not null) return;
            isDead = _time.GetElapsedTime(LastFrameAt, now) >= _options.SilenceLimit;
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

    // Called under _gate. All that wait for one timeframe go in one message: those that end first, so that a symbol that is asked for again
    // is asked for last.
    private byte[]? NextRequest(long now)
    {
        if (now < TurnAt()) return null;
        if (_toLeave is [var leaver, ..])
        {
            var interval = leaver.Interval;
            string[] symbols = [.. _toLeave.Where(c => c.Interval == interval).Select(c => c.Symbol).Distinct().Take(SymbolsPerRequest)];
            _toLeave.RemoveAll(c => c.Interval == interval && symbols.Contains(c.Symbol));
            foreach (var symbol in symbols) _leaving[symbol] = _time.In(_options.AckTimeout);
            return Sent(KrakenRequest.Unsubscribe(symbols, interval, ++_requests), now);
        }

        if (_toAsk.Find(MayBeAsked) is { } first)
        {
            var asked = _toAsk.FindAll(c => c.Interval == first.Interval && MayBeAsked(c));
            if (asked.Count > SymbolsPerRequest) asked.RemoveRange(SymbolsPerRequest, asked.Count - SymbolsPerRequest);
            _toAsk.RemoveAll(asked.Contains);
            var id = ++_requests;
            foreach (var channel in asked) (channel.RequestId, channel.Deadline) = (id, _time.In(_options.AckTimeout));
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

    // Called under _gate.
    private long TurnAt() => _sentAt == long.MinValue ? long.MinValue : _sentAt + _time.Ticks(BetweenRequests);

    // Called under _gate.
    private long AskTimeAt() => Math.Max(LastTimeAt, _askedTimeAt) + _time.Ticks(_options.AskTimeAfter);

    private void Rearm()
    {
        lock (_gate)
        {
            if (_end is not null) return;
            var next = LastFrameAt + _time.Ticks(_options.SilenceLimit);
            if (_channels.Count > 0) next = Math.Min(next, AskTimeAt());
            if (_toLeave.Count > 0 || _toAsk.Exists(MayBeAsked)) next = Math.Min(next, TurnAt());
            foreach (var deadline in _leaving.Values) next = Math.Min(next, deadline);
            foreach (var channel in _channels.Values)
            {
                if (IsAwaited(channel)) next = Math.Min(next, channel.Deadline);
            }

            var wait = _time.Until(next);
            _watch.Change(wait > TimeSpan.Zero ? wait : TimeSpan.FromMilliseconds(1), Timeout.InfiniteTimeSpan);
        }
    }
}
