
namespace CandleStream.EndToEndTests.Stream;

/// <summary>Readers that stall and read on: they get the newest and every closed candle; nobody else notices.</summary>
public abstract class StreamSlowReaderTests(StreamPath path)
{
    private const int Limit = 180_000;

    [Fact(Timeout = Limit)]
    public async Task A_stalled_reader_gets_every_closed_candle_and_the_newest_forming_one_in_rising_rev_when_it_reads_again()
    {
        await using var host = await StalledReader.StartAsync(path);
        var model = new ClientModel();
        using var slow = await StalledReader.OpenAsync(host, model);
        var pushed = await StalledReader.PushUntilConflatedAsync(host);
        await using var quick = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await quick.JoinAsync();

        for (var minute = 1; minute <= 20; minute++) host.Exchange.Push(Some.Btc, Some.Candle(minute));
        host.Exchange.Push(Some.Btc, Some.Candle(20, step: 7));

        var atQuick = await quick.CandlesUntilAsync(IsLast);
        Assert.Equal(20, atQuick.Count(IsClosed));
        var events = new List<SseEvent>();
        do
        {
            events.Add(await slow.TryNextAsync() ?? throw new InvalidOperationException("The stream ended."));
            model.Apply(events[^1]);
        }
        while (!IsLast(events[^1]));

        Assert.Equal(host.Log.Of(Some.Btc), model.Of("BTCUSD:1m"));
        Assert.Equal(20, events.Count(IsClosed));
        Assert.True(
            events.Count(e => e.Type == "message") < pushed, "The reader got every forming candle, so nothing was conflated for it.");
        Assert.Equal(0, host.Counters.Of(Some.Btc).SlowClosed);

        static bool IsLast(SseEvent e) => e.Type == "message" && e.Data.GetProperty("time").GetInt64() == Some.Candle(20).Time
            && e.Data.GetProperty("close").GetDecimal() == Some.Candle(20, 7).Close;
    }

    [Fact(Timeout = Limit)]
    public async Task A_stopping_server_finishes_the_event_it_began_and_says_bye_to_a_slow_reader_that_reads_on()
    {
        await using var host = await StalledReader.StartAsync(path, new() { ["ByeTimeout"] = "00:00:01" });
        using var slow = await StalledReader.OpenAsync(host);
        await StalledReader.PushUntilConflatedAsync(host);
        var stop = host.StopAsync();
        var events = await slow.ToEndAsync();
        Assert.Equal("bye", events[^1].Type);
        Assert.True(slow.EndedWell);
        await stop;
        host.Errors.AssertNone();
    }

    [Fact(Timeout = Limit)]
    public async Task A_stopping_server_does_not_wait_for_a_reader_that_never_reads()
    {
        await using var host = await StalledReader.StartAsync(path, new() { ["ByeTimeout"] = "00:00:00" });
        using var slow = await StalledReader.OpenAsync(host);
        await StalledReader.PushUntilConflatedAsync(host);
        await host.StopAsync();
        Assert.Equal(0, host.Counters.Streams);
    }

    private static bool IsClosed(SseEvent e) => e.Type == "message" && e.Data.GetProperty("closed").GetBoolean();
}

public sealed class Direct_socket_StreamSlowReaderTests() : StreamSlowReaderTests(StreamPath.DirectSocket);

public sealed class Batched_StreamSlowReaderTests() : StreamSlowReaderTests(StreamPath.Batched);

public sealed class Body_writer_StreamSlowReaderTests() : StreamSlowReaderTests(StreamPath.BodyWriter);

public sealed class TLS_StreamSlowReaderTests() : StreamSlowReaderTests(StreamPath.Tls);

public sealed class Nginx_StreamSlowReaderTests() : StreamSlowReaderTests(StreamPath.Nginx);

public sealed class Gzip_StreamSlowReaderTests() : StreamSlowReaderTests(StreamPath.Gzip);

public sealed class Gzip_batched_StreamSlowReaderTests() : StreamSlowReaderTests(StreamPath.GzipBatched);

public sealed class Gzip_TLS_StreamSlowReaderTests() : StreamSlowReaderTests(StreamPath.GzipTls);
