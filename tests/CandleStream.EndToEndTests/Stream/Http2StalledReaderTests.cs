using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>Over HTTP/2 a reader stalls by giving no more window, while the other streams of its connection go on.</summary>
public sealed class Http2StalledReaderTests
{
    [Theory(Timeout = 300_000)]
    [InlineData(StreamPath.Http2)]
    [InlineData(StreamPath.Http2Tls)]
    public async Task A_stream_that_takes_nothing_for_30_seconds_and_no_less_is_ended_and_the_others_of_its_connection_go_on(
        StreamPath path)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(53));
        var connections = new ConcurrentQueue<string>();
        await using var host = await StreamHost.StartAsync(path, new StreamHostOptions
        {
            Time = time,
            Use = app => app.Use((context, next) =>
            {
                connections.Enqueue(context.Connection.Id);
                return next(context);
            }),
        });
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        await using var stalled = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await stalled.JoinAsync();
        await using var quick = await SseClient.OpenAsync(host, "?series=ETHUSD:5m");
        await quick.JoinAsync();
        await StalledReader.PushUntilConflatedAsync(host);
        await Eventually.TrueAsync(() => host.Counters.Streams == 2);

        time.Advance(TimeSpan.FromSeconds(29.9));
        await GoesOnAsync(1);
        Assert.Equal((2, 0), (host.Counters.Streams, host.Counters.Of(Some.Btc).SlowClosed));

        // The kernel may take some bytes more after the first look at the clock, and the 30 seconds count from the last of them.
        for (var n = 2; host.Counters.Streams == 2; n++)
        {
            time.Advance(TimeSpan.FromSeconds(2));
            await GoesOnAsync(n);
        }

        Assert.Equal(1, host.Counters.Of(Some.Btc).SlowClosed);
        Assert.Single(connections.Distinct());

        async Task GoesOnAsync(int n)
        {
            host.Exchange.Push(Some.Eth, Some.Candle5(n));
            await quick.CandlesUntilAsync(e => e.Data.GetProperty("time").GetInt64() == Some.Candle5(n).Time);
        }
    }
}
