using System.Collections.Concurrent;
using CandleStream.Providers;

namespace CandleStream.Tests.Support;

/// <summary>A provider whose feeds are driven by the test, and whose history is a list the test may change.</summary>
internal sealed class FakeProvider : ICandleProvider
{
    private readonly ConcurrentDictionary<SeriesKey, FakeFollowed> _followed = new();

    public bool IsSimulated => true;

    /// <summary>Answers <see cref="FetchAsync"/>.</summary>
    public Func<SeriesKey, TimeRange, FetchPurpose, HistoryPage> History { get; set; } =
        (_, _, _) => throw new CandleProviderException("unreachable");

    /// <summary>Runs when a series is followed no longer.</summary>
    public Action? Ending { get; set; }

    public ConcurrentQueue<(SeriesKey Series, TimeRange Range, FetchPurpose Purpose)> Fetches { get; } = new();

    public IReadOnlyCollection<SeriesKey> Followed => [.. _followed.Keys];

    public IFeedListener Feed(SeriesKey series) => _followed[series].Feed;

    /// <summary>Completes when the series is followed.</summary>
    public async Task<IFeedListener> WhenFollowedAsync(SeriesKey series)
    {
        while (true)
        {
            if (_followed.TryGetValue(series, out var followed)) return followed.Feed;
            await OneAtATime.LetOthersRunAsync();
        }
    }

    public IFollowedSeries Follow(SeriesKey series, IFeedListener feed)
    {
        var followed = new FakeFollowed(feed, () =>
        {
            _followed.TryRemove(series, out _);
            Ending?.Invoke();
        });
        Assert.True(_followed.TryAdd(series, followed), $"{series} is followed twice");
        return followed;
    }

    public Task<HistoryPage> FetchAsync(SeriesKey series, TimeRange range, FetchPurpose purpose, CancellationToken cancel)
    {
        Fetches.Enqueue((series, range, purpose));
        try
        {
            return Task.FromResult(History(series, range, purpose));
        }
        catch (CandleProviderException failure)
        {
            return Task.FromException<HistoryPage>(failure);
        }
    }

    public Task<SymbolListing> FetchSymbolsAsync(CancellationToken cancel) => Task.FromResult(new SymbolListing(["BTCUSD", "ETHUSD"]));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class FakeFollowed(IFeedListener feed, Action ended) : IFollowedSeries
    {
        public IFeedListener Feed { get; } = feed;

        public DateTimeOffset? LastMessageAt => null;

        public long? ExchangeClockOffsetMs => null;

        public ValueTask DisposeAsync()
        {
            ended();
            return ValueTask.CompletedTask;
        }
    }
}
