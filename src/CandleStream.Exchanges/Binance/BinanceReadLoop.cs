using System.Text;

namespace CandleStream.Exchanges.Binance;

/// <summary>
/// What the read loop of one socket makes of the messages: which channel a candle is of, and whether its time is believed. All of it runs
/// in that loop.
/// </summary>
internal sealed class BinanceReadLoop
{
    private const int LongestStream = 64;

    private readonly TimeProvider _time;
    private readonly ExchangeMetrics _metrics;
    private readonly BadInputLog _badInput;
    private readonly MalformedLimit _malformed;
    private readonly BinanceSubscriptions _subscriptions;

    // Owned by the read loop.
    private readonly FrameTimes _times;

    public BinanceReadLoop(
        TimeProvider time, ExchangeMetrics metrics, BadInputLog badInput, BinanceSocketActions socket, BinanceSubscriptions subscriptions)
    {
        (_time, _metrics, _badInput, _subscriptions) = (time, metrics, badInput, subscriptions);
        _malformed = new MalformedLimit(time, metrics, socket.End);
        _times = new FrameTimes(time, badInput, _malformed);
    }

    /// <summary>The exchange's time by a REST answer. Any thread may tell it.</summary>
    public void SuggestTime(long exchangeTime) => _times.Suggest(exchangeTime);

    /// <summary>One message arrived.</summary>
    public void OnMessage(ReadOnlySpan<byte> message)
    {
        var receivedAt = _time.GetTimestamp();
        var frame = BinanceFrameParser.Parse(message);
        if (frame.Kind == FrameKind.Malformed)
        {
            _badInput.Once("malformed", message);
            _malformed.Take();
            return;
        }

        _metrics.Frame(frame.Kind);
        switch (frame.Kind)
        {
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
    public void OnSkipped() => _malformed.Take();

    private void OnKline(in BinanceFrame frame, ReadOnlySpan<byte> message, long receivedAt)
    {
        var channel = Find(message[frame.Stream]);
        if (channel is null) _metrics.Ignored(frame.Kind);
        var time = _times.Judge(frame.ExchangeTime, receivedAt);
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

    private void PassOn(long time)
    {
        if (!_times.IsAnotherSecond(time)) return;
        foreach (var channel in _subscriptions.All)
        {
            if (channel.PassTime(time) > 0) _metrics.SequenceGap();
        }
    }
}
