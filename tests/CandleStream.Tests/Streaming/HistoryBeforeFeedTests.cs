using CandleStream.Providers;
using CandleStream.Storage;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Streaming;

/// <summary>
/// Somebody asks for history of an open series to which the exchange has not said a word yet: what lies after the stored candles is news to
/// its clients.
/// </summary>
public sealed class HistoryBeforeFeedTests
{
    [Fact(Timeout = 180_000)]
    public async Task What_history_brings_beyond_the_stored_candles_is_sent_to_whoever_reads_the_series()
    {
        await using var core = new CoreUnderTest(await StoreAsync());
        var (hub, sink, asOf) = await OpenAsync(core);

        var answer = await AskAsync(core, At(-30), At(-5));

        Assert.Equal(
            [At(-20), .. Enumerable.Range(-19, 15).Select(m => At(m))], answer.Candles.Where(c => c.Time >= At(-20)).Select(c => c.Time));
        Assert.All(answer.Candles, c => Assert.True(c.Closed));
        var sent = Assert.Single(sink.Merges);
        Assert.Equal(Enumerable.Range(-19, 15).Select(m => At(m)), sent.Select(u => u.Candle.Time));
        Assert.All(sent, u => Assert.True(u.Candle.Closed && u.Rev > asOf));
        // The series is repaired up to the present meanwhile.
        Assert.Equal(hub.View(100, new Rev(asOf.Value)).Changed.Where(c => c.Time <= At(-5)).Select(c => c.Rev), sent.Select(u => u.Rev));
    }

    [Fact(Timeout = 180_000)]
    public async Task What_is_still_missing_when_the_feed_begins_is_a_gap_and_repaired()
    {
        await using var core = new CoreUnderTest(await StoreAsync());
        var (hub, sink, _) = await OpenAsync(core);
        await AskAsync(core, At(-15), At(-10));

        var feed = await core.Provider.WhenFollowedAsync(BtcMinute);
        feed.OnSnapshot([Candle(2)], At(2, 10));
        await core.InTime(SeriesHubTests.WhenAsync(() => hub.Status.Gaps.IsEmpty));

        var sent = sink.Merges.SelectMany(m => m).Concat(sink.Updates).Select(u => u.Candle.Time).ToHashSet();
        Assert.Superset(Enumerable.Range(-19, 21).Select(m => At(m)).ToHashSet(), sent);
    }

    [Fact(Timeout = 180_000)]
    public async Task Older_history_is_not_sent()
    {
        await using var core = new CoreUnderTest(await StoreAsync());
        var (_, sink, _) = await OpenAsync(core);

        var answer = await AskAsync(core, At(-60), At(-40));

        // The first Date of all proves nothing of the last minutes before its newest row.
        Assert.Superset(Enumerable.Range(-60, 19).Select(m => At(m)).ToHashSet(), answer.Candles.Select(c => c.Time).ToHashSet());
        Assert.Empty(sink.Merges);
        Assert.Empty(sink.Updates);
    }

    [Fact(Timeout = 180_000)]
    public async Task The_newest_stored_candles_are_answered_though_the_last_exchange_time_heard_is_older()
    {
        await using var core = new CoreUnderTest(await StoreAsync());
        core.Provider.History = (_, range, _) => new HistoryPage(range, [], At(-25));
        core.Service.Open(SeriesKey.Parse("ETHUSD:1m"));
        (await core.Provider.WhenFollowedAsync(SeriesKey.Parse("ETHUSD:1m"))).OnSnapshot([Candle(-26)], At(-25, 10));

        var answer = await core.InTime(core.History.QueryAsync(new HistoryQuery(BtcMinute, null, null, 5, false, null), Cancel));

        Assert.Equal(Enumerable.Range(-24, 5).Select(m => At(m)), answer.Candles.Select(c => c.Time));
    }

    private static async Task<MemoryStore> StoreAsync()
    {
        var store = new MemoryStore();
        await store.SaveAsync(
            new StoreBatch(
                [.. Enumerable.Range(-30, 11)
                    .Select(m => new StoredCandle(BtcMinute, Candle(m) with { Closed = true, Rev = Rev.At(At(m + 1)) }))],
                [new SeriesChange(BtcMinute, TimeRangeSet.Of(new TimeRange(At(-30), At(-19))), TimeRangeSet.Empty, new Rev(1))]),
            Cancel);
        return store;
    }

    private static async Task<(SeriesHub Hub, RecordingSink Sink, Rev AsOf)> OpenAsync(CoreUnderTest core)
    {
        core.Provider.History = (_, range, _) =>
            new HistoryPage(range, [.. Enumerable.Range(-100, 103).Select(m => Candle(m)).Where(c => range.Contains(c.Time))], At(2));
        var hub = core.Service.Open(BtcMinute).Hub;
        await core.Provider.WhenFollowedAsync(BtcMinute);
        var sink = new RecordingSink();
        hub.Attach(sink);
        return (hub, sink, core.Service.Revs.Current);
    }

    private static Task<HistoryAnswer> AskAsync(CoreUnderTest core, long start, long end) =>
        core.InTime(core.History.QueryAsync(new HistoryQuery(BtcMinute, start, end, 1000, false, null), Cancel));
}
