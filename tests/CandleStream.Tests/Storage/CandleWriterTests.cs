using CandleStream.Storage;
using CandleStream.Tests.Streaming;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Storage;

public sealed class CandleWriterTests : IAsyncDisposable
{
    private readonly CoreUnderTest _core = new(writing: new StorageOptions { BufferCandles = 20 });

    [Fact]
    public async Task Closed_candles_are_saved_within_a_second_and_forming_ones_are_not()
    {
        using var stop = new CancellationTokenSource();
        var running = _core.Writer.RunAsync(stop.Token);
        var (_, feed) = await CandleStreamServiceTests.LiveAsync(_core);
        feed.OnCandle(Candle(1), At(1, 1), 0);

        _core.Time.Advance(TimeSpan.FromSeconds(1));
        await SeriesHubTests.WhenAsync(() => _core.Store.Rows(BtcMinute).Count == 1);

        Assert.Equal(At(0), _core.Store.Rows(BtcMinute)[0].Time);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task What_waits_is_written_when_the_writer_stops()
    {
        using var stop = new CancellationTokenSource();
        var running = _core.Writer.RunAsync(stop.Token);
        _core.Writer.Add(BtcMinute, [Candle(0) with { Closed = true, Rev = new Rev(1) }]);

        await stop.CancelAsync();
        await running;

        Assert.Single(_core.Store.Rows(BtcMinute));
    }

    [Fact]
    public async Task While_the_store_is_down_candles_wait_and_are_saved_when_it_is_back()
    {
        _core.Store.Down = "gone";
        _core.Writer.Add(BtcMinute, [Candle(0) with { Closed = true, Rev = new Rev(1) }]);
        Assert.False(await _core.Writer.FlushAsync(Cancel));
        _core.Writer.Add(BtcMinute, [Candle(0, close: 101) with { Closed = true, Rev = new Rev(2) }]);
        Assert.Equal(1, _core.Writer.Waiting);
        Assert.Equal("gone", _core.Writer.Failure);

        _core.Store.Down = null;
        Assert.True(await _core.Writer.FlushAsync(Cancel));

        Assert.Equal(2, Assert.Single(_core.Store.Rows(BtcMinute)).Rev.Value);
        Assert.Null(_core.Writer.Failure);
    }

    [Fact]
    public async Task A_mistake_of_ours_is_said_and_loses_no_candle()
    {
        _core.Store.Bug = new InvalidOperationException("a mistake");
        _core.Writer.Add(BtcMinute, [Candle(0) with { Closed = true, Rev = new Rev(1) }]);
        using var stop = new CancellationTokenSource();
        var running = _core.Writer.RunAsync(stop.Token);
        await _core.InTime(SeriesHubTests.WhenAsync(() => _core.Writer.Failure is not null || running.IsCompleted));
        Assert.False(running.IsCompleted);
        Assert.Contains(nameof(InvalidOperationException), _core.Writer.Failure, StringComparison.Ordinal);
        Assert.Equal(1, _core.Writer.Waiting);

        _core.Store.Bug = null;
        await _core.InTime(SeriesHubTests.WhenAsync(() => _core.Store.Rows(BtcMinute).Count == 1));
        await _core.InTime(SeriesHubTests.WhenAsync(() => _core.Writer.Failure is null));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Beyond_the_buffer_the_range_is_marked_and_told_once_the_store_is_back()
    {
        var lost = new List<TimeRange>();
        _core.Writer.Lost += (_, range) => lost.Add(range);
        _core.Store.Down = "gone";
        _core.Writer.Add(BtcMinute, [], new SeriesChange(BtcMinute, TimeRangeSet.Of(new TimeRange(At(0), At(21))), TimeRangeSet.Empty));
        for (var minute = 0; minute < 21; minute++) _core.Writer.Add(
            BtcMinute, [Candle(minute) with { Closed = true, Rev = new Rev(minute + 1) }]);
        Assert.Empty(lost);
        Assert.Equal(21, _core.Writer.GivenUp);

        _core.Store.Down = null;
        await _core.Writer.FlushAsync(Cancel);

        Assert.Equal([new TimeRange(At(0), At(21))], lost);
        Assert.Empty((await _core.Store.FindSeriesAsync(BtcMinute, Cancel))!.Verified.Ranges);
    }

    [Fact]
    public async Task A_candle_on_its_way_to_the_store_is_never_invisible()
    {
        _core.Writer.Add(BtcMinute, [Candle(0) with { Closed = true, Rev = new Rev(1) }]);
        Assert.Single((await _core.Archive.ReadAsync(BtcMinute, new TimeRange(0, long.MaxValue), 10, true, Cancel))!);

        await _core.Writer.FlushAsync(Cancel);
        Assert.Single((await _core.Archive.ReadAsync(BtcMinute, new TimeRange(0, long.MaxValue), 10, true, Cancel))!);
        Assert.Single((await _core.Archive.ChangesSinceAsync(BtcMinute, Rev.None, 10, Cancel))!);
    }

    public ValueTask DisposeAsync() => _core.DisposeAsync();
}
