using CandleStream.EndToEndTests.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>A stream whose socket the sender has taken: its request is over, and every way to end it still works.</summary>
public sealed class TakeoverTests
{
    private const int Limit = 120_000;

    public enum Way
    {
        Plain,
        Batched,
        Forbidden,
        Http10,
        Http2,
        Tls,
        Http2Tls,
        WrappedBody,
        LoggedConnection,
    }

    [Theory(Timeout = Limit)]
    [InlineData(Way.Plain, true)]
    [InlineData(Way.Batched, true)]
    [InlineData(Way.Forbidden, false)]
    [InlineData(Way.Http10, false)]
    [InlineData(Way.Http2, false)]
    [InlineData(Way.Tls, false)]
    [InlineData(Way.Http2Tls, false)]
    [InlineData(Way.WrappedBody, false)]
    [InlineData(Way.LoggedConnection, false)]
    public async Task Only_where_nothing_stands_between_does_the_request_end_before_the_stream(Way way, bool isTaken)
    {
        var requestIsOver = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var options = new StreamHostOptions
        {
            Use = app => app.Use(async (context, next) =>
            {
                if (way == Way.WrappedBody) context.Response.Body = new BufferedStream(context.Response.Body);
                await next(context);
                if (context.Request.Path == "/candles/stream") requestIsOver.TrySetResult();
            }),
            Listen = way == Way.LoggedConnection ? listen => listen.UseConnectionLogging() : null,
        };
        await using var host = await StreamHost.StartAsync(way switch
        {
            Way.Batched => StreamPath.Batched,
            Way.Forbidden => StreamPath.BodyWriter,
            Way.Http2 => StreamPath.Http2,
            Way.Tls => StreamPath.Tls,
            Way.Http2Tls => StreamPath.Http2Tls,
            _ => StreamPath.DirectSocket,
        }, options);
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        if (way == Way.Http10)
        {
            using var old = await RawClient.ConnectAsync(host.Address);
            await old.SendAsync("GET /candles/stream?series=BTCUSD:1m HTTP/1.0\r\n\r\n");
            await old.PassAsync("event: synced");
            host.Exchange.Push(Some.Btc, Some.Candle(1));
            await Eventually.TrueAsync(() => host.Counters.Of(Some.Btc).Events > 0);
        }
        else
        {
            await using var client = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
            await client.JoinAsync();
            if (isTaken) await requestIsOver.Task.WaitAsync(TestContext.Current.CancellationToken);
            host.Exchange.Push(Some.Btc, Some.Candle(1));
            await client.CandlesUntilAsync(e => e.Data.GetProperty("time").GetInt64() == Some.Candle(1).Time);
            Assert.Equal(1, host.Counters.Streams);
        }

        if (!isTaken) Assert.False(requestIsOver.Task.IsCompleted && host.Counters.Streams > 0);
        await Eventually.TrueAsync(() => host.Counters.Streams == 0);
        await requestIsOver.Task.WaitAsync(TestContext.Current.CancellationToken);
        host.Errors.AssertNone();
    }

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_leaves_is_noticed_while_nothing_is_sent(bool isReset)
    {
        await using var host = await StreamHost.StartAsync(new StreamHostOptions { Settings = { ["Heartbeat"] = "00:10:00" } });
        using (host.Service.Open(Some.Btc))
        {
            var clients = new List<RawClient>();
            for (var i = 0; i < 20; i++)
            {
                clients.Add(await RawClient.OpenAsync(host, "?series=BTCUSD:1m"));
                await clients[i].NextAsync("synced");
            }

            foreach (var client in clients)
            {
                if (isReset) client.Abort();
                else client.Dispose();
            }

            await Eventually.TrueAsync(() => host.Counters.Streams == 0);
            Assert.Equal(0, host.Limiter.Shares);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task Clients_that_leave_between_their_request_and_the_takeover_leave_nothing_behind()
    {
        await using var host = await StreamHost.StartAsync(new StreamHostOptions { Settings = { ["Heartbeat"] = "00:10:00" } });
        var rounds = TestSize.Of(normal: 500, full: 5_000);
        await Parallel.ForAsync(0, rounds, new ParallelOptions
        {
            MaxDegreeOfParallelism = 16,
            CancellationToken = TestContext.Current.CancellationToken
        }, async (round, _) =>
        {
            using var client = await RawClient.OpenAsync(host, "?series=BTCUSD:1m");
            if (round % 3 == 0) client.Abort();
            else if (round % 3 == 1) client.HalfClose();
        });
        await Eventually.TrueAsync(() => host.Counters.Streams == 0);
        await Eventually.TrueAsync(() => host.Service.OpenSeries.All(s => s.Subscribers == 0));
        host.Errors.AssertNone();
    }

    [Fact(Timeout = Limit)]
    public async Task Bye_reaches_a_client_that_has_sent_what_nobody_asked_for()
    {
        await using var host = await StreamHost.StartAsync();
        using var client = await RawClient.OpenAsync(host, "?series=BTCUSD:1m", more: new string('x', 20_000));
        await client.NextAsync("synced");
        await client.SendAsync(new string('y', 20_000));
        var stop = host.StopAsync();
        var events = await client.ToEndAsync();
        Assert.Equal(("bye", true), (events[^1].Type, client.EndedWell));
        Assert.True(await client.ClosesAsync());
        await stop;
    }

    [Fact(Timeout = Limit)]
    public async Task A_client_that_sends_without_end_is_ended()
    {
        await using var host = await StreamHost.StartAsync();
        using var client = await RawClient.OpenAsync(host, "?series=BTCUSD:1m");
        await client.NextAsync("synced");
        try
        {
            while (host.Counters.Streams > 0) await client.SendAsync(new string('y', 10_000));
        }
        catch (IOException)
        {
            // The server has hung up.
        }

        await Eventually.TrueAsync(() => host.Counters.Streams == 0);
        await client.ToEndAsync();
        Assert.False(client.EndedWell);
    }

    [Fact(Timeout = Limit)]
    public async Task Streams_count_as_connections_as_long_as_they_last()
    {
        await using var server = await RunningServer.StartAsync(
            ("Streaming:MaxStreams", "3"), ("Security:MaxConnections", "3"), ("Streaming:Heartbeat", "00:10:00"));
        var address = server.Client.BaseAddress!;
        var streams = new List<RawClient>();
        for (var i = 0; i < 3; i++) streams.Add(await OpenAsync(address));

        using (var refused = await RawClient.ConnectAsync(address))
        {
            await refused.AskForStreamAsync("?series=BTCUSD:1m");
            Assert.True(await refused.ClosesAsync());
        }

        // Each that leaves makes room for one.
        for (var round = 0; round < 20; round++)
        {
            streams[round % 3].Dispose();
            streams[round % 3] = await EventuallyOpenAsync(address);
        }

        foreach (var stream in streams) stream.Dispose();
        await Eventually.TrueAsync(() => server.Get<CandleStream.Server.Streams.Sending.StreamCounters>().Streams == 0);
    }

    private static async Task<RawClient> OpenAsync(Uri address)
    {
        var client = await RawClient.ConnectAsync(address);
        await client.AskForStreamAsync("?series=BTCUSD:1m");
        await client.NextAsync("synced");
        return client;
    }

    // The server needs a moment to see that one has left; until then it hangs up.
    private static async Task<RawClient> EventuallyOpenAsync(Uri address)
    {
        while (true)
        {
            var client = await RawClient.ConnectAsync(address);
            try
            {
                await client.AskForStreamAsync("?series=BTCUSD:1m");
                for (SseEvent? e; (e = await client.TryNextAsync()) is not null;)
                {
                    if (e.Type == "synced") return client;
                }
            }
            catch (IOException)
            {
                // Refused before the request was out.
            }

            client.Dispose();
        }
    }
}
