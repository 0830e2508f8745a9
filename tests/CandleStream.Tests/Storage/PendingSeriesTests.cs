using CandleStream.Storage;
using static CandleStream.Tests.Support.Some;

namespace CandleStream.Tests.Storage;

public sealed class PendingSeriesTests
{
    private static readonly TimeRangeSet Range = TimeRangeSet.Of(new TimeRange(At(0), At(10)));

    [Fact]
    public void What_was_verified_while_a_batch_was_being_saved_stays_verified_when_the_batch_is_taken_back()
    {
        var (failed, newer) = (new PendingSeries(BtcMinute), new PendingSeries(BtcMinute));
        failed.Add(new SeriesChange(BtcMinute, TimeRangeSet.Empty, Range));
        newer.Add(new SeriesChange(BtcMinute, TimeRangeSet.Of(new TimeRange(At(0), At(4))), TimeRangeSet.Empty));

        newer.AddOlder(failed);

        Assert.Equal([new TimeRange(At(0), At(4))], newer.Change!.Verified.Ranges);
        Assert.Equal([new TimeRange(At(4), At(10))], newer.Change.Unverified.Ranges);
    }

    [Fact]
    public void What_was_doubted_while_a_batch_was_being_saved_stays_doubted_when_the_batch_is_taken_back()
    {
        var (failed, newer) = (new PendingSeries(BtcMinute), new PendingSeries(BtcMinute));
        failed.Add(new SeriesChange(BtcMinute, Range, TimeRangeSet.Empty));
        newer.Add(new SeriesChange(BtcMinute, TimeRangeSet.Empty, TimeRangeSet.Of(new TimeRange(At(0), At(4)))));

        newer.AddOlder(failed);

        Assert.Equal([new TimeRange(At(4), At(10))], newer.Change!.Verified.Ranges);
        Assert.Equal([new TimeRange(At(0), At(4))], newer.Change.Unverified.Ranges);
    }

    [Fact]
    public void A_promise_that_was_raised_while_a_batch_was_being_saved_stays_raised_when_the_batch_is_taken_back()
    {
        var (failed, newer) = (new PendingSeries(BtcMinute), new PendingSeries(BtcMinute));
        failed.Add(new SeriesChange(BtcMinute, TimeRangeSet.Empty, TimeRangeSet.Empty, CompleteFrom: new Rev(5), ToldFrom: At(1)));
        newer.Add(new SeriesChange(BtcMinute, TimeRangeSet.Empty, TimeRangeSet.Empty, CompleteFrom: new Rev(7), ToldFrom: At(3)));

        newer.AddOlder(failed);

        Assert.Equal((new Rev(7), At(3)), (newer.Change!.CompleteFrom, newer.Change.ToldFrom));
    }
}
