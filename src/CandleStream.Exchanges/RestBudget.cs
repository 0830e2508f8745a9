using CandleStream.Providers;

namespace CandleStream.Exchanges;

/// <summary>
/// Spaces out REST calls: so many in any 60 s for all purposes together, and none while the exchange blocks us. The most urgent purpose
/// goes first; within it the series that had the fewest calls in the last minute, then the one that is followed longest, so that many
/// newcomers cannot starve it. Thread-safe.
/// </summary>
internal sealed class RestBudget : IDisposable
{
    // A second more than the exchange counts: our calls do not reach it at the distance we sent them.
    private static readonly TimeSpan WindowLength = TimeSpan.FromSeconds(61);

    // Polls come back as soon as they were served, so their turns are counted over many windows; otherwise the same ones would win every
    // time.
    private static readonly TimeSpan PollingMemory = TimeSpan.FromMinutes(10);

    private readonly TimeProvider _time;
    private readonly ITimer _timer;

    // Guarded by _gate.
    private readonly Lock _gate = new();
    private readonly SlidingWindow _window;
    private readonly List<Waiter> _waiting = [];
    private readonly Queue<(long At, FetchPurpose Purpose, SeriesKey Series)> _recent = new();
    private long _blockedUntil;
    private long _arrivals;

    public RestBudget(int callsPerMinute, TimeProvider time)
    {
        _time = time;
        _window = new SlidingWindow(callsPerMinute, WindowLength, time);
        _timer = time.CreateTimer(_ => Serve(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Waits for the turn of one call and counts it.</summary>
    /// <param name="purpose">What it is for.</param>
    /// <param name="series">The series it is for; the default value for calls that concern none.</param>
    /// <param name="followedSince">When the series began to be followed (timestamp); later ones wait longer.</param>
    /// <param name="cancel">Gives up the place in the queue.</param>
    public async Task WaitAsync(FetchPurpose purpose, SeriesKey series, long followedSince, CancellationToken cancel)
    {
        Waiter waiter;
        lock (_gate)
        {
            waiter = new Waiter(purpose, series, followedSince, _arrivals++);
            _waiting.Add(waiter);
        }

        Serve();
        await using var registration = cancel.Register(() => waiter.Turn.TrySetCanceled(cancel));
        await waiter.Turn.Task;
    }

    /// <summary>Lets no call begin for this long: the exchange told us to stop.</summary>
    public void Block(TimeSpan duration)
    {
        lock (_gate) _blockedUntil = Math.Max(_blockedUntil, _time.In(duration));
    }

    /// <summary>How long no call begins because the exchange told us to stop; zero or less where it did not.</summary>
    public TimeSpan BlockedFor
    {
        get
        {
            lock (_gate) return _time.Until(_blockedUntil);
        }
    }

    /// <summary>Calls that may begin now; 0 while the exchange blocks us.</summary>
    public int Left
    {
        get
        {
            lock (_gate)
            {
                var now = _time.GetTimestamp();
                return _blockedUntil > now ? 0 : _window.LeftAt(now);
            }
        }
    }

    /// <summary>Calls for a purpose that wait for their turn.</summary>
    public int WaitingFor(FetchPurpose purpose)
    {
        lock (_gate) return _waiting.Count(w => w.Purpose == purpose && !w.Turn.Task.IsCompleted);
    }

    public void Dispose() => _timer.Dispose();

    private void Serve()
    {
        lock (_gate)
        {
            var now = _time.GetTimestamp();
            _waiting.RemoveAll(w => w.Turn.Task.IsCompleted);
            while (_waiting.Count > 0)
            {
                var wait = Max(_window.WaitAt(now), _time.GetElapsedTime(now, _blockedUntil));
                if (wait > TimeSpan.Zero)
                {
                    _timer.Change(wait, Timeout.InfiniteTimeSpan);
                    return;
                }

                Serve(Next(now), now);
            }
        }
    }

    private void Serve(Waiter waiter, long now)
    {
        _waiting.Remove(waiter);
        if (!waiter.Turn.TrySetResult()) return;
        _window.Take(now);
        _recent.Enqueue((now, waiter.Purpose, waiter.Series));
    }

    private Waiter Next(long now)
    {
        while (_recent.TryPeek(out var oldest) && _time.GetElapsedTime(oldest.At, now) >= PollingMemory) _recent.Dequeue();
        return _waiting.MinBy(w => (w.Purpose, RecentCallsOf(w, now), w.FollowedSince, w.Arrival))!;
    }

    private int RecentCallsOf(Waiter waiter, long now)
    {
        var memory = waiter.Purpose == FetchPurpose.Polling ? PollingMemory : WindowLength;
        return _recent.Count(r => r.Series == waiter.Series && r.Purpose == waiter.Purpose && _time.GetElapsedTime(r.At, now) < memory);
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private sealed record Waiter(FetchPurpose Purpose, SeriesKey Series, long FollowedSince, long Arrival)
    {
        public TaskCompletionSource Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
