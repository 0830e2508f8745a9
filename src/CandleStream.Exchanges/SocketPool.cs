using Microsoft.Extensions.Logging;

namespace CandleStream.Exchanges;

/// <summary>
/// Spreads subscriptions over sockets: a new one is opened only when no open one has room, an emptied one is closed. After a failure one
/// socket probes the exchange while everybody else waits for it. Those whose feed was lost go before those who never had one.
/// </summary>
internal sealed partial class SocketPool : IAsyncDisposable
{
    // A refused upgrade means that the address is shut out for this long. Source: Bitfinex documentation, requirements-and-limitations.
    private static readonly TimeSpan RateLimitPause = TimeSpan.FromSeconds(60);
    private const int MaxProbeDoublings = 4;

    private readonly Func<Action<IExchangeSocket>, CancellationToken, Task<IExchangeSocket>> _open;
    private readonly IExchangeOptions _options;
    private readonly TimeProvider _time;
    private readonly ExchangeMetrics _metrics;
    private readonly ILogger _logger;
    private readonly ConnectThrottle _throttle;
    private readonly ITimer _sweep;
    private readonly CancellationTokenSource _stop = new();

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly List<IExchangeSocket> _connections = [];
    private int _slots;
    private readonly List<Waiter> _waiting = [];
    private readonly List<Task> _tasks = [];
    private int _opening;

    // Of those that are opening: how many have passed the throttle, and whether the others have to wait for it.
    private int _permitted;
    private bool _isHeldBack;
    private bool _isFailing;
    private int _failures;
    private long _failedAt;
    private long _notBefore;
    private ConnectFailedException? _shutOut;
    private bool _isPlacing;
    private bool _placeAgain;
    private long _arrivals;

    public SocketPool(Func<Action<IExchangeSocket>, CancellationToken, Task<IExchangeSocket>> open, IExchangeOptions options,
        TimeProvider time, ExchangeMetrics metrics, ILogger logger)
    {
        _open = open;
        _options = options;
        _time = time;
        _metrics = metrics;
        _logger = logger;
        _throttle = new ConnectThrottle(options.NewSocketsPerMinute, time);
        _sweep = time.CreateTimer(_ => CloseEmpty(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>True once a socket was greeted by the simulator.</summary>
    public bool IsSimulated { get; private set; }

    /// <summary>Every place a socket ever had: the socket that is open there, or null. As many as were open at once, so few.</summary>
    public IExchangeSocket?[] Sockets
    {
        get
        {
            lock (_gate)
            {
                var sockets = new IExchangeSocket?[_slots];
                foreach (var connection in _connections) sockets[connection.Slot - 1] = connection;
                return sockets;
            }
        }
    }

    /// <summary>Subscribes a series on a socket with room, or on a new one; waits while none may be opened.</summary>
    /// <param name="listener">Takes what arrives.</param>
    /// <param name="recovers">True when the series was live before: it goes first.</param>
    /// <param name="cancel">Gives up waiting.</param>
    /// <exception cref="ConnectFailedException">A socket was tried and could not be had.</exception>
    public async Task<IExchangeChannel> PlaceAsync(IChannelListener listener, bool recovers, CancellationToken cancel)
    {
        Waiter waiter;
        lock (_gate)
        {
            waiter = new Waiter(listener, recovers, _arrivals++);
            _waiting.Add(waiter);
        }

        Place();
        await using var registration = cancel.Register(() => waiter.Place.TrySetCanceled(cancel));
        return await waiter.Place.Task;
    }

    /// <summary>Closes every socket; nothing may be placed any more.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sweep.DisposeAsync();
        Task[] tasks;
        IExchangeSocket[] connections;
        lock (_gate)
        {
            foreach (var waiter in _waiting) waiter.Place.TrySetCanceled();
            tasks = [.. _tasks];
            connections = [.. _connections];
        }

        await Task.WhenAll([.. tasks, .. connections.Select(c => c.DisposeAsync().AsTask())]);
        _throttle.Dispose();
        _stop.Dispose();
    }

    // One thread at a time places; one that comes meanwhile makes it look again. So no lock is held while connections and listeners are
    // called.
    private void Place()
    {
        lock (_gate)
        {
            _placeAgain = true;
            if (_isPlacing) return;
            _isPlacing = true;
        }

        while (true)
        {
            Waiter[] waiting;
            IExchangeSocket[] connections;
            lock (_gate)
            {
                _waiting.RemoveAll(w => w.Place.Task.IsCompleted);
                if (!_placeAgain)
                {
                    _isPlacing = false;
                    OpenForWaiting();
                    break;
                }

                _placeAgain = false;
                waiting = InOrder();
                connections = [.. _connections];
            }

            foreach (var waiter in waiting) TryPlace(waiter, connections);
        }

        TellHeldBack();
    }

    // Called under _gate.
    private Waiter[] InOrder() => [.. _waiting.OrderByDescending(w => w.Recovers).ThenBy(w => w.Arrival)];

    // Who finds no room on a socket that is being opened, and has to wait for the throttle's minute to pass, is told once.
    private void TellHeldBack()
    {
        List<Waiter> heldBack = [];
        lock (_gate)
        {
            if (!_isHeldBack) return;
            foreach (var waiter in InOrder().Skip(_permitted * _options.ChannelsPerSocket)
                .Where(w => !w.IsTold && !w.Place.Task.IsCompleted))
            {
                waiter.IsTold = true;
                heldBack.Add(waiter);
            }
        }

        foreach (var waiter in heldBack)
            waiter.Listener.OnHeldBack($"waiting for a socket: at most {_options.NewSocketsPerMinute} are opened in a minute");
    }

    private static void TryPlace(Waiter waiter, IExchangeSocket[] connections)
    {
        foreach (var connection in connections)
        {
            if (waiter.Place.Task.IsCompleted) return;
            if (connection.TrySubscribe(waiter.Listener) is not { } channel) continue;
            if (!waiter.Place.TrySetResult(channel)) channel.Release();
            return;
        }
    }

    // Called under _gate. While the exchange fails, one socket probes it, however many wait.
    private void OpenForWaiting()
    {
        if (_stop.IsCancellationRequested) return;
        if (_shutOut is not null && _time.Until(_notBefore) > TimeSpan.Zero)
        {
            // A series that comes now is told at once and polls, instead of waiting for the end of the minute.
            foreach (var waiter in _waiting) waiter.Place.TrySetException(_shutOut);
            _waiting.Clear();
            return;
        }

        while (_waiting.Count > _opening * _options.ChannelsPerSocket && (!_isFailing || _opening == 0))
        {
            _opening++;
            Keep(Task.Run(OpenAsync));
        }
    }

    private async Task OpenAsync()
    {
        try
        {
            await WaitForPermissionAsync();
            if (IsNobodyWaiting())
            {
                _ = Opened(null);
                return;
            }

            var connection = await _open(OnChanged, _stop.Token);
            _metrics.Connect("opened");
            if (Opened(connection)) OnChanged(connection);
            else await connection.DisposeAsync();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The provider is being disposed.
        }
        catch (ConnectFailedException e)
        {
            _metrics.Connect(e.IsRateLimited ? "rate_limited" : "failed");
            Failed(e);
        }
        catch (Exception e)
        {
            // Whatever a transport throws costs one attempt.
            LogConnectFailed(e);
            Failed(new ConnectFailedException("the exchange cannot be reached"));
        }
    }

    // The throttle comes last: what it counts must be opened at once, or more would reach the exchange in a minute than were counted.
    private async Task WaitForPermissionAsync()
    {
        while (true)
        {
            for (var wait = PauseLeft(); wait > TimeSpan.Zero; wait = PauseLeft()) await Task.Delay(wait, _time, _stop.Token);
            await _throttle.WaitAsync(HoldBack, Permit, _stop.Token);
            if (PauseLeft() <= TimeSpan.Zero) return;
            lock (_gate) _permitted--;
        }
    }

    private void HoldBack()
    {
        lock (_gate) _isHeldBack = true;
        TellHeldBack();
    }

    private void Permit()
    {
        lock (_gate)
        {
            _permitted++;
            _isHeldBack = false;
        }
    }

    private TimeSpan PauseLeft()
    {
        lock (_gate) return _time.Until(_notBefore);
    }

    private bool IsNobodyWaiting()
    {
        lock (_gate) return _waiting.All(w => w.Place.Task.IsCompleted);
    }

    // False when the pool was disposed meanwhile: it has counted its sockets by then, and would leave this one open.
    private bool Opened(IExchangeSocket? connection)
    {
        lock (_gate)
        {
            _opening--;
            _permitted--;
            if (_stop.IsCancellationRequested) return false;
            if (connection is not null)
            {
                _isFailing = false;
                _shutOut = null;
                connection.Slot = FreeSlot();
                _connections.Add(connection);
                _metrics.Sockets(1);
                IsSimulated |= connection.IsSimulated;
            }
        }

        Place();
        return true;
    }

    // Called under _gate.
    private int FreeSlot()
    {
        var slot = 1;
        while (_connections.Exists(c => c.Slot == slot)) slot++;
        _slots = Math.Max(_slots, slot);
        return slot;
    }

    private void Failed(ConnectFailedException failure)
    {
        Waiter[] failed = [];
        lock (_gate)
        {
            _opening--;
            _permitted--;
            _shutOut = failure.IsRateLimited ? failure : null;
            Pause(_shutOut is not null ? RateLimitPause : null);
            if (_opening == 0 || _shutOut is not null)
            {
                failed = [.. _waiting];
                _waiting.Clear();
            }
        }

        foreach (var waiter in failed) waiter.Place.TrySetException(failure);
        Place();
    }

    // Called under _gate. Failures are counted until there was none for a minute: a socket that opened may die as soon as it is used.
    private void Pause(TimeSpan? given)
    {
        _isFailing = true;
        if (_time.GetElapsedTime(_failedAt) > FeedPolicy.Proven) _failures = 0;
        _failedAt = _time.GetTimestamp();

        // Shorter than any series' own delay, so that it never adds to it, but enough that many series do not probe one after another.
        var pause = given ?? TimeSpan.FromSeconds(0.75 * (1 << Math.Min(_failures, MaxProbeDoublings)));
        _failures++;
        _notBefore = Math.Max(_notBefore, _time.In(pause));
    }

    private void OnChanged(IExchangeSocket connection)
    {
        if (connection.HasEnded)
        {
            lock (_gate)
            {
                if (!_connections.Remove(connection)) return;
                if (connection.HasFailed) OnLost(connection);
                _metrics.Sockets(-1);
            }
        }
        else if (connection.ChannelCount == 0)
        {
            _sweep.Change(_options.EmptySocketLinger, Timeout.InfiniteTimeSpan);
        }

        Place();
    }

    // Called under _gate. Sockets that die together, soon after they were opened, have failed once.
    private void OnLost(IExchangeSocket connection)
    {
        _isFailing = true;
        var isFailure = _time.GetElapsedTime(connection.OpenedAt) < FeedPolicy.Proven;
        if (isFailure && _time.Until(_notBefore) <= TimeSpan.Zero) Pause(null);
    }

    private void CloseEmpty()
    {
        IExchangeSocket[] connections;
        lock (_gate) connections = [.. _connections];
        foreach (var connection in connections.Where(c => c.TryRetire()))
        {
            var closing = connection.DisposeAsync().AsTask();
            lock (_gate) Keep(closing);
        }
    }

    // Called under _gate: background work is awaited when the pool is disposed.
    private void Keep(Task task)
    {
        _tasks.RemoveAll(t => t.IsCompletedSuccessfully);
        _tasks.Add(task);
    }

    private sealed record Waiter(IChannelListener Listener, bool Recovers, long Arrival)
    {
        public TaskCompletionSource<IExchangeChannel> Place { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // Guarded by the pool's lock.
        public bool IsTold { get; set; }
    }

    [LoggerMessage(LogLevel.Error, "Opening a socket failed unexpectedly")]
    private partial void LogConnectFailed(Exception error);
}
