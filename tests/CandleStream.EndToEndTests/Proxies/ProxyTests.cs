using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using CandleStream.EndToEndTests.Stream;
using CandleStream.Server.Limits;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.EndToEndTests.Proxies;

/// <summary>
/// What docs/proxies.md promises of the recipes, each run by the real program. The stream's own suites run through them as well.
/// </summary>
public abstract class ProxyTests(StreamPath path)
{
    private const int Limit = 180_000;

    protected StreamPath Way { get; } = path;

    [Theory(Timeout = Limit)]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Each_event_arrives_before_the_next_is_published_and_as_the_server_sent_it(string httpVersion)
    {
        await using var host = await StreamHost.StartAsync(Way);
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        await using var client = await SseClient.OpenAsync(host, "?series=BTCUSD:1m", change: request =>
        {
            (request.Version, request.VersionPolicy) = (Version.Parse(httpVersion), HttpVersionPolicy.RequestVersionExact);
            request.Headers.TryAddWithoutValidation("Accept-Encoding", "deflate, br, zstd");
        });
        await client.JoinAsync();
        for (var step = 1; step <= 50; step++)
        {
            host.Exchange.Push(Some.Btc, Some.Candle(0, step));
            Assert.Equal(Some.Candle(0, step).Close, (await client.NextAsync("message")).Data.GetProperty("close").GetDecimal());
        }

        Assert.Empty(client.Response.Content.Headers.ContentEncoding);
    }

    [Fact(Timeout = Limit)]
    public async Task Each_event_of_a_compressed_stream_arrives_before_the_next_is_published_and_its_end_is_right()
    {
        await using var host = await StreamHost.StartAsync(Way);
        host.IsGzip = true;
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        using var client = await RawClient.OpenAsync(host, "?series=BTCUSD:1m");
        await client.NextAsync("synced");
        for (var step = 1; step <= 50; step++)
        {
            host.Exchange.Push(Some.Btc, Some.Candle(0, step));
            Assert.Equal(Some.Candle(0, step).Close, (await client.NextAsync("message")).Candle.Close);
        }

        var stop = host.StopAsync();
        await client.NextAsync("bye");
        await client.ToEndAsync();
        Assert.True(client.EndedWell);
        await stop;
    }

    [Theory(Timeout = Limit)]
    [InlineData("closes")]
    [InlineData("breaks off")]
    [InlineData("says goodbye")]
    public async Task A_client_that_leaves_is_gone_at_the_server_without_another_event(string how)
    {
        await using var host = await StreamHost.StartAsync(Way);
        using var client = await RawClient.OpenAsync(host, "?series=BTCUSD:1m");
        await client.NextAsync("synced");
        Assert.Equal(1, host.Counters.Streams);
        if (how == "closes") client.Dispose();
        else if (how == "breaks off") client.Abort();
        else await client.SayGoodbyeAsync();
        await Eventually.TrueAsync(() => host.Counters.Streams == 0);
    }

    [Fact(Timeout = Limit)]
    public async Task The_server_sees_the_clients_address_and_scheme_whatever_the_client_says_about_them()
    {
        var seen = new ConcurrentQueue<string>();
        await using var host = await StreamHost.StartAsync(Way, new StreamHostOptions
        {
            Use = app =>
            {
                app.Configuration["Security:KnownProxies:0"] = "127.0.0.1";
                app.UseKnownProxies();
                app.Use((context, next) =>
                {
                    seen.Enqueue($"{context.Request.Scheme} {context.Connection.RemoteIpAddress}");
                    return next(context);
                });
            },
        });
        foreach (var forged in (string[])["", "X-Forwarded-For: 203.0.113.9\r\n",
            "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Proto: http\r\n"])
        {
            using var client = await RawClient.ConnectAsync(host.Address, from: IPAddress.Parse("127.0.0.2"));
            await client.AskForStreamAsync("?series=BTCUSD:1m", forged);
            await client.NextAsync("synced");
        }

        Assert.Equal(Enumerable.Repeat("https 127.0.0.2", 3), seen);
    }

    [Theory(Timeout = Limit)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_log_names_the_path_and_holds_neither_ticket_nor_key(bool isCutOff)
    {
        HttpContext? stream = null;
        await using var host = await StreamHost.StartAsync(Way, new StreamHostOptions
        {
            // Cut off is a request, which only lasts as long as its stream where the socket is not taken.
            Settings = isCutOff ? new() { ["DirectSockets"] = "false" } : [],
            Use = app => app.Use((context, next) =>
            {
                stream = context;
                return next(context);
            }),
        });
        using var client = await RawClient.ConnectAsync(host.Address);
        await client.AskForStreamAsync("?series=BTCUSD:1m&ticket=the-ticket",
            "X-API-Key: the-key\r\nAuthorization: Bearer the-key\r\nCookie: candlestream-session=the-session\r\n");
        await client.NextAsync("synced");
        if (isCutOff) stream!.Abort();
        else await host.StopAsync();
        await client.ToEndAsync();
        await Eventually.TrueAsync(() => host.Proxy!.Log.Contains("/candles/stream", StringComparison.Ordinal));
        foreach (var secret in (string[])["the-ticket", "the-key", "the-session"])
            Assert.DoesNotContain(secret, host.Proxy!.Log, StringComparison.Ordinal);
    }
}

/// <summary>Of the proxies that end what is silent.</summary>
public abstract class ProxyTimeLimitTests(StreamPath path) : ProxyTests(path)
{
    [Fact(Timeout = 180_000)]
    public async Task Heartbeats_keep_a_stream_open_beyond_the_time_limit_of_the_proxy_and_without_them_it_is_cut()
    {
        var limit = TimeSpan.FromSeconds(2);
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(53));
        await using var host = await StreamHost.StartAsync(Way, new StreamHostOptions { Time = time, ProxyTimeLimit = limit });
        await using var client = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await client.JoinAsync();

        // The server's clock is the test's; the proxy's is the machine's.
        var open = Stopwatch.StartNew();
        using var beat = new PeriodicTimer(limit / 20);
        while (open.Elapsed < limit * 2)
        {
            time.Advance(TimeSpan.FromSeconds(15));
            await client.NextAsync("heartbeat");
            await beat.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }

        Assert.Null(await client.TryNextAsync());
    }
}

public sealed class Nginx_ProxyTests() : ProxyTimeLimitTests(StreamPath.Nginx);

public sealed class HAProxy_ProxyTests() : ProxyTimeLimitTests(StreamPath.HAProxy);

public sealed class Caddy_ProxyTests() : ProxyTests(StreamPath.Caddy);
