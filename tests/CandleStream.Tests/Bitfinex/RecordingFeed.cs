using CandleStream.Providers;

namespace CandleStream.Tests.Bitfinex;

/// <summary>Writes down what a provider says about a series, in order.</summary>
internal sealed class RecordingFeed : IFeedListener
{
    private readonly Lock _gate = new();
    private readonly List<string> _events = [];
    private readonly List<FeedState> _states = [];
    private readonly List<Candle> _candles = [];
    private readonly List<HistoryPage> _polls = [];
    private readonly List<TimeRange?> _unreadable = [];
    private readonly List<long> _times = [];
    private readonly List<long> _told = [];
    private readonly List<long?> _snapshotTimes = [];
    private int _inside;

    /// <summary>What was told, one word each: the states' names, snapshot, candle, unreadable, interrupted, polled.</summary>
    public string[] Events => Read(() => _events.ToArray());

    public FeedState[] States => Read(() => _states.ToArray());

    /// <summary>The names of the states, one after another.</summary>
    public string Path => string.Join(' ', States.Select(s => s.State));

    public Candle[] Candles => Read(() => _candles.ToArray());

    public HistoryPage[] Polls => Read(() => _polls.ToArray());

    public TimeRange?[] Unreadable => Read(() => _unreadable.ToArray());

    public long[] ToldTimes => Read(() => _told.ToArray());

    public long[] ExchangeTimes => Read(() => _times.ToArray());

    public long?[] SnapshotTimes => Read(() => _snapshotTimes.ToArray());

    public IReadOnlyList<Candle> LastSnapshot { get; private set; } = [];

    public SeriesState State => States is { Length: > 0 } states ? states[^1].State : SeriesState.Connecting;

    public bool OverlappingCalls { get; private set; }

    /// <summary>Runs inside every OnCandle.</summary>
    public Action? OnCandleAction { get; set; }

    public void OnState(FeedState state) => Write(state.State.ToString(), () => _states.Add(state));

    public void OnSnapshot(IReadOnlyList<Candle> candles, long? exchangeTime) => Write("snapshot", () =>
    {
        LastSnapshot = candles;
        _snapshotTimes.Add(exchangeTime);
    });

    public void OnCandle(in Candle candle, long? exchangeTime, long receivedAt)
    {
        var copy = candle;
        Write("candle", () => _candles.Add(copy));
        OnCandleAction?.Invoke();
    }

    public void OnExchangeTime(long exchangeTime, long heardUntil)
    {
        lock (_gate) _times.Add(exchangeTime);
    }

    public void OnTimeTold(long exchangeTime)
    {
        lock (_gate) _told.Add(exchangeTime);
    }

    public void OnInterrupted() => Write("interrupted", () => { });

    public void OnUnreadable(TimeRange? times) => Write("unreadable", () => _unreadable.Add(times));

    public void OnEmpty(TimeRange times) => Write("empty", () => { });

    public void OnPolled(HistoryPage page) => Write("polled", () => _polls.Add(page));

    private void Write(string what, Action more)
    {
        if (Interlocked.Increment(ref _inside) != 1) OverlappingCalls = true;
        lock (_gate)
        {
            _events.Add(what);
            more();
        }

        Interlocked.Decrement(ref _inside);
    }

    private T Read<T>(Func<T> read)
    {
        lock (_gate) return read();
    }
}
