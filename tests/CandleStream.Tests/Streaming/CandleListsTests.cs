using CandleStream.Storage;
using CsCheck;

namespace CandleStream.Tests.Streaming;

public sealed class CandleListsTests
{
    private static readonly Gen<List<Candle>> Candles =
        Gen.Select(Gen.Int[0, 12], Gen.Int[1, 4]).Array[0, 10].Select(
            c => c.DistinctBy(t => t.Item1).OrderBy(t => t.Item1).Select(t => new Candle(t.Item1, 1, 1, 1, 1, 1, true, new Rev(t.Item2)))
                .ToList());

    [Fact]
    public void Two_lists_become_one_by_time_with_the_newer_version_of_each_candle() =>
        Gen.Select(Candles, Candles).Sample((some, others) =>
    {
        var expected = some.Concat(others).GroupBy(c => c.Time).Select(g => g.MaxBy(c => c.Rev)).OrderBy(c => c.Time).ToList();
        Assert.Equal(expected, new List<Candle>(some).Merge(others));
    });

    [Fact]
    public void A_limit_keeps_the_newest_or_the_oldest()
    {
        Candle[] three = [.. Enumerable.Range(0, 3).Select(i => new Candle(i, 1, 1, 1, 1, 1))];
        Assert.Equal([1L, 2L], three.ToList().Limit(2, newestEnd: true).Select(c => c.Time));
        Assert.Equal([0L, 1L], three.ToList().Limit(2, newestEnd: false).Select(c => c.Time));
        Assert.Equal(3, three.ToList().Limit(5, newestEnd: true).Count);
    }
}
