using CandleStream.Storage;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Lives;

public sealed class SeriesRecordTests
{
    private static readonly TimeRangeSet ToTwo = TimeRangeSet.Of(new TimeRange(At(0), At(2)));

    [Fact]
    public void What_lies_beyond_all_that_is_stored_of_a_followed_series_may_have_been_told()
    {
        Assert.Equal(At(2), new SeriesRecord(ToTwo, CompleteFrom: new Rev(7), ToldFrom: At(5)).MayBeToldFrom(At(1)));
        Assert.Equal(At(3) + 1, new SeriesRecord(ToTwo, CompleteFrom: new Rev(7), ToldFrom: At(5)).MayBeToldFrom(At(3)));
        Assert.Equal(At(1), new SeriesRecord(ToTwo, CompleteFrom: new Rev(7), ToldFrom: At(1)).MayBeToldFrom(At(3)));
    }

    [Fact]
    public void Of_a_series_that_was_never_followed_nothing_was_told() =>
        Assert.Equal(SeriesRecord.NothingTold, new SeriesRecord(ToTwo, CompleteFrom: Rev.None).MayBeToldFrom(At(3)));
}
