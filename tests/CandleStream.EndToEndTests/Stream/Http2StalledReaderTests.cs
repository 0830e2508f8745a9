using Microsoft.Extensions.Time.Testing;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>Over HTTP/2 a reader stalls by giving no more window, while the other streams of its connection go on.</summary>
public sealed class Http2StalledReaderTests
{
    [Theory(Timeout = 120_000)]
    [InlineData(StreamPath.Http2)]
    [InlineData(StreamPath.Http2Tls)]
    public async Task A_stream_that_takes_nothing_for_30_seconds_is_ended_and_the_others_of_its_connection_go_on(StreamPath path)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(53));
        await using var host = await StreamHost.StartAsync(path, new StreamHostOptions { Time = time });
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        await using var stalled = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await stalled.JoinAsync();
        await using var quick = await SseClient.OpenAsync(host, "?series=ETHUSD:5m");
        await quick.JoinAsync();
        await StreamSlowReaderTests.PushUntilConflatedAsync(host);
        Assert.Equal(0, host.Counters.Of(Some.Btc).SlowClosed);

        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(2));
            return host.Counters.Streams == 1;
        });
        Assert.Equal(1, host.Counters.Of(Some.Btc).SlowClosed);
        host.Exchange.Push(Some.Eth, Some.Candle5(1));
        await quick.CandlesUntilAsync(e => e.Data.GetProperty("time").GetInt64() == Some.Candle5(1).Time);
    }
}
