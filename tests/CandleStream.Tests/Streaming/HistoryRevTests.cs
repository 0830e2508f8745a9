using CandleStream.Providers;
using CandleStream.Streaming;
using CandleStream.Tests.Support;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Streaming;

public sealed class HistoryRevTests
{
    [Fact]
    public async Task No_stored_rev_lies_ahead_of_the_counter_though_our_clock_is_slow()
    {
        await using var core = new CoreUnderTest(time: new(DateTimeOffset.FromUnixTimeMilliseconds(At(-10))));
        core.Provider.History = (_, range, _) =>
            new HistoryPage(range, [.. Enumerable.Range(-30, 30).Select(m => Candle(m)).Where(c => range.Contains(c.Time))], At(2));
        await CandleStreamServiceTests.LiveAsync(core);

        var answer = await core.History.QueryAsync(new HistoryQuery(BtcMinute, At(-30), At(-1), 100, false, null), Cancel);

        Assert.Equal(30, answer.Candles.Count);
        Assert.All(answer.Candles, c => Assert.True(c.Rev <= core.Service.Revs.Current));
        Assert.Equal(At(-29) * 1000, answer.Candles[0].Rev.Value);
    }
}
