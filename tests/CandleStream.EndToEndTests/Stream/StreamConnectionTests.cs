using Microsoft.AspNetCore.Builder;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>What clients do to their connections, by accident or on purpose.</summary>
public abstract class StreamConnectionTests(StreamPath path)
{
    private const int Limit = 300_000;

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
    public async Task Headers_come_before_candles_that_are_published_while_the_headers_are_being_sent()
    {
        Func<Task>? whileSendingHeaders = null;
        await using var host = await StreamHost.StartAsync(path, new StreamHostOptions
        {
            Use = app => app.Use((context, next) =>
            {
                if (whileSendingHeaders is { } publish) context.Response.OnStarting(publish);
                return next(context);
            }),
        });
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        await using var watcher = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await watcher.JoinAsync();
        whileSendingHeaders = async () =>
        {
            for (var minute = 1; minute <= 20; minute++) host.Exchange.Push(Some.Btc, Some.Candle(minute));
            // By then the sender has sent them to everybody it sends to.
            await watcher.CandlesUntilAsync(e => e.Data.GetProperty("time").GetInt64() == Some.Candle(20).Time);
        };

        using var client = await RawClient.OpenAsync(host, "?series=BTCUSD:1m&snapshot=50");
        var model = new ClientModel();
        model.Connect(["BTCUSD:1m"]);
        var first = await client.TryNextAsync();
        Assert.Equal("hello", first?.Type);
        for (var e = first; e?.Type != "synced"; model.Apply(e)) e = await client.TryNextAsync()
            ?? throw new InvalidOperationException("The stream ended.");
        Assert.Equal(host.Log.Of(Some.Btc), model.Of("BTCUSD:1m"));
        host.Errors.AssertNone();
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
        await Parallel.ForAsync(0, rounds, new ParallelOptions
        {
            MaxDegreeOfParallelism = 16,
            CancellationToken = TestContext.Current.CancellationToken
        }, async (round, _) =>
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
        Assert.All(host.Service.OpenSeries, hub => Assert.Equal(0, hub.Subscribers));
        host.Errors.AssertNone();
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
        host.Errors.AssertNone();
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

public sealed class TLS_StreamConnectionTests() : StreamConnectionTests(StreamPath.Tls);

public sealed class Nginx_StreamConnectionTests() : StreamConnectionTests(StreamPath.Nginx);

public sealed class Gzip_StreamConnectionTests() : StreamConnectionTests(StreamPath.Gzip);

public sealed class Gzip_batched_StreamConnectionTests() : StreamConnectionTests(StreamPath.GzipBatched);
