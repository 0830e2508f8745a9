using CandleStream.Providers;
using CandleStream.Server.Streams.Events;
using CandleStream.Server.Streams.Sending;
using CandleStream.Streaming.Series;
using CsCheck;

namespace CandleStream.Tests.Sse;

public sealed class WaitingEventsTests
{
    private static readonly SeriesKey Key = SeriesKey.Parse("BTCUSD:1m");

    [Fact]
    public void What_waits_leaves_in_rising_rev_and_other_events_keep_their_place()
    {
        var (waiting, a) = (new WaitingEvents(), Subscription());
        var status = StreamEvents.Heartbeat(1);
        waiting.Add(a, Update(0, rev: 5));
        waiting.Add(a, status);
        waiting.Add(a, Update(0, rev: 4));
        waiting.Add(a, Update(0, rev: 9));
        waiting.Sort();
        Assert.Equal("4 5 e 9", Drain(waiting));
    }

    [Fact]
    public void Conflation_leaves_the_newest_forming_candle_of_each_series_and_every_closed_one()
    {
        var (waiting, a, b) = (new WaitingEvents(), Subscription(), Subscription());
        var dropped = new List<Slot>();
        waiting.Add(a, Update(0, rev: 1));
        waiting.Add(b, Update(0, rev: 2));
        waiting.Add(a, Update(0, rev: 3));
        waiting.Add(a, Update(0, rev: 4, closed: true));
        waiting.Add(b, Update(0, rev: 5));
        waiting.Add(a, Update(1, rev: 6));
        waiting.Add(a, Update(0, rev: 7, closed: true));
        waiting.Conflate(dropped.Add);
        Assert.Equal([a, b, a], dropped);
        Assert.Equal(2, waiting.ClosedCount);
        Assert.Equal("4 5 6 7", Drain(waiting));
    }

    [Fact]
    public void A_forming_candle_that_has_closed_meanwhile_is_not_sent()
    {
        var (waiting, a) = (new WaitingEvents(), Subscription());
        waiting.Add(a, Update(3, rev: 1));
        waiting.Add(a, Update(3, rev: 2, closed: true));
        waiting.Conflate(_ => { });
        Assert.Equal("2", Drain(waiting));
    }

    [Fact]
    public void Whatever_is_added_conflated_and_taken_in_whatever_order_nothing_closed_is_lost_and_the_newest_forming_stays()
    {
        Gen.Select(Gen.Int[0, 3], Gen.Int[0, 4], Gen.Int[0, 2], Gen.Bool).List[0, 200].Sample(steps =>
        {
            var waiting = new WaitingEvents();
            var subscriptions = Enumerable.Range(0, 3).Select(_ => Subscription()).ToArray();
            var (added, taken) = (new List<long>(), new List<long>());
            var newest = new long[3];
            var rev = 0L;
            foreach (var (action, time, series, closed) in steps)
            {
                if (action == 0) waiting.Conflate(_ => { });
                else if (action == 1 && waiting.Count > 0) Take(waiting, taken);
                else
                {
                    waiting.Add(subscriptions[series], Update(time, ++rev, closed));
                    newest[series] = rev;
                    if (closed) added.Add(rev);
                }
            }

            waiting.Conflate(_ => { });
            Assert.Equal(waiting.ClosedCount, Enumerable.Range(0, waiting.Count).Count(i => waiting[i].IsClosedCandle));
            while (waiting.Count > 0) Take(waiting, taken);
            Assert.Equal(0, waiting.ClosedCount);
            Assert.Equal(taken.Order(), taken);
            Assert.Empty(added.Except(taken));
            Assert.Empty(newest.Where(n => n > 0).Except(taken));
        });
    }

    private static void Take(WaitingEvents waiting, List<long> taken)
    {
        waiting.Sort();
        taken.Add(waiting.Peek().Order.Value);
        waiting.RemoveFirst();
    }

    private static string Drain(WaitingEvents waiting)
    {
        var seen = new List<string>();
        for (; waiting.Count > 0; waiting.RemoveFirst()) seen.Add(waiting.Peek().Update is { } update ? $"{update.Rev}" : "e");
        return string.Join(' ', seen);
    }

    private static EncodedUpdate Update(long time, long rev, bool closed = false) =>
        new(new CandleUpdate(Key, new Candle(time, 1, 1, 1, 1, 1, closed, new Rev(rev))), null);

    // The list asks nothing of a subscription but to be itself.
    private static Slot Subscription() => new(null!, null!, new SeriesStatus(Key, new FeedState(SeriesState.Live), []));
}
