using System.Globalization;
using CandleStream.Providers;
using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges;

/// <summary>
/// Keeps one series' candles coming until it is disposed: subscribes, waits for the end, asks the policy what next; polls while push is
/// off.
/// </summary>
internal sealed partial class FollowedSeries : IFollowedSeries, IChannelListener
{
    // How long a move to another socket waits after one that failed; up to half as much more or less.
    private static readonly TimeSpan MoveRetry = TimeSpan.FromSeconds(10);

    private readonly IFeedListener _feed;
    private readonly ExchangeContext _services;
    private readonly ILogger _logger;
    private readonly SeriesPoller _poller;
    private readonly LogGate _unreadable;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _work;
    private readonly Action<FollowedSeries> _disposed;
    private int _isStopping;
    private long _lastFrameAt;
    private long _clockOffsetMs = long.MinValue;

    // Guarded by _gate, under which the feed is called too: that makes its calls come one at a time.
    private readonly Lock _gate = new();
    private readonly FeedPolicy _policy;
    private IExchangeChannel? _channel;
    private IExchangeChannel? _successor;
    private TaskCompletionSource? _moved;
    private bool _isContinuous;
    private long _liveSince;
    private DateTimeOffset? _retryAt;
    private FeedState _published = new(SeriesState.Connecting);
    private bool _isOver;

    public FollowedSeries(SeriesKey series, IFeedListener feed, ExchangeContext services, Action<FollowedSeries> disposed)
    {
        Series = series;
        _feed = feed;
        _services = services;
        _logger = services.Logger;
        _unreadable = new LogGate(services.Time);
        _disposed = disposed;
        _policy = new FeedPolicy(services.Options);
        _poller = new SeriesPoller(this, services, OnPolled, OnPollFailed);
        Since = services.Time.GetTimestamp();
        _work = Task.Run(RunAsync);
    }

    public SeriesKey Series { get; }

    /// <summary>When it began to be followed (timestamp).</summary>
    public long Since { get; }

    public DateTimeOffset? LastMessageAt
    {
        get
        {
            var last = Math.Max(Volatile.Read(ref _lastFrameAt), Volatile.Read(ref _channel)?.LastFrameAt ?? 0);
            return last == 0 ? null : _services.Time.GetUtcNow() - _services.Time.GetElapsedTime(last);
        }
    }

    public long? ExchangeClockOffsetMs => Volatile.Read(ref _clockOffsetMs) is var offset and not long.MinValue ? offset : null;

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isStopping, 1) == 1)
        {
            await _work;
            return;
        }

        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
        _disposed(this);
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                var wait = OnLost(await FollowOnceAsync());
                await Task.Delay(wait, _services.Time, _stop.Token);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Nobody follows any more.
        }

        IExchangeChannel? channel, successor;
        lock (_gate)
        {
            _isOver = true;
            (channel, successor) = (_channel, _successor);
        }

        channel?.Release();
        successor?.Release();
        await _poller.DisposeAsync();
    }

    // One subscription from its beginning to its end, and over to the next socket where one ends as planned.
    private async Task<ChannelEnd> FollowOnceAsync()
    {
        try
        {
            bool recovers;
            lock (_gate) recovers = _policy.WasLive;
            var channel = await _services.Pool.PlaceAsync(this, recovers, _stop.Token);
            while (true)
            {
                await Task.WhenAny(channel.Ended, channel.Retiring).WaitAsync(_stop.Token);
                if (channel.Ended.IsCompleted || await MoveAsync(channel) is not { } next)
                    return await channel.Ended.WaitAsync(_stop.Token);
                channel = next;
            }
        }
        catch (ConnectFailedException e)
        {
            return new ChannelEnd(e.Kind, e.Message);
        }
    }

    // The new socket is followed before the old one is given up: nothing is missed between them. Null where the old one ended first, and
    // the series begins anew as after any loss.
    private async Task<IExchangeChannel?> MoveAsync(IExchangeChannel old)
    {
        while (!old.Ended.IsCompleted)
        {
            try
            {
                var next = await _services.Pool.PlaceAsync(this, recovers: true, _stop.Token);
                await Task.WhenAny(next.Ended, old.Ended, WhenMovedAsync(next)).WaitAsync(_stop.Token);
                if (IsCurrent(next))
                {
                    old.Release();
                    return next;
                }

                Forget(next);
            }
            catch (ConnectFailedException)
            {
                // The old socket still serves.
            }

            double jitter;
            lock (_services.Random) jitter = _services.Random.NextDouble();
            await Task.WhenAny(old.Ended, Task.Delay(MoveRetry * (0.5 + jitter), _services.Time, _stop.Token)).WaitAsync(_stop.Token);
        }

        return null;
    }

    private Task WhenMovedAsync(IExchangeChannel next)
    {
        lock (_gate)
        {
            if (next == _channel) return Task.CompletedTask;
            return (_moved = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    private bool IsCurrent(IExchangeChannel channel)
    {
        lock (_gate) return channel == _channel;
    }

    private void Forget(IExchangeChannel successor)
    {
        lock (_gate)
        {
            if (_successor == successor) _successor = null;
        }

        successor.Release();
    }

    private TimeSpan OnLost(ChannelEnd end)
    {
        _services.Metrics.Lost(end.Kind);
        lock (_gate)
        {
            if (_channel is not null)
            {
                Volatile.Write(ref _lastFrameAt, Math.Max(_lastFrameAt, _channel.LastFrameAt));
                _channel = null;
            }

            _successor = null;
            Interrupt();
            double jitter;
            lock (_services.Random) jitter = _services.Random.NextDouble();
            var wait = _policy.Failed(end, Lasted, jitter);
            _retryAt = _services.Time.GetUtcNow() + wait;
            if (_policy.IsPolling) _poller.Start();
            else _poller.Stop();
            Publish();
            return wait;
        }
    }

    private void OnPolled(HistoryPage page)
    {
        lock (_gate)
        {
            if (_isOver || !_policy.IsPolling) return;
            _policy.PollWorked();
            Publish();
            Tell(static (feed, page) => feed.OnPolled(page), page);
        }
    }

    private void OnPollFailed(string reason)
    {
        lock (_gate)
        {
            if (_isOver || !_policy.IsPolling) return;
            _policy.PollFailed(reason);
            Publish();
        }
    }

    public void OnHeldBack(string reason)
    {
        lock (_gate)
        {
            if (_isOver || _channel is not null) return;
            _policy.HeldBack(reason);
            _poller.Start();
            Publish();
        }
    }

    // While a channel serves, a second one is its successor.
    public void OnPlaced(IExchangeChannel channel)
    {
        lock (_gate)
        {
            if (_channel is null) _channel = channel;
            else _successor = channel;
        }
    }

    public void OnSnapshot(IExchangeChannel channel, List<Candle> candles, long? exchangeTime)
    {
        lock (_gate)
        {
            if (_isOver || (channel != _channel && channel != _successor)) return;
            if (channel == _successor) (_channel, _successor) = (channel, null);
            _policy.Live();
            _liveSince = _services.Time.GetTimestamp();
            _retryAt = null;
            _isContinuous = true;
            Tell(static (feed, x) => feed.OnSnapshot(x.Candles, x.Time), (Candles: OldestFirst(candles), Time: exchangeTime));
            Publish();
            _moved?.TrySetResult();
        }

        _poller.Stop();
    }

    public void OnCandle(IExchangeChannel channel, in Candle candle, long? exchangeTime, long receivedAt)
    {
        lock (_gate)
        {
            if (_isOver || channel != _channel || !_isContinuous) return;
            try
            {
                _feed.OnCandle(candle, exchangeTime, receivedAt);
            }
            catch (Exception e)
            {
                LogFeedFailed(Series, e);
            }
        }
    }

    public void OnUnreadable(IExchangeChannel channel, TimeRange? times)
    {
        lock (_gate)
        {
            if (_isOver || channel != _channel || !_isContinuous) return;
            if (_unreadable.Allows("row")) LogUnreadable(Series, times is { } range ? Describe(range) : "not even its time");
            Tell(static (feed, times) => feed.OnUnreadable(times), times);
        }
    }

    public void OnEmpty(IExchangeChannel channel, TimeRange times, long? exchangeTime)
    {
        lock (_gate)
        {
            if (_isOver || channel != _channel || !_isContinuous) return;
            if (exchangeTime is { } time)
                Tell(static (feed, told) => feed.OnExchangeTime(told.Time, told.Heard), (Time: time, Heard: channel.HeardUntil));
            Tell(static (feed, times) => feed.OnEmpty(times), times);
        }
    }

    public void OnIncomplete(IExchangeChannel channel, TimeRange times)
    {
        lock (_gate)
        {
            if (_isOver || channel != _channel || !_isContinuous) return;
            if (_unreadable.Allows("incomplete")) LogIncomplete(Series, Describe(times));
            Tell(static (feed, times) => feed.OnIncomplete(times), times);
        }
    }

    public void OnExchangeTime(IExchangeChannel channel, long exchangeTime)
    {
        Volatile.Write(ref _clockOffsetMs, exchangeTime - _services.Time.GetUtcNow().ToUnixTimeMilliseconds());
        lock (_gate)
        {
            if (_isOver || channel != _channel || !_isContinuous) return;
            Tell(static (feed, times) => feed.OnExchangeTime(times.Exchange, times.Heard),
                (Exchange: exchangeTime, Heard: channel.HeardUntil));
        }
    }

    public void OnTimeTold(IExchangeChannel channel, long exchangeTime)
    {
        lock (_gate)
        {
            if (_isOver || channel != _channel) return;
            Tell(static (feed, time) => feed.OnTimeTold(time), exchangeTime);
        }
    }

    // The subscription goes on; only its candles have a hole.
    public void OnSilenceEnded(IExchangeChannel channel, long? exchangeTime)
    {
        lock (_gate)
        {
            if (_isOver || channel != _channel || !_isContinuous) return;
            Tell(static (feed, _) => feed.OnInterrupted(), 0);
            Tell(static (feed, time) => feed.OnSnapshot([], time), exchangeTime);
        }
    }

    public void OnInterrupted(IExchangeChannel channel, string reason)
    {
        lock (_gate)
        {
            if (_isOver || channel != _channel) return;
            Interrupt();
            _policy.Resync(reason, Lasted);
            _retryAt = _services.Time.GetUtcNow();
            Publish();
        }
    }

    // Called under _gate.
    private TimeSpan Lasted => _services.Time.GetElapsedTime(_liveSince);

    // Called under _gate.
    private void Interrupt()
    {
        if (!_isContinuous) return;
        _isContinuous = false;
        Tell(static (feed, _) => feed.OnInterrupted(), 0);
    }

    // Called under _gate.
    private void Publish()
    {
        if (_isOver) return;
        var state = _policy.State(_retryAt, _services.Polls.Interval);
        if (state == _published) return;
        _published = state;
        if (state.State == SeriesState.Live) LogLive(Series);
        else LogState(Series, state.State, state.Attempt, state.Reason);
        Tell(static (feed, state) => feed.OnState(state), state);
    }

    // Called under _gate. A bug of the listener must not stop other series.
    private void Tell<T>(Action<IFeedListener, T> call, T argument)
    {
        try
        {
            call(_feed, argument);
        }
        catch (Exception e)
        {
            LogFeedFailed(Series, e);
        }
    }

    private static string Describe(TimeRange times) =>
        string.Create(CultureInfo.InvariantCulture, $"{DateTimeOffset.FromUnixTimeMilliseconds(times.From):yyyy-MM-dd HH:mm} UTC");

    private static Candle[] OldestFirst(List<Candle> candles)
    {
        // The exchange sends newest first, so this is a reversal; any other order is put right as well.
        var sorted = candles.ToArray();
        Array.Reverse(sorted);
        for (var i = 1; i < sorted.Length; i++)
            if (sorted[i].Time < sorted[i - 1].Time) return [.. sorted.OrderBy(c => c.Time)];
        return sorted;
    }

    [LoggerMessage(LogLevel.Information, "{Series} is Live")]
    private partial void LogLive(SeriesKey series);

    [LoggerMessage(LogLevel.Information, "{Series} is {State} (attempt {Attempt}): {Reason}")]
    private partial void LogState(SeriesKey series, SeriesState state, int attempt, string? reason);

    [LoggerMessage(LogLevel.Warning, "{Series}: the exchange sent a candle that cannot be read ({Time}); REST is asked for it")]
    private partial void LogUnreadable(SeriesKey series, string time);

    [LoggerMessage(LogLevel.Warning, "{Series}: frames of the exchange are missing from {Time} on; REST is asked for them")]
    private partial void LogIncomplete(SeriesKey series, string time);

    [LoggerMessage(LogLevel.Error, "{Series}: handing over what the exchange sent failed")]
    private partial void LogFeedFailed(SeriesKey series, Exception error);
}
