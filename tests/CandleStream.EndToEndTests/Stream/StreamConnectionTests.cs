namespace CandleStream.EndToEndTests.Stream;

/// <summary>What clients do to their connections, by accident or on purpose.</summary>
public abstract class StreamConnectionTests(StreamPath path)
{
    private const int Limit = 120_000;

    [Fact(Timeout = Limit)]
    public async Task Bytes_sent_behind_the_request_and_on_the_stream_change_nothing()
    {
        await using var host = await StreamHost.StartAsync(path);
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        using (var client = await RawClient.OpenAsync(host, "?series=BTCUSD:1m", more: "GET /candles/stream?series=ETHUSD:5m HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        {
            await client.NextAsync("synced");
            await client.SendAsync("\0\0 rubbish \r\n\r\n");
            for (var minute = 1; minute <= 50; minute++)
            {
                host.Exchange.Push(Some.Btc, Some.Candle(minute));
                Assert.Equal("BTCUSD", (await client.NextAsync("message")).Text("symbol"));
            }

            Assert.Equal("BTCUSD:1m", Assert.Single(host.Service.Hubs).Series.ToString());
        }

        await Eventually.TrueAsync(() => host.Counters.Streams == 0);
    }

    [Fact(Timeout = Limit)]
    public async Task A_client_that_half_closes_has_left()
    {
        await using var host = await StreamHost.StartAsync(path);
        using var client = await RawClient.OpenAsync(host, "?series=BTCUSD:1m");
        await client.NextAsync("synced");
        client.HalfClose();
        await client.ToEndAsync();
        await Eventually.TrueAsync(() => host.Counters.Streams == 0);
        Assert.Equal(0, host.Hub(Some.Btc).Subscribers);
    }

    [Fact(Timeout = Limit)]
    public async Task A_stream_may_follow_another_answer_on_a_connection_but_nothing_follows_a_stream()
    {
        await using var host = await StreamHost.StartAsync(path);
        using var client = await RawClient.OpenAsync(host, "?series=BTCUSD:1m", more: "HEAD /candles/stream?series=BTCUSD:1m HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await client.NextAsync("synced");
        var stop = host.StopAsync();
        await client.ToEndAsync();
        Assert.True(client.EndedWell);
        await stop;
    }

    [Fact(Timeout = Limit)]
    public async Task However_quickly_clients_come_and_go_nobody_sees_the_bytes_of_another()
    {
        await using var host = await StreamHost.StartAsync(path);
        var series = Enumerable.Range(0, 8).Select(n => SeriesKey.Parse($"LOAD{n:D3}USD:1m")).ToList();
        var leases = series.Select(s => host.Service.Open(s)).ToList();
        foreach (var key in series) await host.Exchange.FollowedAsync(key);
        using var stop = new CancellationTokenSource();
        var pushing = Task.Run(() => PushAsync(host, series, stop.Token), TestContext.Current.CancellationToken);

        var rounds = TestSize.Of(normal: 1000, full: 10_000);
        await Parallel.ForAsync(0, rounds, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = TestContext.Current.CancellationToken }, async (round, _) =>
        {
            var own = series[round % series.Count];
            using var client = await RawClient.OpenAsync(host, $"?series={own}&delta={round % 2}");
            foreach (var e in await client.ReadBytesAsync(round * 37 % 4000))
            {
                if (e.Type == "message") Assert.Equal(own.Symbol, e.Text("symbol"));
                if (e.Type is "delta" or "snapshot" or "status") Assert.Equal(own.ToString(), e.Text("series"));
            }

            if (round % 3 != 0) client.Abort();
        });

        await stop.CancelAsync();
        await pushing;
        await Eventually.TrueAsync(() => host.Counters.Streams == 0);
        foreach (var lease in leases) lease.Dispose();
        Assert.All(host.Service.Hubs, hub => Assert.Equal(0, hub.Subscribers));
        Assert.Empty(host.Errors.Lines);
    }

    [Fact(Timeout = Limit)]
    public async Task A_thousand_clients_that_join_and_leave_while_candles_are_published_leave_nothing_behind()
    {
        await using var host = await StreamHost.StartAsync(path);
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        using (host.Service.Open(Some.Btc))
        {
            await host.Exchange.FollowedAsync(Some.Btc);
            using var stop = new CancellationTokenSource();
            var pushing = Task.Run(() => PushAsync(host, [Some.Btc], stop.Token), TestContext.Current.CancellationToken);
            var clients = Enumerable.Range(0, 1000).Select(async n =>
            {
                await using var client = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
                var model = new ClientModel();
                model.Connect(["BTCUSD:1m"]);
                foreach (var e in await client.JoinAsync()) model.Apply(e);
                for (var i = 0; i < n % 20; i++) model.Apply(await client.NextAsync());
            });
            await Task.WhenAll(clients);
            await stop.CancelAsync();
            await pushing;
        }

        await Eventually.TrueAsync(() => host.Counters.Streams == 0);
        Assert.Equal(0, host.Hub(Some.Btc).Subscribers);
        Assert.Equal(0, host.Limiter.Shares);
        Assert.Empty(host.Errors.Lines);
    }

    // As fast as the hub takes it, but never hogging the machine's cores.
    private static async Task PushAsync(StreamHost host, List<SeriesKey> series, CancellationToken stop)
    {
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        for (var n = 0; !stop.IsCancellationRequested; n++)
        {
            for (var i = 0; i < 20; i++) host.Exchange.Push(series[i % series.Count], Some.Candle(n / 50 % 900, n * 20 + i));
            await beat.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}

public sealed class Direct_socket_StreamConnectionTests() : StreamConnectionTests(StreamPath.DirectSocket);

public sealed class Batched_StreamConnectionTests() : StreamConnectionTests(StreamPath.Batched);

public sealed class Body_writer_StreamConnectionTests() : StreamConnectionTests(StreamPath.BodyWriter);
