using Microsoft.Extensions.Time.Testing;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>
/// Readers that stall for too long: their connection ends, and they resume. Not through proxies, which read on for them until their own
/// buffers are full.
/// </summary>
public abstract class StreamStuckReaderTests(StreamPath path)
{
    private const int Limit = 180_000;

    [Fact(Timeout = Limit)]
    public async Task A_reader_for_whom_too_many_closed_candles_wait_is_ended_and_loses_nothing_by_resuming()
    {
        await using var host = await StalledReader.StartAsync(path, new() { ["PendingClosedCandles"] = "30" });
        var model = new ClientModel();
        using var slow = await StalledReader.OpenAsync(host, model);
        await StalledReader.PushUntilConflatedAsync(host);
        await using var quick = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await quick.JoinAsync();

        // The web server's writer may have taken dozens of them at once, when the kernel took some bytes more; then the next ones wait.
        for (var minute = 1; host.Counters.Of(Some.Btc).SlowClosed == 0; minute++)
        {
            host.Exchange.Push(Some.Btc, Some.Candle(minute));
            await quick.CandlesUntilAsync(e => e.Data.GetProperty("time").GetInt64() == Some.Candle(minute).Time);
        }

        foreach (var e in await slow.ToEndAsync()) model.Apply(e);
        Assert.False(slow.EndedWell);
        Assert.NotEqual(host.Log.Of(Some.Btc), model.Of("BTCUSD:1m"));

        await using var back = await SseClient.OpenAsync(host, "?series=BTCUSD:1m&snapshot=1000", slow.LastEventId);
        model.Connect(["BTCUSD:1m"]);
        foreach (var e in await back.JoinAsync()) model.Apply(e);
        Assert.Equal(host.Log.Of(Some.Btc), model.Of("BTCUSD:1m"));
    }

    [Fact(Timeout = Limit)]
    public async Task A_reader_that_takes_nothing_for_30_seconds_is_ended_and_the_others_go_on()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(53));
        await using var host = await StalledReader.StartAsync(path, time: time);
        using var slow = await StalledReader.OpenAsync(host);
        await using var quick = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await quick.JoinAsync();
        await StalledReader.PushUntilConflatedAsync(host);
        await Eventually.TrueAsync(() => host.Counters.Streams == 2);

        time.Advance(TimeSpan.FromSeconds(29));
        host.Exchange.Push(Some.Btc, Some.Candle(1));
        await quick.CandlesUntilAsync(e => e.Data.GetProperty("time").GetInt64() == Some.Candle(1).Time);
        Assert.Equal(0, host.Counters.Of(Some.Btc).SlowClosed);

        // The kernel may take some bytes more after the first look at the clock, and the 30 seconds count from the last of them.
        for (var minute = 2; host.Counters.Streams == 2; minute++)
        {
            time.Advance(TimeSpan.FromSeconds(2));
            host.Exchange.Push(Some.Btc, Some.Candle(minute));
            await quick.CandlesUntilAsync(e => e.Data.GetProperty("time").GetInt64() == Some.Candle(minute).Time);
        }

        Assert.Equal(1, host.Counters.Of(Some.Btc).SlowClosed);
        await slow.ToEndAsync();
        Assert.False(slow.EndedWell);
    }

    [Fact(Timeout = Limit)]
    public async Task A_client_that_never_reads_is_ended_even_while_it_joins()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(53));
        await using var host = await StalledReader.StartAsync(path, time: time);
        host.Exchange.SetSnapshot(Some.Btc, [.. Enumerable.Range(0, 1000).Select(n => Some.Candle(n))]);
        using var slow = await RawClient.OpenAsync(host, "?series=BTCUSD:1m&snapshot=1000", receiveBuffer: StalledReader.SmallBuffer);
        await Eventually.TrueAsync(() => host.Counters.Streams == 1);
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(31));
            return host.Counters.Streams == 0;
        });
        Assert.Equal(1, host.Counters.Of(Some.Btc).SlowClosed);
    }
}

public sealed class Direct_socket_StreamStuckReaderTests() : StreamStuckReaderTests(StreamPath.DirectSocket);

public sealed class Batched_StreamStuckReaderTests() : StreamStuckReaderTests(StreamPath.Batched);

public sealed class Body_writer_StreamStuckReaderTests() : StreamStuckReaderTests(StreamPath.BodyWriter);

public sealed class TLS_StreamStuckReaderTests() : StreamStuckReaderTests(StreamPath.Tls);

public sealed class Gzip_StreamStuckReaderTests() : StreamStuckReaderTests(StreamPath.Gzip);

public sealed class Gzip_TLS_StreamStuckReaderTests() : StreamStuckReaderTests(StreamPath.GzipTls);
