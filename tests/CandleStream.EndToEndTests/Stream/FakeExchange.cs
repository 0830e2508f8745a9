using System.Collections.Concurrent;
using CandleStream.Providers;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>A provider whose feed is the test: it pushes exactly what the test says, on the test's thread.</summary>
internal sealed class FakeExchange : ICandleProvider
{
    private readonly ConcurrentDictionary<SeriesKey, Followed> _followed = new();
    private readonly ConcurrentDictionary<SeriesKey, IReadOnlyList<Candle>> _history = new();

    private readonly ConcurrentDictionary<SeriesKey, TaskCompletionSource> _waiters = new();

    public bool IsSimulated => false;

    /// <summary>How many series are followed now.</summary>
    public int Following => _followed.Count;

    /// <summary>True: a new subscription is acknowledged only by <see cref="Acknowledge"/>.</summary>
    public bool IsSlow { get; init; }

    /// <summary>What the exchange sends first when the series is followed.</summary>
    public void SetSnapshot(SeriesKey series, params Candle[] candles) => _history[series] = candles;

    /// <summary>Completes when the series is followed.</summary>
    public Task FollowedAsync(SeriesKey series) => Waiter(series).Task;

    public IFollowedSeries Follow(SeriesKey series, IFeedListener feed)
    {
        var followed = new Followed(feed, () => _followed.TryRemove(series, out _));
        _followed[series] = followed;
        Waiter(series).TrySetResult();
        if (!IsSlow) Acknowledge(series);
        return followed;
    }

    public void Acknowledge(SeriesKey series)
    {
        var feed = Feed(series);
        feed.OnState(new FeedState(SeriesState.Live));
        feed.OnSnapshot(_history.GetValueOrDefault(series) ?? [], null);
    }

    public void Push(SeriesKey series, in Candle candle) => Feed(series).OnCandle(candle, null, 0);

    public void Tell(SeriesKey series, FeedState state) => Feed(series).OnState(state);

    public Task<HistoryPage> FetchAsync(SeriesKey series, TimeRange range, FetchPurpose purpose, CancellationToken cancel) =>
        throw new CandleProviderException("This exchange has no REST interface.");

    public Task<SymbolListing> FetchSymbolsAsync(CancellationToken cancel) => Task.FromResult(new SymbolListing([]));

    public ValueTask DisposeAsync() => default;

    private TaskCompletionSource Waiter(SeriesKey series) =>
        _waiters.GetOrAdd(series, static _ => new(TaskCreationOptions.RunContinuationsAsynchronously));

    private IFeedListener Feed(SeriesKey series) => _followed[series].Feed;

    private sealed class Followed(IFeedListener feed, Action end) : IFollowedSeries
    {
        public IFeedListener Feed { get; } = feed;

        public DateTimeOffset? LastMessageAt => null;

        public long? ExchangeClockOffsetMs => null;

        public ValueTask DisposeAsync()
        {
            end();
            return default;
        }
    }
}
