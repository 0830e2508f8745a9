using CandleStream.Providers;

namespace CandleStream.Exchanges;

/// <summary>
/// Decides, for one series, what its state is called and when to try again. No clock, no chance, no I/O: they come in as parameters.
/// A lost feed is tried again after 1, 2, 4, 8 and 16 s; after five failed attempts it is polled, and the socket tried once a minute.
/// Nothing is ever given up. An attempt whose feed is lost again within a minute has failed too: a socket that dies after each snapshot
/// would else be opened for ever.
/// </summary>
internal sealed class FeedPolicy(IExchangeOptions options)
{
    private const int Doublings = 4;

    // A feed that lasted this long works.
    internal static readonly TimeSpan Proven = TimeSpan.FromSeconds(60);

    private bool _isLive;
    private bool _wasLive;
    private bool _isRefused;
    private bool _isShutOut;
    private bool _isHeldBack;
    private bool? _lastPollWorked;
    private int _failures;
    private int _attempt;
    private string? _reason;
    private string? _pollReason;

    /// <summary>True when push is off and REST serves.</summary>
    public bool IsPolling => !_isLive && !_isRefused && (_isShutOut || _isHeldBack || _failures >= options.FailuresBeforePolling);

    /// <summary>True once the series was live: it goes before those that never were when places are given away.</summary>
    public bool WasLive => _wasLive;

    /// <summary>Frames arrive. What went before is forgotten once that has lasted, see <see cref="Failed"/>.</summary>
    public void Live()
    {
        _isLive = _wasLive = true;
        _isRefused = _isShutOut = _isHeldBack = false;
        _lastPollWorked = null;
        _reason = _pollReason = null;
    }

    /// <summary>Frames were lost, and the channel is subscribed anew on its own socket, without waiting.</summary>
    /// <param name="reason">Why, for people.</param>
    /// <param name="lasted">As for <see cref="Failed"/>.</param>
    public void Resync(string reason, TimeSpan lasted)
    {
        ForgetIfProven(lasted);
        _isLive = false;
        _attempt = Math.Max(1, _attempt);
        _reason = reason;
    }

    /// <summary>No socket may be opened for up to a minute, by our own limit: REST serves meanwhile.</summary>
    public void HeldBack(string reason) => (_isHeldBack, _isRefused, _reason) = (true, false, reason);

    /// <summary>The feed was lost, or an attempt to get it failed.</summary>
    /// <param name="end">Why.</param>
    /// <param name="lasted">How long frames arrived; zero where none did.</param>
    /// <param name="jitter">Chance, 0 to 1: spreads the delay over ± 25 %.</param>
    /// <returns>How long to wait before the next attempt.</returns>
    public TimeSpan Failed(ChannelEnd end, TimeSpan lasted, double jitter)
    {
        ForgetIfProven(lasted);
        if (!_isLive || _attempt > 0) _failures++;
        _isLive = false;
        _isRefused = end.Kind == ChannelEndKind.Refused;
        _isHeldBack = false;
        _isShutOut |= end.Kind == ChannelEndKind.RateLimited;
        _reason = end.Reason;
        _attempt++;
        if (_isRefused || IsPolling) return options.RetryWhilePolling;
        return TimeSpan.FromSeconds(1 << Math.Min(_attempt - 1, Doublings)) * (0.75 + (0.5 * jitter));
    }

    public void PollWorked() => (_lastPollWorked, _pollReason) = (true, null);

    public void PollFailed(string reason) => (_lastPollWorked, _pollReason) = (false, reason);

    /// <summary>What clients are told.</summary>
    /// <param name="retryAt">When the next attempt starts, where one is waited for.</param>
    /// <param name="pollEvery">The interval of polls as things stand.</param>
    public FeedState State(DateTimeOffset? retryAt, TimeSpan pollEvery)
    {
        if (_isLive) return new FeedState(SeriesState.Live);
        var state = CurrentState();
        var reason = state == SeriesState.Down && _pollReason is not null ? $"{_reason}; polling: {_pollReason}" : _reason;
        return new FeedState(state, _attempt, retryAt, reason, state == SeriesState.Polling ? pollEvery : null);
    }

    private void ForgetIfProven(TimeSpan lasted)
    {
        if (_isLive && lasted >= Proven) _failures = _attempt = 0;
    }

    private SeriesState CurrentState()
    {
        if (_isRefused) return SeriesState.Down;
        if (IsPolling && _lastPollWorked is { } worked) return worked ? SeriesState.Polling : SeriesState.Down;
        return _wasLive ? SeriesState.Reconnecting : SeriesState.Connecting;
    }
}
