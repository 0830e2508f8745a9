using CandleStream.Storage;
using CandleStream.Streaming;
using CandleStream.Streaming.Series;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Streaming;

/// <summary>The store goes away under an open series: what only the store holds is then unknown, not absent.</summary>
public sealed class HistoryWithoutStoreTests : IAsyncLifetime
{
    private const int Stored = 1000;
    private const int InMemory = 300;

    private readonly MemoryStore _store = new();
    private readonly CoreUnderTest _core;
    private SeriesHandle _lease = null!;

    public HistoryWithoutStoreTests() => _core = new CoreUnderTest(_store, options: new StreamingOptions { CandlesInMemory = InMemory });

    public async ValueTask InitializeAsync()
    {
        var candles = Enumerable.Range(-Stored, Stored)
            .Select(m => new StoredCandle(BtcMinute, Candle(m) with { Closed = true, Rev = Rev.At(At(m + 1)) }));
        await _store.SaveAsync(new StoreBatch([.. candles],
            [new SeriesChange(BtcMinute, TimeRangeSet.Of(new TimeRange(At(-Stored), At(0))), TimeRangeSet.Empty, new Rev(1))]), Cancel);
        _lease = _core.Service.Open(BtcMinute);
        (await _core.Provider.WhenFollowedAsync(BtcMinute)).OnSnapshot([Candle(-1), Candle(0)], At(0, 10));
    }

    public async ValueTask DisposeAsync()
    {
        _lease.Dispose();
        await _core.DisposeAsync();
    }

    [Fact]
    public async Task What_memory_does_not_hold_is_named_as_a_gap_while_the_store_is_down()
    {
        _store.Down = "gone";
        var without = await AskAsync(At(-600));
        _store.Down = null;
        var with = await AskAsync(At(-600));

        Assert.Equal([new TimeRange(At(-600), At(-InMemory))], without.Gaps);
        Assert.Equal(Enumerable.Range(-InMemory, InMemory).Select(m => At(m)), without.Candles.Select(c => c.Time));
        Assert.Empty(with.Gaps);
        Assert.Equal(600, with.Candles.Count);
    }

    [Fact]
    public async Task What_memory_holds_needs_no_store()
    {
        _store.Down = "gone";

        var answer = await AskAsync(At(-200));

        Assert.Empty(answer.Gaps);
        Assert.Equal(200, answer.Candles.Count);
    }

    [Fact]
    public async Task A_closed_series_whose_store_went_away_is_a_gap_as_a_whole()
    {
        var series = SeriesKey.Parse("ETHUSD:1m");
        _store.Down = "gone";

        var answer = await _core.InTime(_core.History.QueryAsync(new HistoryQuery(series, At(-600), At(-1), 10_000, false, null), Cancel));

        Assert.Equal([new TimeRange(At(-600), At(0))], answer.Gaps);
    }

    [Fact]
    public async Task A_snapshot_ends_where_memory_does_and_has_no_hole()
    {
        _store.Down = "gone";

        var join = await _core.InTime(_core.Joiner.JoinAsync(_lease.Hub, new JoinRequest(null, false, 1000, true), Cancel));

        Assert.Equal(Enumerable.Range(-InMemory, InMemory + 1).Select(m => At(m)), join.Snapshot.Select(c => c.Time));
    }

    private Task<HistoryAnswer> AskAsync(long start) =>
        _core.InTime(_core.History.QueryAsync(new HistoryQuery(BtcMinute, start, At(-1), 10_000, false, null), Cancel));
}
