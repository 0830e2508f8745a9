using System.Net;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>What a client is sent first, and how it goes on from there.</summary>
public abstract class StreamJoinTests(StreamPath path)
{
    private const int Limit = 120_000;

    // As long as a web server takes a header by default.
    private int LongestIdInHeader => path is StreamPath.Nginx or StreamPath.HAProxy or StreamPath.GzipNginx ? 8000 : 30_000;

    [Fact(Timeout = Limit)]
    public async Task A_fresh_client_gets_hello_status_snapshot_and_synced_and_then_live_candles()
    {
        await using var host = await StreamHost.StartAsync(path);
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0), Some.Candle(1), Some.Candle(2));
        await using var client = await SseClient.OpenAsync(host, "?symbol=BTCUSD&timeframe=1m&snapshot=2");

        var join = await client.JoinAsync();
        Assert.Equal("hello", join[0].Type);
        Assert.Equal(15_000, join[0].Data.GetProperty("heartbeat_ms").GetInt32());
        Assert.Equal("BTCUSD:1m", Assert.Single(join[0].Data.GetProperty("series").EnumerateArray()).GetString());
        Assert.Equal("status", join[1].Type);
        var snapshot = join.Single(e => e.Type == "snapshot").Data.GetProperty("candles");
        Assert.Equal([Some.Candle(1).Time, Some.Candle(2).Time], snapshot.EnumerateArray().Select(c => c.GetProperty("time").GetInt64()));
        Assert.Equal([true, false], snapshot.EnumerateArray().Select(c => c.GetProperty("closed").GetBoolean()));
        Assert.Equal("fresh", join[^1].Data.GetProperty("series").GetProperty("BTCUSD:1m").GetString());
        Assert.Equal(join[^1].Data.GetProperty("asof").GetInt64(), SseClient.Id(join[^1]));
        Assert.All(join[..^1], e => Assert.Null(e.Id));
        Assert.InRange(client.Retry.TotalMilliseconds, 1500, 2500);

        host.Exchange.Push(Some.Btc, Some.Candle(2, step: 1));
        var candle = await client.NextAsync("message");
        Assert.Equal("BTCUSD", candle.Text("symbol"));
        Assert.Equal("1m", candle.Text("timeframe"));
        Assert.Equal("102.51", candle.Data.GetProperty("close").GetRawText());
        Assert.False(candle.Data.GetProperty("closed").GetBoolean());
        Assert.Equal(candle.Rev, SseClient.Id(candle));
        Assert.True(candle.Rev > SseClient.Id(join[^1]));
        host.Errors.AssertNone();
    }

    [Fact(Timeout = Limit)]
    public async Task The_stream_says_what_it_is_in_its_headers()
    {
        await using var host = await StreamHost.StartAsync(path);
        await using var client = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        Assert.Equal("text/event-stream", client.Response.Content.Headers.ContentType!.ToString());
        Assert.True(client.Response.Headers.CacheControl!.NoCache);
        Assert.True(client.Response.Headers.CacheControl!.NoTransform);
        // nginx keeps what is said to itself.
        if (path is StreamPath.Nginx or StreamPath.GzipNginx) return;
        Assert.Equal("no", Assert.Single(client.Response.Headers.GetValues("X-Accel-Buffering")));
    }

    [Fact(Timeout = Limit)]
    public async Task Several_series_come_on_one_stream_each_with_its_own_snapshot()
    {
        await using var host = await StreamHost.StartAsync(path);
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        host.Exchange.SetSnapshot(Some.Eth, Some.Candle5(0));
        await using var client = await SseClient.OpenAsync(host, "?series=BTCUSD:1m,ETHUSD:5m&series=BTCUSD:1m");

        var join = await client.JoinAsync();
        Assert.Equal(["BTCUSD:1m", "ETHUSD:5m"], join[0].Data.GetProperty("series").EnumerateArray().Select(s => s.GetString()));
        Assert.Equal(["BTCUSD:1m", "ETHUSD:5m"], join.Where(e => e.Type == "snapshot").Select(e => e.Text("series")));
        host.Exchange.Push(Some.Eth, Some.Candle5(0, step: 1));
        Assert.Equal("ETHUSD", (await client.NextAsync("message")).Text("symbol"));
        host.Exchange.Push(Some.Btc, Some.Candle(0, step: 1));
        Assert.Equal("BTCUSD", (await client.NextAsync("message")).Text("symbol"));
    }

    [Fact(Timeout = Limit)]
    public async Task A_client_that_returns_with_Last_Event_ID_gets_the_candles_it_missed_without_ids()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(53));
        await using var host = await StreamHost.StartAsync(path, new StreamHostOptions { Time = time });
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        await using var stayed = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await stayed.JoinAsync();

        // What an id stands for reaches 10 s back behind it.
        time.Advance(TimeSpan.FromSeconds(11));
        host.Exchange.Push(Some.Btc, Some.Candle(0, step: 1));
        await using var left = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        var id = (await left.JoinAsync())[^1].Id;
        await left.DisposeAsync();

        host.Exchange.Push(Some.Btc, Some.Candle(1));
        host.Exchange.Push(Some.Btc, Some.Candle(2));
        await stayed.CandlesUntilAsync(e => e.Data.GetProperty("time").GetInt64() == Some.Candle(2).Time);

        // The header, our own parameter, those of the usual polyfills; the last one counts, as each reconnect adds one.
        string[] queries = ["", $"&last_event_id={id}", $"&lastEventId={id}", $"&Last-Event-ID={id}",
            $"&last_event_id=5&lastEventId=7&lastEventId={id}", $"&lastEventId=5&last_event_id={id}&lastEventId="];
        foreach (var query in queries)
        {
            await using var back = await SseClient.OpenAsync(host, "?series=BTCUSD:1m" + query, query.Length > 0 ? null : id);
            var join = await back.JoinAsync();
            var missed = join.Where(e => e.Type == "message").ToList();
            Assert.Equal([0, 1, 2], missed.Select(e => (e.Data.GetProperty("time").GetInt64() - Some.Start) / 60_000));
            Assert.Equal([true, true, false], missed.Select(e => e.Data.GetProperty("closed").GetBoolean()));
            Assert.All(join[..^1], e => Assert.Null(e.Id));
            Assert.DoesNotContain(join, e => e.Type == "snapshot");
            Assert.Equal("resumed", join[^1].Data.GetProperty("series").GetProperty("BTCUSD:1m").GetString());
        }

        Assert.Equal(queries.Length, host.Counters.Of(Some.Btc).Resumed);
    }

    [Fact(Timeout = Limit)]
    public async Task Synced_tells_the_counter_before_the_join_and_what_is_published_during_it_comes_after_synced()
    {
        var wait = TimeSpan.FromHours(7);
        var (time, exchange) = (new TimeThatIsWaitedFor(wait), new FakeExchange { IsSlow = true });
        await using var host = await StreamHost.StartAsync(
            path, new StreamHostOptions { Time = time, Exchange = exchange, Streaming = new() { FirstDataWait = wait } });
        exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        using var btc = host.Service.Open(Some.Btc);
        await exchange.FollowedAsync(Some.Btc);
        exchange.Acknowledge(Some.Btc);

        // The join waits for the exchange's answer on the second series.
        await using var client = await SseClient.OpenAsync(host, "?series=BTCUSD:1m,ETHUSD:5m");
        await exchange.FollowedAsync(Some.Eth);
        await Eventually.TrueAsync(() => time.IsWaitedFor);
        exchange.Push(Some.Btc, Some.Candle(1));
        var published = host.Log.Of(Some.Btc);
        exchange.Acknowledge(Some.Eth);

        var synced = (await client.JoinAsync())[^1];
        Assert.All(published, candle => Assert.True(candle.Rev.Value > SseClient.Id(synced), $"{candle} comes after {synced}"));
        var live = await client.CandlesUntilAsync(e => e.Candle.Time == Some.Candle(1).Time);
        Assert.Equal(published, live.Select(e => e.Candle));
    }

    [Theory(Timeout = Limit)]
    [InlineData("a word")]
    [InlineData("-5")]
    [InlineData("1.5")]
    [InlineData("9000000000000000000")]
    [InlineData("99999999999999999999999999")]
    [InlineData("0")]
    public Task A_bad_id_resets_the_client_with_a_snapshot_and_is_never_an_error(string id) => AssertResetsAsync("", id);

    [Theory(Timeout = Limit)]
    [InlineData("a%20word")]
    [InlineData("%FF%00%0D%0A")]
    [InlineData("-5")]
    [InlineData("1&last_event_id=2")]
    [InlineData("9000000000000000000")]
    [InlineData("0")]
    public Task A_bad_id_in_the_query_does_the_same(string id) => AssertResetsAsync("&last_event_id=" + id, null);

    [Fact(Timeout = Limit)]
    public async Task However_long_a_bad_id_is_it_does_the_same()
    {
        // Kestrel takes 8192 bytes of request line and 32768 of headers.
        await AssertResetsAsync("&last_event_id=" + new string('9', 8000), null);
        await AssertResetsAsync("", new string('9', LongestIdInHeader));
    }

    [Fact(Timeout = Limit)]
    public async Task A_change_of_state_is_told()
    {
        await using var host = await StreamHost.StartAsync(path);
        await using var client = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await client.JoinAsync();
        host.Exchange.Tell(Some.Btc, new(CandleStream.Providers.SeriesState.Reconnecting, Attempt: 2, Reason: "socket closed"));
        SseEvent status;
        do status = await client.NextAsync("status");
        while (status.Text("state") != "reconnecting");
        Assert.False(status.Data.GetProperty("connected").GetBoolean());
        Assert.Equal(2, status.Data.GetProperty("attempt").GetInt32());
        Assert.Equal("socket closed", status.Text("reason"));
    }

    [Fact(Timeout = Limit)]
    public async Task A_stopping_server_says_bye_ends_the_body_in_good_order_and_refuses_newcomers()
    {
        await using var host = await StreamHost.StartAsync(path);
        await using var client = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await client.JoinAsync();
        var stop = host.StopAsync();
        var bye = await client.NextAsync("bye");
        Assert.Equal("shutdown", bye.Text("reason"));
        Assert.InRange(bye.Data.GetProperty("retry_ms").GetInt32(), 500, 8000);
        Assert.Equal(bye.Data.GetProperty("retry_ms").GetInt32(), client.Retry.TotalMilliseconds);
        Assert.True(await client.EndsInGoodOrderAsync());
        await stop;
        Assert.Equal(0, host.Counters.Streams);
        host.Errors.AssertNone();
    }

    [Fact(Timeout = Limit)]
    public async Task A_HEAD_request_is_answered_with_the_headers_and_opens_nothing()
    {
        await using var host = await StreamHost.StartAsync(path);
        using var response =
            await SseClient.SendAsync(host, "?series=BTCUSD:1m", r => r.Method = HttpMethod.Head, TestContext.Current.CancellationToken);
        host.Errors.AssertNone();
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        Assert.Empty(host.Service.OpenSeries);
    }

    private async Task AssertResetsAsync(string query, string? header)
    {
        await using var host = await StreamHost.StartAsync(path);
        host.Exchange.SetSnapshot(Some.Btc, [.. Enumerable.Range(0, 700).Select(n => Some.Candle(n))]);
        await using var client = await SseClient.OpenAsync(host, "?series=BTCUSD:1m" + query, header);
        var join = await client.JoinAsync();
        Assert.Equal("reset", join[^1].Data.GetProperty("series").GetProperty("BTCUSD:1m").GetString());
        Assert.Equal(500, join.Single(e => e.Type == "snapshot").Data.GetProperty("candles").GetArrayLength());
        Assert.Equal(1, host.Counters.Of(Some.Btc).Reset);
        host.Errors.AssertNone();
    }
}

/// <summary>A clock that tells when somebody waits for just this long.</summary>
internal sealed class TimeThatIsWaitedFor(TimeSpan wait) : FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(53))
{
    private volatile bool _isWaitedFor;

    public bool IsWaitedFor => _isWaitedFor;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime == wait) _isWaitedFor = true;
        return base.CreateTimer(callback, state, dueTime, period);
    }
}

public sealed class Direct_socket_StreamJoinTests() : StreamJoinTests(StreamPath.DirectSocket);

public sealed class Batched_StreamJoinTests() : StreamJoinTests(StreamPath.Batched);

public sealed class Body_writer_StreamJoinTests() : StreamJoinTests(StreamPath.BodyWriter);

public sealed class Http2_StreamJoinTests() : StreamJoinTests(StreamPath.Http2);

public sealed class TLS_StreamJoinTests() : StreamJoinTests(StreamPath.Tls);

public sealed class Http2_TLS_StreamJoinTests() : StreamJoinTests(StreamPath.Http2Tls);

public sealed class Nginx_StreamJoinTests() : StreamJoinTests(StreamPath.Nginx);

public sealed class Caddy_StreamJoinTests() : StreamJoinTests(StreamPath.Caddy);

public sealed class HAProxy_StreamJoinTests() : StreamJoinTests(StreamPath.HAProxy);

public sealed class Gzip_StreamJoinTests() : StreamJoinTests(StreamPath.Gzip);

public sealed class Gzip_TLS_StreamJoinTests() : StreamJoinTests(StreamPath.GzipTls);

public sealed class Gzip_HTTP2_TLS_StreamJoinTests() : StreamJoinTests(StreamPath.GzipHttp2Tls);

public sealed class Gzip_nginx_StreamJoinTests() : StreamJoinTests(StreamPath.GzipNginx);
