using Microsoft.Extensions.Time.Testing;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>Readers that stall: they get the newest and every closed candle, or their connection ends and they resume; nobody else notices.</summary>
public abstract class StreamSlowReaderTests(StreamPath path)
{
    private const int Limit = 60_000;
    private const int SmallBuffer = 4096;

    [Fact(Timeout = Limit)]
    public async Task A_stalled_reader_gets_every_closed_candle_and_the_newest_forming_one_in_rising_rev_when_it_reads_again()
    {
        await using var host = await StartAsync();
        var model = new ClientModel();
        using var slow = await OpenStalledAsync(host, model);
        await using var quick = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await quick.JoinAsync();

        var pushed = await PushUntilConflatedAsync(host);
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
        Assert.True(events.Count(e => e.Type == "message") < pushed, "The reader got every forming candle, so nothing was conflated for it.");
        Assert.Equal(0, host.Counters.Of(Some.Btc).SlowClosed);

        static bool IsLast(SseEvent e) => e.Type == "message" && e.Data.GetProperty("time").GetInt64() == Some.Candle(20).Time && e.Data.GetProperty("close").GetDecimal() == Some.Candle(20, 7).Close;
    }

    [Fact(Timeout = Limit)]
    public async Task A_reader_for_whom_too_many_closed_candles_wait_is_ended_and_loses_nothing_by_resuming()
    {
        await using var host = await StartAsync(new() { ["PendingClosedCandles"] = "30" });
        var model = new ClientModel();
        using var slow = await OpenStalledAsync(host, model);
        await PushUntilConflatedAsync(host);
        for (var minute = 1; minute <= 60; minute++) host.Exchange.Push(Some.Btc, Some.Candle(minute));
        await Eventually.TrueAsync(() => host.Counters.Of(Some.Btc).SlowClosed == 1);

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
        await using var host = await StartAsync(time: time);
        using var slow = await OpenStalledAsync(host);
        await using var quick = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await quick.JoinAsync();
        await PushUntilConflatedAsync(host);

        time.Advance(TimeSpan.FromSeconds(29));
        host.Exchange.Push(Some.Btc, Some.Candle(1));
        await quick.CandlesUntilAsync(e => e.Data.GetProperty("time").GetInt64() == Some.Candle(1).Time);
        Assert.Equal(0, host.Counters.Of(Some.Btc).SlowClosed);

        // The kernel may take some bytes more after the first look at the clock, and the 30 seconds count from the last of them.
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(2));
            return host.Counters.Streams == 1;
        });
        Assert.Equal(1, host.Counters.Of(Some.Btc).SlowClosed);
        host.Exchange.Push(Some.Btc, Some.Candle(2));
        await quick.CandlesUntilAsync(e => e.Data.GetProperty("time").GetInt64() == Some.Candle(2).Time);
        await slow.ToEndAsync();
        Assert.False(slow.EndedWell);
    }

    [Fact(Timeout = Limit)]
    public async Task A_client_that_never_reads_is_ended_even_while_it_joins()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(53));
        await using var host = await StartAsync(time: time);
        host.Exchange.SetSnapshot(Some.Btc, [.. Enumerable.Range(0, 1000).Select(n => Some.Candle(n))]);
        using var slow = await RawClient.OpenAsync(host, "?series=BTCUSD:1m&snapshot=1000", receiveBuffer: SmallBuffer);
        await Eventually.TrueAsync(() => host.Counters.Streams == 1);
        await Eventually.TrueAsync(() =>
        {
            time.Advance(TimeSpan.FromSeconds(31));
            return host.Counters.Streams == 0;
        });
        Assert.Equal(1, host.Counters.Of(Some.Btc).SlowClosed);
    }

    [Fact(Timeout = Limit)]
    public async Task A_stopping_server_finishes_the_event_it_began_and_says_bye_to_a_slow_reader_that_reads_on()
    {
        await using var host = await StartAsync(new() { ["ByeTimeout"] = "00:00:30" });
        using var slow = await OpenStalledAsync(host);
        await PushUntilConflatedAsync(host);
        var stop = host.StopAsync();
        var events = await slow.ToEndAsync();
        Assert.Equal("bye", events[^1].Type);
        Assert.True(slow.EndedWell);
        await stop;
        Assert.Empty(host.Errors.Lines);
    }

    [Fact(Timeout = Limit)]
    public async Task A_stopping_server_does_not_wait_for_a_reader_that_never_reads()
    {
        await using var host = await StartAsync(new() { ["ByeTimeout"] = "00:00:00" });
        using var slow = await OpenStalledAsync(host);
        await PushUntilConflatedAsync(host);
        await host.StopAsync();
        Assert.Equal(0, host.Counters.Streams);
    }

    private Task<StreamHost> StartAsync(Dictionary<string, string?>? settings = null, TimeProvider? time = null)
    {
        settings = new(settings ?? []) { ["SendBufferBytes"] = SmallBuffer.ToString(System.Globalization.CultureInfo.InvariantCulture) };
        return StreamHost.StartAsync(path, new StreamHostOptions { Settings = settings, Time = time ?? TimeProvider.System });
    }

    // Joined, and from there on not reading.
    private static async Task<RawClient> OpenStalledAsync(StreamHost host, ClientModel? model = null)
    {
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        var slow = await RawClient.OpenAsync(host, "?series=BTCUSD:1m", receiveBuffer: SmallBuffer);
        model ??= new ClientModel();
        model.Connect(["BTCUSD:1m"]);
        for (SseEvent? e = null; e?.Type != "synced"; model.Apply(e)) e = await slow.TryNextAsync() ?? throw new InvalidOperationException("The stream ended.");
        return slow;
    }

    // A reader that keeps up beats the time, so that nothing but the stalled one's full socket can be the reason.
    internal static async Task<int> PushUntilConflatedAsync(StreamHost host)
    {
        await using var quick = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await quick.JoinAsync();
        var pushed = 0;
        while (host.Counters.Of(Some.Btc).Conflated < 100)
        {
            for (var i = 0; i < 100; i++) host.Exchange.Push(Some.Btc, Some.Candle(0, ++pushed));
            var last = Some.Candle(0, pushed).Close;
            await quick.CandlesUntilAsync(e => e.Data.GetProperty("close").GetDecimal() == last);
        }

        return pushed;
    }

    private static bool IsClosed(SseEvent e) => e.Type == "message" && e.Data.GetProperty("closed").GetBoolean();
}

public sealed class Direct_socket_StreamSlowReaderTests() : StreamSlowReaderTests(StreamPath.DirectSocket);

public sealed class Batched_StreamSlowReaderTests() : StreamSlowReaderTests(StreamPath.Batched);

public sealed class Body_writer_StreamSlowReaderTests() : StreamSlowReaderTests(StreamPath.BodyWriter);

public sealed class TLS_StreamSlowReaderTests() : StreamSlowReaderTests(StreamPath.Tls);
