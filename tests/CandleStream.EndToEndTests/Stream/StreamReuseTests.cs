using System.Collections.Concurrent;
using CandleStream.EndToEndTests.Server;
using CandleStream.Server.Streams.Sockets;
using Microsoft.AspNetCore.Builder;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>What may come before and behind a stream on its connection.</summary>
public abstract class StreamReuseTests(StreamPath path)
{
    private const int Limit = 120_000;

    [Fact(Timeout = Limit)]
    public async Task Bytes_sent_behind_the_request_and_on_the_stream_change_nothing()
    {
        await using var host = await StreamHost.StartAsync(path);
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        using (var client = await RawClient.OpenAsync(
            host, "?series=BTCUSD:1m", more: "GET /candles/stream?series=ETHUSD:5m HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        {
            await client.NextAsync("synced");
            await client.SendAsync("\0\0 rubbish \r\n\r\n");
            for (var minute = 1; minute <= 50; minute++)
            {
                host.Exchange.Push(Some.Btc, Some.Candle(minute));
                Assert.Equal("BTCUSD", (await client.NextAsync("message")).Text("symbol"));
            }

            Assert.Equal("BTCUSD:1m", Assert.Single(host.Service.OpenSeries).Key.ToString());
        }

        await Eventually.TrueAsync(() => host.Counters.Streams == 0);
    }

    [Fact(Timeout = Limit)]
    public async Task A_stream_may_follow_another_answer_on_its_connection()
    {
        // The way of each stream, and the connection of each request.
        var (ways, connections) = (new ConcurrentQueue<bool>(), new ConcurrentQueue<string>());
        await using var host = await StreamHost.StartAsync(path, new StreamHostOptions
        {
            Use = app =>
            {
                app.Use((context, next) =>
                {
                    connections.Enqueue(context.Connection.Id);
                    if (context.Request.Path == "/candles/stream")
                        ways.Enqueue(Transport.Of(context, path != StreamPath.BodyWriter).Takeover is not null);
                    return next(context);
                });
                app.MapGet("/before", () => "an answer");
            },
        });
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        using var client = await RawClient.ConnectAsync(host.Address);
        Assert.Contains("an answer", await client.AskAsync("/before"), StringComparison.Ordinal);
        await client.AskForStreamAsync("?series=BTCUSD:1m");
        await client.NextAsync("synced");
        for (var minute = 1; minute <= 5; minute++)
        {
            host.Exchange.Push(Some.Btc, Some.Candle(minute));
            Assert.Equal(Some.Candle(minute - 1).Time, (await client.NextAsync("message")).Data.GetProperty("time").GetInt64());
            Assert.Equal(Some.Candle(minute).Time, (await client.NextAsync("message")).Data.GetProperty("time").GetInt64());
        }

        Assert.Equal([path is StreamPath.DirectSocket or StreamPath.Batched], ways);
        Assert.Single(connections.Distinct());
        host.Errors.AssertNone();
    }

    [Fact(Timeout = Limit)]
    public async Task Nothing_follows_a_stream_on_its_connection()
    {
        await using var host = await StreamHost.StartAsync(path);
        using var client = await RawClient.OpenAsync(
            host, "?series=BTCUSD:1m", more: "HEAD /candles/stream?series=BTCUSD:1m HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await client.NextAsync("synced");
        var stop = host.StopAsync();
        await client.ToEndAsync();
        Assert.True(client.EndedWell);
        Assert.True(await client.ClosesAsync());
        await stop;
    }
}

public sealed class Direct_socket_StreamReuseTests() : StreamReuseTests(StreamPath.DirectSocket);

public sealed class Batched_StreamReuseTests() : StreamReuseTests(StreamPath.Batched);

public sealed class Body_writer_StreamReuseTests() : StreamReuseTests(StreamPath.BodyWriter);

public sealed class TLS_StreamReuseTests() : StreamReuseTests(StreamPath.Tls);

/// <summary>The same on the whole server, whose other answers pass compression and limits before.</summary>
public sealed class StreamAfterOtherAnswersTests
{
    [Theory(Timeout = 30_000)]
    [InlineData("true")]
    [InlineData("false")]
    public async Task A_stream_may_follow_health_and_history_on_their_connection(string directSockets)
    {
        await using var server = await RunningServer.StartAsync(("Streaming:DirectSockets", directSockets));
        using var client = await RawClient.ConnectAsync(server.Client.BaseAddress!);
        Assert.StartsWith("HTTP/1.1 200", await client.AskAsync("/health/live"), StringComparison.Ordinal);
        Assert.Contains(
            "\"symbol\":\"BTCUSD\"", await client.AskAsync("/candles?symbol=BTCUSD&timeframe=1m&limit=3"), StringComparison.Ordinal);
        await client.AskForStreamAsync("?series=BTCUSD:1m&snapshot=3");
        var model = new ClientModel();
        model.Connect(["BTCUSD:1m"]);
        SseEvent? e = null;
        for (var live = 0; live < 3; live += e.Type == "message" && e.Id is not null ? 1 : 0)
        {
            e = await client.TryNextAsync() ?? throw new InvalidOperationException("The stream ended.");
            model.Apply(e);
        }

        Assert.NotEmpty(model.Of("BTCUSD:1m"));
    }
}
