using System.Globalization;
using System.Text;

namespace CandleStream.Exchanges.Binance;

/// <summary>
/// What the read loop of one socket makes of the messages: which channel a candle is of, and whether its time is believed. All of it runs
/// in that loop.
/// </summary>
internal sealed class BinanceReadLoop
{
    private const int MalformedPerMinute = 20;
    private const int LongestStream = 64;

    private readonly TimeProvider _time;
    private readonly ExchangeMetrics _metrics;
    private readonly BadInputLog _badInput;
    private readonly BinanceSocketActions _socket;
    private readonly BinanceSubscriptions _subscriptions;

    // Owned by the read loop.
    private readonly SlidingWindow _malformed;
    private readonly ExchangeClock _clock;
    private HeldTime? _held;
    private long _exchangeSecond;

    // Told by REST: something for the first frame to be compared with. 0: nothing new.
    private long _suggestedTime;

    public BinanceReadLoop(
        TimeProvider time, ExchangeMetrics metrics, BadInputLog badInput, BinanceSocketActions socket, BinanceSubscriptions subscriptions)
    {
        (_time, _metrics, _badInput, _socket, _subscriptions) = (time, metrics, badInput, socket, subscriptions);
        _malformed = new SlidingWindow(MalformedPerMinute, TimeSpan.FromMinutes(1), time);
        _clock = new ExchangeClock(time);
    }

    /// <summary>The exchange's time by a REST answer. Any thread may tell it.</summary>
    public void SuggestTime(long exchangeTime) => Volatile.Write(ref _suggestedTime, exchangeTime);

    /// <summary>One message arrived.</summary>
    public void OnMessage(ReadOnlySpan<byte> message)
    {
        var receivedAt = _time.GetTimestamp();
        var frame = BinanceFrameParser.Parse(message);
        _metrics.Frame(frame.Kind);
        switch (frame.Kind)
        {
            case FrameKind.Malformed:
                _badInput.Once("malformed", message);
                CountMalformed();
                return;
            case FrameKind.Update or FrameKind.Unreadable:
                OnKline(frame, message, receivedAt);
                break;
            case FrameKind.Subscribed:
                _subscriptions.OnAnswered(frame.RequestId);
                break;
            case FrameKind.Error:
                _subscriptions.OnRefused(frame);
                break;
            case FrameKind.Info:
                _badInput.Once("the announcement that it ends this socket", message);
                _subscriptions.Retire();
                break;
            default:
                _badInput.Once("unknown event", message);
                _metrics.Ignored(frame.Kind);
                break;
        }

        _subscriptions.LastFrameAt = receivedAt;
    }

    /// <summary>A message arrived that is too long, or no text.</summary>
    public void OnSkipped()
    {
        _metrics.Frame(FrameKind.Malformed);
        CountMalformed();
    }

    private void CountMalformed()
    {
        var now = _time.GetTimestamp();
        _malformed.Take(now);
        if (_malformed.WaitAt(now) > TimeSpan.Zero) _socket.End(new ChannelEnd(ChannelEndKind.SocketEnded, "malformed frames persist"));
    }

    private void OnKline(in BinanceFrame frame, ReadOnlySpan<byte> message, long receivedAt)
    {
        var channel = Find(message[frame.Stream]);
        if (channel is null) _metrics.Ignored(frame.Kind);
        var time = Judge(frame.ExchangeTime, receivedAt);
        if (channel is not null)
        {
            if (frame.Kind == FrameKind.Unreadable)
            {
                _metrics.UnreadableRow();
                channel.TakeUnreadable(frame.OpenTime, receivedAt);
            }
            else if (channel.Take(frame.Kline, time, receivedAt) > 0)
            {
                _metrics.SequenceGap();
            }
        }

        if (time is { } now) PassOn(now);
    }

    private BinanceChannel? Find(ReadOnlySpan<byte> stream)
    {
        if (stream.Length is 0 or > LongestStream) return null;
        Span<char> text = stackalloc char[LongestStream];
        return Encoding.UTF8.TryGetChars(stream, text, out var length) ? _subscriptions.Find(text[..length]) : null;
    }

    // A time that leaps waits for the next frame to bear it out; its candle goes on without it, for a price does not wait.
    private long? Judge(long? told, long receivedAt)
    {
        if (Interlocked.Exchange(ref _suggestedTime, 0) is > 0 and var suggested) _clock.Suggest(suggested, receivedAt);
        if (_held is { } held)
        {
            _held = null;
            if (_clock.BearsOut(told, held.Time))
            {
                _clock.Set(held.Time, held.ReceivedAt);
            }
            else
            {
                _metrics.Frame(FrameKind.Malformed);
                _badInput.Once("a time stamp that jumps ahead and comes back",
                    Encoding.UTF8.GetBytes(held.Time.ToString(CultureInfo.InvariantCulture)));
                CountMalformed();
            }
        }

        if (told is not { } time) return null;
        if (!_clock.Believes(time, receivedAt))
        {
            _held = new HeldTime(time, receivedAt);
            return null;
        }

        _clock.Set(time, receivedAt);
        return time;
    }

    private void PassOn(long time)
    {
        var second = time / 1000;
        if (second <= _exchangeSecond && time >= (_exchangeSecond * 1000) - ExchangeClock.SlackMs) return;
        _exchangeSecond = second;
        foreach (var channel in _subscriptions.All)
        {
            if (channel.PassTime(time) > 0) _metrics.SequenceGap();
        }
    }

    private sealed record HeldTime(long Time, long ReceivedAt);
}
