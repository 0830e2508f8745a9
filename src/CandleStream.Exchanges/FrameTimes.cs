using System.Globalization;
using System.Text;

namespace CandleStream.Exchanges;

/// <summary>
/// The exchange's times as the frames of one socket tell them, where frames are not numbered: which are believed, and when another second
/// has come. Owned by the read loop.
/// </summary>
internal sealed class FrameTimes(TimeProvider time, BadInputLog badInput, MalformedLimit malformed)
{
    private readonly ExchangeClock _clock = new(time);
    private (long Time, long ReceivedAt)? _held;
    private long _second;

    // Told by REST or by an answer: something for the first frame to be compared with. 0: nothing new.
    private long _suggested;

    /// <summary>The exchange's time by other means than a frame. Any thread may tell it.</summary>
    public void Suggest(long exchangeTime) => Volatile.Write(ref _suggested, exchangeTime);

    /// <summary>
    /// What is believed of a frame's time. One that leaps waits for the next frame to bear it out; what the frame tells goes on without it,
    /// for a price does not wait.
    /// </summary>
    public long? Judge(long? told, long receivedAt)
    {
        if (Interlocked.Exchange(ref _suggested, 0) is > 0 and var suggested) _clock.Suggest(suggested, receivedAt);
        if (_held is { } held)
        {
            _held = null;
            if (_clock.BearsOut(told, held.Time))
            {
                _clock.Set(held.Time, held.ReceivedAt);
            }
            else
            {
                badInput.Once(
                    "a time stamp that jumps ahead and comes back",
                    Encoding.UTF8.GetBytes(held.Time.ToString(CultureInfo.InvariantCulture)));
                malformed.Take();
            }
        }

        if (told is not { } now) return null;
        if (!_clock.Believes(now, receivedAt))
        {
            _held = (now, receivedAt);
            return null;
        }

        _clock.Set(now, receivedAt);
        return now;
    }

    /// <summary>True where a time that is believed is of another second than the one before; one that falls back far is, too.</summary>
    public bool IsAnotherSecond(long exchangeTime)
    {
        var second = exchangeTime / 1000;
        if (second <= _second && exchangeTime >= (_second * 1000) - ExchangeClock.SlackMs) return false;
        _second = second;
        return true;
    }
}

/// <summary>Counts messages that cannot be read; ends a socket that goes on sending them. Owned by the read loop.</summary>
internal sealed class MalformedLimit(TimeProvider time, ExchangeMetrics metrics, Action<ChannelEnd> end)
{
    private const int PerMinute = 20;

    private readonly SlidingWindow _taken = new(PerMinute, TimeSpan.FromMinutes(1), time);

    /// <summary>One more.</summary>
    public void Take()
    {
        metrics.Frame(FrameKind.Malformed);
        var now = time.GetTimestamp();
        _taken.Take(now);
        if (_taken.WaitAt(now) > TimeSpan.Zero) end(new ChannelEnd(ChannelEndKind.SocketEnded, "malformed frames persist"));
    }
}
