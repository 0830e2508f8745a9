using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges.Bitfinex;

/// <summary>
/// What the read loop of one socket makes of the messages: whether a frame is next, whether its time is believed, and which channel it is
/// of. All of it runs in that loop.
/// </summary>
internal sealed partial class BitfinexReadLoop
{
    private const ConfFlags WantedFlags = ConfFlags.Timestamp | ConfFlags.SequenceAll;
    private const int MalformedPerMinute = 20;
    private const int SequenceGapsPerMinute = 3;

    // Late frames in a row after which the exchange must have begun to count anew.
    private const int LateFramesAllowed = 32;

    private readonly TimeProvider _time;
    private readonly ExchangeMetrics _metrics;
    private readonly BadInputLog _badInput;
    private readonly ILogger _logger;
    private readonly BitfinexSocketActions _socket;
    private readonly BitfinexSubscriptions _subscriptions;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Owned by the read loop.
    private readonly List<Candle> _snapshot = [];
    private readonly List<UnreadableRow> _unreadable = [];
    private readonly List<Candle> _nothing = [];
    private readonly SlidingWindow _malformed;
    private readonly SlidingWindow _gaps;
    private readonly ExchangeClock _clock;
    private HeldFrame? _held;
    private ConfFlags _flags;
    private long? _sequence;
    private int _unnumbered;
    private bool _isLossKnown;
    private int _lateFrames;
    private long _exchangeSecond;
    private volatile bool _isGreeted;

    public BitfinexReadLoop(
        TimeProvider time, ExchangeMetrics metrics, BadInputLog badInput, ILogger logger, BitfinexSocketActions socket,
        BitfinexSubscriptions subscriptions)
    {
        (_time, _metrics, _badInput, _logger, _socket, _subscriptions) = (time, metrics, badInput, logger, socket, subscriptions);
        _malformed = new SlidingWindow(MalformedPerMinute, TimeSpan.FromMinutes(1), time);
        _gaps = new SlidingWindow(SequenceGapsPerMinute, TimeSpan.FromMinutes(1), time);
        _clock = new ExchangeClock(time);
    }

    /// <summary>True once the other side greeted us as the simulator.</summary>
    public bool IsSimulated { get; private set; }

    /// <summary>
    /// Waits until the socket is greeted and configured. An exchange that greets and never answers about the flags is used without them.
    /// </summary>
    /// <param name="timeout">Ends the wait for the answer.</param>
    /// <param name="givenUp">Gives the socket up.</param>
    /// <exception cref="ConnectFailedException">The socket ended before.</exception>
    public async Task WaitUntilReadyAsync(CancellationToken timeout, CancellationToken givenUp)
    {
        try
        {
            await _ready.Task.WaitAsync(timeout);
        }
        catch (OperationCanceledException) when (_isGreeted && !givenUp.IsCancellationRequested)
        {
            LogNotConfigured("no answer");
            _ready.TrySetResult();
        }
    }

    /// <summary>The socket ended: it will not be ready any more.</summary>
    public void End(ChannelEnd end)
    {
        _ready.TrySetException(new ConnectFailedException(end.Reason, end.Kind));
        _ = _ready.Task.Exception;
    }

    /// <summary>One message arrived.</summary>
    public void OnMessage(ReadOnlySpan<byte> message)
    {
        var receivedAt = _time.GetTimestamp();
        var frame = BitfinexFrameParser.Parse(message, _flags, _snapshot, _unreadable);
        _metrics.Frame(frame.Kind);
        switch (frame.Kind)
        {
            case FrameKind.Malformed:
                OnMalformed(message, frame);
                return;
            case FrameKind.Info:
                OnInfo(frame.Event!);
                break;
            case FrameKind.Conf:
                OnConfigured(frame.Event!);
                break;
            case FrameKind.Subscribed:
                _subscriptions.OnSubscribed(frame.Event!, alreadyThere: false);
                break;
            case FrameKind.Unsubscribed:
                _subscriptions.OnUnsubscribed(frame.Event!.ChannelId!.Value);
                break;
            case FrameKind.Error:
                OnError(frame.Event!);
                break;
            case FrameKind.Pong:
                if (frame.Event!.Time is { } now) OnPong(now, receivedAt);
                break;
            case FrameKind.Unknown when frame.Event is not null:
                _badInput.Once("unknown event", message);
                break;
            default:
                OnData(frame, receivedAt);
                break;
        }

        _subscriptions.LastFrameAt = receivedAt;
    }

    // The loss of one channel, where it is known which one. Where it is not, the next number shows whether a frame is
    // missing; without numbers nothing would.
    private void OnMalformed(ReadOnlySpan<byte> message, in BitfinexFrame frame)
    {
        _badInput.Once("malformed", message);
        if (frame.Sequence is { } sequence && !IsNext(sequence)) return;
        var channel = _subscriptions.Find(frame.ChannelId, out var all);
        if (frame.Sequence is null) _isLossKnown = _unnumbered++ == 0 && channel is not null;
        if (channel is not null)
        {
            OnUnreadable(channel, null);
            return;
        }

        CountMalformed();
        if ((_flags & ConfFlags.SequenceAll) != 0) return;
        foreach (var any in all) OnUnreadable(any, null);
    }

    /// <summary>A message arrived that is too long, or no text.</summary>
    public void OnSkipped()
    {
        _metrics.Frame(FrameKind.Malformed);
        OnMalformed([], new BitfinexFrame(FrameKind.Malformed));
    }

    private void CountMalformed()
    {
        var now = _time.GetTimestamp();
        _malformed.Take(now);
        if (_malformed.WaitAt(now) > TimeSpan.Zero) _socket.End(new ChannelEnd(ChannelEndKind.SocketEnded, "malformed frames persist"));
    }

    private void OnUnreadable(BitfinexChannel channel, TimeRange? times)
    {
        _metrics.UnreadableRow();
        channel.Listener.OnUnreadable(channel, times);
    }

    private void OnInfo(BitfinexEvent info)
    {
        if (info.Version is { } version) OnGreeting(version, info);
        else if (info.Code == 20051) _socket.End(new ChannelEnd(ChannelEndKind.Restart, "the exchange restarts (20051)"));
        else if (info.Code == 20060) Pause();
        else if (info.Code == 20061) Resume();
        else LogNotice(info.Code ?? 0, info.Message);
    }

    private void Pause()
    {
        _held = null;
        _subscriptions.Pause();
    }

    private void Resume()
    {
        _held = null;
        _subscriptions.Resume();
    }

    // What was held is of before where every channel begins anew.
    private void ResyncAll(string reason)
    {
        _held = null;
        _subscriptions.Resync(reason);
    }

    private void OnGreeting(int version, BitfinexEvent greeting)
    {
        // A second greeting means that the other side has forgotten our channels.
        if (_isGreeted) _socket.End(new ChannelEnd(ChannelEndKind.SocketEnded, "the exchange started the session again"));
        else if (version != 2) _socket.End(new ChannelEnd(ChannelEndKind.ConnectFailed, $"the exchange speaks version {version}, not 2"));
        else if (greeting.PlatformStatus == 0) _socket.End(new ChannelEnd(ChannelEndKind.Maintenance, "the exchange is in maintenance"));
        else Greet();
        _isGreeted = true;
        IsSimulated |= greeting.IsSimulator;
    }

    private void Greet()
    {
        _socket.Post(BitfinexRequest.Configure(WantedFlags));
        _socket.Post(BitfinexRequest.Ping());
    }

    // Where the flags are refused the feed works without exchange time and sequence numbers: less is known, nothing is wrong.
    // Older servers did not name the flags that they turned on.
    private void OnConfigured(BitfinexEvent answer)
    {
        var isExpected = answer.Status == "OK" && (answer.Flags is not { } flags || ((ConfFlags)flags & WantedFlags) == WantedFlags);
        _flags = isExpected ? WantedFlags : ConfFlags.None;
        if (!isExpected) LogNotConfigured(answer.Message ?? $"status {answer.Status}, flags {answer.Flags}");
        _ready.TrySetResult();
    }

    // Before the socket is ready nothing but the flags was asked for: any error is the answer to that.
    private void OnError(BitfinexEvent error)
    {
        if (error.Code == 10301 && error.ChannelId is > 0 && error.Key is not null) _subscriptions.OnSubscribed(error, alreadyThere: true);
        else if (error.Code is 10400 or 10401 && error.ChannelId is { } left) _subscriptions.OnUnsubscribed(left);
        else if (error.Code == 10050 || !_ready.Task.IsCompleted) OnConfigured(error);
        else _subscriptions.OnRefused(error);
    }

    private void OnPong(long exchangeTime, long receivedAt)
    {
        _clock.Suggest(exchangeTime, receivedAt);
        foreach (var channel in _subscriptions.All) channel.Listener.OnTimeTold(channel, exchangeTime);
    }

    private void OnData(in BitfinexFrame frame, long receivedAt)
    {
        if (frame.Sequence is { } sequence && !IsNext(sequence))
        {
            _metrics.Ignored(frame.Kind);
            return;
        }

        if (_held is not null) Decide(frame.ExchangeTime);
        var isFirst = _subscriptions.FindChannel(frame, receivedAt, out var channel, out var wasSilent);
        if (channel is null || frame.Kind == FrameKind.Unknown) _metrics.Ignored(frame.Kind);
        if (frame.ExchangeTime is { } time)
        {
            if (!_clock.Believes(time, receivedAt))
            {
                Hold(new HeldFrame(channel, frame, time, [.. _snapshot], [.. _unreadable], isFirst, wasSilent, receivedAt));
                return;
            }

            _clock.Set(time, receivedAt);
        }

        Take(channel, frame, _snapshot, _unreadable, isFirst, wasSilent, receivedAt);
    }

    // A price does not wait for the next frame, which may be seconds away:
    // of a candle that does not lie ahead of what has passed here, only the time waits.
    private void Hold(HeldFrame held)
    {
        if (held is { Channel: { } channel, IsFirst: false, WasSilent: false, Frame: { Kind: FrameKind.Update } frame }
            && !_clock.IsAhead(frame.Candle.Time, held.ReceivedAt))
        {
            Take(channel, frame with { ExchangeTime = null }, _nothing, [], false, false, held.ReceivedAt);
            held = held with { Frame = frame with { Kind = FrameKind.Heartbeat } };
        }

        _held = held;
    }

    // The next frame is here and tells whether the time of the one before it was true.
    private void Decide(long? next)
    {
        var held = _held!;
        _held = null;
        if (_clock.BearsOut(next, held.Time))
        {
            _clock.Set(held.Time, held.ReceivedAt);
            Take(held.Channel, held.Frame, held.Snapshot, held.Unreadable, held.IsFirst, held.WasSilent, held.ReceivedAt);
            return;
        }

        _metrics.Frame(FrameKind.Malformed);
        _badInput.Once(
            "a time stamp that jumps ahead and comes back", Encoding.UTF8.GetBytes(held.Time.ToString(CultureInfo.InvariantCulture)));
        CountMalformed();

        // From when on nothing is missing has to be known by time: that channel begins anew. A candle goes without it.
        if (held is { Channel: { } channel } && (held.IsFirst || held.WasSilent))
            _subscriptions.Resync("a frame had an impossible time", channel);
        else Take(held.Channel, held.Frame with { ExchangeTime = null }, held.Snapshot, held.Unreadable, false, false, held.ReceivedAt);
    }

    private void Take(
        BitfinexChannel? channel, in BitfinexFrame frame, List<Candle> snapshot, List<UnreadableRow> unreadable,
        bool isFirst, bool wasSilent, long receivedAt)
    {
        if (channel is not null)
        {
            if (wasSilent) channel.Listener.OnSilenceEnded(channel, frame.ExchangeTime);
            if (frame.ExchangeTime is { } heard && (heard > channel.HeardUntil || IsStepBack(heard, channel.HeardUntil)))
                channel.HeardUntil = heard;
            Deliver(channel, frame, snapshot, isFirst, receivedAt);
            var timeframe = channel.Listener.Series.Timeframe;
            foreach (var row in unreadable) OnUnreadable(channel, row.TimesAmong(snapshot, timeframe, frame.ExchangeTime));
        }

        if (frame.ExchangeTime is { } time) PassOn(time);
    }

    private void Deliver(BitfinexChannel channel, in BitfinexFrame frame, List<Candle> snapshot, bool isFirst, long receivedAt)
    {
        var listener = channel.Listener;
        if (isFirst)
        {
            if (frame.ExchangeTime is null && _clock.At(receivedAt) is { } present) listener.OnTimeTold(channel, present);
            listener.OnSnapshot(channel, frame.Kind == FrameKind.Snapshot ? snapshot : _nothing, frame.ExchangeTime);
        }
        else if (frame.Kind == FrameKind.Snapshot)
        {
            // A snapshot nobody asked for is candles, no more; newest first, as they come.
            for (var i = snapshot.Count - 1; i >= 0; i--) listener.OnCandle(channel, snapshot[i], frame.ExchangeTime, receivedAt);
        }

        if (frame.Kind == FrameKind.Update) listener.OnCandle(channel, frame.Candle, frame.ExchangeTime, receivedAt);
    }

    // Sequence numbers count every array frame of the socket: one missing means that something is lost, on a channel nobody knows.
    private bool IsNext(long sequence)
    {
        var last = _sequence;
        if (last is null || sequence == last + 1)
        {
            _sequence = sequence;
            _lateFrames = _unnumbered = 0;
            return true;
        }

        if (sequence <= last)
        {
            // A repeat, or a frame overtaken by others; the gap that it left was dealt with already.
            if (++_lateFrames > LateFramesAllowed)
                _socket.End(new ChannelEnd(ChannelEndKind.SequenceGap, "the sequence numbers started again"));
            return false;
        }

        // One number is missing, and one frame came whose number could not be read: it is that frame's, and its channel was told already.
        var isLossKnown = sequence == last + 2 && _unnumbered == 1 && _isLossKnown;
        _sequence = sequence;
        _lateFrames = _unnumbered = 0;
        if (isLossKnown) return true;
        _metrics.SequenceGap();
        _badInput.Once("sequence gap", []);
        OnFramesLost("frames were lost (sequence gap)");
        return false;
    }

    private void OnFramesLost(string reason)
    {
        var now = _time.GetTimestamp();
        var tooMany = _gaps.WaitAt(now) > TimeSpan.Zero;
        _gaps.Take(now);
        if (tooMany) _socket.End(new ChannelEnd(ChannelEndKind.SequenceGap, "frames are lost too often"));
        else ResyncAll(reason);
    }

    private void PassOn(long time)
    {
        var second = time / 1000;
        if (second <= _exchangeSecond && !IsStepBack(time, _exchangeSecond * 1000)) return;
        _exchangeSecond = second;
        foreach (var channel in _subscriptions.All) channel.Listener.OnExchangeTime(channel, time);
    }

    // The time before it was wrong: the clock has judged that.
    private static bool IsStepBack(long time, long known) => time < known - ExchangeClock.SlackMs;

    // A frame whose time leaps ahead waits for the next one.
    private sealed record HeldFrame(
        BitfinexChannel? Channel, BitfinexFrame Frame, long Time, List<Candle> Snapshot, List<UnreadableRow> Unreadable,
        bool IsFirst, bool WasSilent, long ReceivedAt);

    [LoggerMessage(LogLevel.Information, "Exchange says {Code}: {Text}")]
    private partial void LogNotice(int code, string? text);

    [LoggerMessage(
        LogLevel.Warning,
        "Exchange refused the time and sequence flags: {Text}; lost frames cannot be detected, and a candle closes only when a later one appears")]
    private partial void LogNotConfigured(string? text);
}
