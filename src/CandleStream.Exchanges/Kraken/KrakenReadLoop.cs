using System.Runtime.InteropServices;
using System.Text;

namespace CandleStream.Exchanges.Kraken;

/// <summary>
/// What the read loop of one socket makes of the messages: which channel a candle is of, and whether its time is believed. All of it runs
/// in that loop.
/// </summary>
internal sealed class KrakenReadLoop
{
    private const int LongestSymbol = 64;

    private readonly TimeProvider _time;
    private readonly ExchangeMetrics _metrics;
    private readonly BadInputLog _badInput;
    private readonly KrakenSocketActions _socket;
    private readonly KrakenSubscriptions _subscriptions;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Owned by the read loop.
    private readonly MalformedLimit _malformed;
    private readonly FrameTimes _times;
    private readonly List<KrakenRow> _rows = [];

    public KrakenReadLoop(
        TimeProvider time, ExchangeMetrics metrics, BadInputLog badInput, KrakenSocketActions socket, KrakenSubscriptions subscriptions)
    {
        (_time, _metrics, _badInput, _socket, _subscriptions) = (time, metrics, badInput, socket, subscriptions);
        _malformed = new MalformedLimit(time, metrics, socket.End);
        _times = new FrameTimes(time, badInput, _malformed);
    }

    /// <summary>True once the other side said that it is the simulator.</summary>
    public bool IsSimulated { get; private set; }

    /// <summary>Waits until the exchange told its status.</summary>
    /// <exception cref="ConnectFailedException">The socket ended before.</exception>
    public Task WaitUntilReadyAsync(CancellationToken timeout) => _ready.Task.WaitAsync(timeout);

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
        var frame = KrakenFrameParser.Parse(message, _rows);
        if (frame.Kind == FrameKind.Malformed)
        {
            _badInput.Once("malformed", message);
            _malformed.Take();
            return;
        }

        _metrics.Frame(frame.Kind);
        // An answer comes from the machine in front of the exchange; it shows what the time is, and not that candles come.
        if (frame.Kind != FrameKind.Pong) _subscriptions.LastFrameAt = receivedAt;
        var time = frame.ExchangeTime is null ? null : _times.Judge(frame.ExchangeTime, receivedAt);
        if (frame.ExchangeTime is not null) _subscriptions.LastTimeAt = receivedAt;
        switch (frame.Kind)
        {
            case FrameKind.Snapshot or FrameKind.Update:
                OnRows(message, frame.Kind == FrameKind.Snapshot, time, receivedAt);
                break;
            case FrameKind.Unreadable:
                _metrics.UnreadableRow();
                foreach (var channel in _subscriptions.All) channel.Listener.OnUnreadable(channel, null);
                break;
            case FrameKind.Subscribed:
                _subscriptions.OnSubscribed(frame);
                break;
            case FrameKind.Unsubscribed:
                _subscriptions.OnUnsubscribed(frame.Symbol);
                break;
            case FrameKind.Error:
                _subscriptions.OnRefused(frame);
                break;
            case FrameKind.Info:
                OnStatus(frame);
                break;
            case FrameKind.Unknown:
                _badInput.Once("unknown event", message);
                _metrics.Ignored(frame.Kind);
                break;
        }

        if (time is { } now && _times.IsAnotherSecond(now)) PassOn(now);
    }

    /// <summary>A message arrived that is too long, or no text.</summary>
    public void OnSkipped() => _malformed.Take();

    private void OnStatus(in KrakenFrame status)
    {
        IsSimulated |= status.IsSimulator;
        // In the other states there are fewer trades, or none, and what is told of them is true.
        if (status.Text == "maintenance") _socket.End(new ChannelEnd(ChannelEndKind.Maintenance, "the exchange is in maintenance"));
        else _ready.TrySetResult();
    }

    // The rows of one symbol stand together. A snapshot that holds several symbols is several snapshots.
    private void OnRows(ReadOnlySpan<byte> message, bool isSnapshot, long? time, long receivedAt)
    {
        var rows = CollectionsMarshal.AsSpan(_rows);
        for (var from = 0; from < rows.Length;)
        {
            var symbol = message[rows[from].Symbol];
            var interval = rows[from].Interval;
            if (symbol.IsEmpty)
            {
                // It may be of any series.
                foreach (var any in _subscriptions.All) OnUnreadable(any, rows[from]);
                from++;
                continue;
            }

            var to = from + 1;
            while (to < rows.Length && rows[to].Interval == interval && message[rows[to].Symbol].SequenceEqual(symbol)) to++;
            OnRows(rows[from..to], Find(symbol, interval, out var isLive), isLive, isSnapshot, time, receivedAt);
            from = to;
        }
    }

    private void OnRows(
        ReadOnlySpan<KrakenRow> rows, KrakenChannel? channel, bool isLive, bool isSnapshot, long? time, long receivedAt)
    {
        if (channel is null)
        {
            _metrics.Ignored(isSnapshot ? FrameKind.Snapshot : FrameKind.Update);
            return;
        }

        channel.LastFrameAt = receivedAt;
        if (time is { } heard) channel.HeardUntil = heard;
        if (isSnapshot && !isLive && _subscriptions.OnLive(channel))
        {
            List<Candle> candles = [];
            // Newest first, as the listener takes them.
            for (var i = rows.Length - 1; i >= 0; i--)
                if (IsTraded(rows[i]) && channel.IsNews(rows[i].Candle)) candles.Add(rows[i].Candle);
            channel.Listener.OnSnapshot(channel, candles, time);
            foreach (var row in rows)
                if (!row.IsRead) OnUnreadable(channel, row);
            return;
        }

        if (!isLive && !isSnapshot)
        {
            _metrics.Ignored(FrameKind.Update);
            return;
        }

        foreach (ref readonly var row in rows)
        {
            if (!row.IsRead) OnUnreadable(channel, row);
            else if (!IsTraded(row) || !channel.IsNews(row.Candle)) _metrics.Ignored(FrameKind.Update);
            else channel.Listener.OnCandle(channel, row.Candle, time, receivedAt);
        }
    }

    // The socket tells trades only; a row without one is no candle.
    private static bool IsTraded(in KrakenRow row) => row.IsRead && row.Candle.Figures.Trades > 0;

    private void OnUnreadable(KrakenChannel channel, in KrakenRow row)
    {
        _metrics.UnreadableRow();
        var timeframe = channel.Listener.Series.Timeframe;
        channel.Listener.OnUnreadable(channel, row.OpenTime is { } time
            ? new TimeRange(timeframe.StartOf(time), timeframe.EndOf(timeframe.StartOf(time)))
            : null);
    }

    private KrakenChannel? Find(ReadOnlySpan<byte> symbol, int interval, out bool isLive)
    {
        isLive = false;
        if (symbol.Length is 0 or > LongestSymbol) return null;
        Span<char> text = stackalloc char[LongestSymbol];
        return Encoding.UTF8.TryGetChars(symbol, text, out var length) ? _subscriptions.Find(text[..length], interval, out isLive) : null;
    }

    // What the exchange sends on a socket comes in its order: a time that was told shows that nothing of the channels was held back.
    private void PassOn(long time)
    {
        foreach (var channel in _subscriptions.All)
        {
            channel.HeardUntil = time;
            channel.Listener.OnExchangeTime(channel, time);
        }
    }
}
