using CandleStream.Providers;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Lives;

/// <summary>What of the exchange works; outlives the servers.</summary>
internal sealed class LivesWeather
{
    public bool SocketIsUp { get; set; } = true;

    public bool RestIsUp { get; set; } = true;

    public int SnapshotCandles { get; set; } = 30;

    public bool SnapshotHasHole { get; set; }

    public int AnswerMs { get; set; }
}

/// <summary>
/// The exchange as one server sees it: a socket that may be gone, snapshots that may be short or have a hole, and REST that may be away or
/// slow.
/// </summary>
internal sealed class LivesProvider(LivesMarket market, LivesWeather weather, Random random, TimeProvider time) : ICandleProvider
{
    private const int PageCandles = 25;

    private readonly Dictionary<SeriesKey, Followed> _followed = [];

    public bool IsSimulated => true;

    public IFollowedSeries Follow(SeriesKey series, IFeedListener feed)
    {
        var followed = new Followed(feed, () => _followed.Remove(series));
        Assert.True(_followed.TryAdd(series, followed), $"{series} is followed twice");
        return followed;
    }

    public async Task<HistoryPage> FetchAsync(SeriesKey series, TimeRange range, FetchPurpose purpose, CancellationToken cancel)
    {
        if (weather.AnswerMs > 0) await Task.Delay(TimeSpan.FromMilliseconds(weather.AnswerMs), time, cancel);
        // The writer has its turn between two answers, as it always has in the time that a call takes.
        else await Task.Yield();
        return weather.RestIsUp ? Page(market, range) : throw new CandleProviderException("REST is away");
    }

    /// <summary>One page: complete up to its last row, or where it is not full up to the end of the range.</summary>
    public static HistoryPage Page(LivesMarket market, TimeRange range)
    {
        var candles = market.In(range).Take(PageCandles).ToList();
        if (candles.Count == PageCandles) range = range with { To = candles[^1].Time + Minute };
        return new HistoryPage(range, candles, market.Now / 1000 * 1000);
    }

    /// <summary>Brings the feeds to what the weather says, then hands them the trades.</summary>
    public void Deliver(List<(Candle Candle, long At)> trades)
    {
        foreach (var followed in _followed.Values.ToList())
        {
            if (followed.IsLive && weather.SocketIsUp)
            {
                foreach (var (candle, at) in trades) followed.Feed.OnCandle(candle, at, 0);
                followed.Feed.OnExchangeTime(market.Now, market.Now);
            }
            else if (weather.SocketIsUp)
            {
                followed.IsLive = true;
                followed.Feed.OnState(new FeedState(SeriesState.Live));
                followed.Feed.OnSnapshot(Snapshot(), market.Now);
            }
            else if (followed.IsLive)
            {
                followed.IsLive = false;
                followed.Feed.OnInterrupted();
                followed.Feed.OnState(new FeedState(SeriesState.Reconnecting));
            }
        }
    }

    public Task<SymbolListing> FetchSymbolsAsync(CancellationToken cancel) => Task.FromResult(new SymbolListing(["BTCUSD"]));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private List<Candle> Snapshot()
    {
        var candles = market.Candles.TakeLast(weather.SnapshotCandles).ToList();
        if (weather.SnapshotHasHole && candles.Count > 4) candles.RemoveAt(1 + random.Next(candles.Count - 4));
        return candles;
    }

    private sealed class Followed(IFeedListener feed, Action ended) : IFollowedSeries
    {
        public IFeedListener Feed { get; } = feed;

        public bool IsLive { get; set; }

        public DateTimeOffset? LastMessageAt => null;

        public long? ExchangeClockOffsetMs => null;

        public ValueTask DisposeAsync()
        {
            ended();
            return ValueTask.CompletedTask;
        }
    }
}
