using Microsoft.Extensions.Time.Testing;

namespace CandleStream.EndToEndTests.Stream;

/// <summary>What a client may ask for: deltas, a limited rate; and what comes by the clock.</summary>
public abstract class StreamSettingsTests(StreamPath path)
{
    private const int Limit = 120_000;

    [Fact(Timeout = Limit)]
    public async Task With_delta_the_first_forming_candle_after_synced_is_whole_then_changes_come_and_closing_is_whole_again()
    {
        await using var host = await StreamHost.StartAsync(path);
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        await using var client = await SseClient.OpenAsync(host, "?series=BTCUSD:1m&delta=1");
        await client.JoinAsync();

        host.Exchange.Push(Some.Btc, Some.Candle(0, step: 1));
        var whole = await client.NextCandleAsync();
        Assert.Equal("message", whole.Type);
        host.Exchange.Push(Some.Btc, Some.Candle(0, step: 1) with { Close = 100.7m });
        var delta = await client.NextCandleAsync();
        Assert.Equal("delta", delta.Type);
        Assert.Equal(whole.Rev, delta.Data.GetProperty("base").GetInt64());
        Assert.Equal(["series", "time", "rev", "base", "close"], delta.Data.EnumerateObject().Select(f => f.Name));
        Assert.Equal("100.7", delta.Data.GetProperty("close").GetRawText());

        host.Exchange.Push(Some.Btc, Some.Candle(1));
        var closed = await client.NextCandleAsync();
        Assert.Equal("message", closed.Type);
        Assert.True(closed.Data.GetProperty("closed").GetBoolean());
        Assert.Equal("message", (await client.NextCandleAsync()).Type);
    }

    [Fact(Timeout = Limit)]
    public async Task With_max_rate_0_only_closed_candles_come()
    {
        await using var host = await StreamHost.StartAsync(path);
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        await using var client = await SseClient.OpenAsync(host, "?series=BTCUSD:1m&max_rate=0");
        await client.JoinAsync();
        for (var step = 1; step < 5; step++) host.Exchange.Push(Some.Btc, Some.Candle(0, step));
        host.Exchange.Push(Some.Btc, Some.Candle(1));
        host.Exchange.Push(Some.Btc, Some.Candle(2));
        Assert.Equal([Some.Candle(0).Time, Some.Candle(1).Time], (await client.CandlesUntilAsync(
            e => e.Data.GetProperty("time").GetInt64() == Some.Candle(1).Time)).Select(e => e.Data.GetProperty("time").GetInt64()));
    }

    [Fact(Timeout = Limit)]
    public async Task With_max_rate_forming_candles_wait_for_their_turn_and_only_the_newest_comes_but_closed_ones_do_not_wait()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(53));
        await using var host = await StreamHost.StartAsync(path, new StreamHostOptions { Time = time });
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        await using var client = await SseClient.OpenAsync(host, "?series=BTCUSD:1m&max_rate=2");
        await client.JoinAsync();

        host.Exchange.Push(Some.Btc, Some.Candle(0, step: 1));
        Assert.Equal(Some.Candle(0, 1).Close, CloseOf(await client.NextAsync("message")));
        for (var step = 2; step < 10; step++) host.Exchange.Push(Some.Btc, Some.Candle(0, step));
        await Eventually.TrueAsync(() => host.Counters.Of(Some.Btc).Conflated == 7);
        time.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal(Some.Candle(0, 9).Close, CloseOf(await client.NextAsync("message")));

        host.Exchange.Push(Some.Btc, Some.Candle(1));
        var closed = await client.NextAsync("message");
        Assert.True(closed.Data.GetProperty("closed").GetBoolean());
    }

    [Fact(Timeout = Limit)]
    public async Task With_max_rate_a_closed_candle_of_another_series_brings_no_forming_one_before_its_turn()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(53));
        await using var host = await StreamHost.StartAsync(path, new StreamHostOptions { Time = time });
        host.Exchange.SetSnapshot(Some.Btc, Some.Candle(0));
        var other = SeriesKey.Parse("ETHUSD:1m");
        host.Exchange.SetSnapshot(other, Some.Candle(0));
        await using var client = await SseClient.OpenAsync(host, $"?series={Some.Btc},{other}&max_rate=0.1");
        await client.JoinAsync();
        host.Exchange.Push(Some.Btc, Some.Candle(0, step: 1));
        Assert.Equal("BTCUSD", (await client.NextAsync("message")).Data.GetProperty("symbol").GetString());

        host.Exchange.Push(Some.Btc, Some.Candle(0, step: 2));
        host.Exchange.Push(other, Some.Candle(1));
        var closed = await client.NextAsync("message");
        Assert.Equal(("ETHUSD", true), (closed.Data.GetProperty("symbol").GetString(), closed.Data.GetProperty("closed").GetBoolean()));

        // Both series' forming candles are held by now, or become so with the turn past: either way they come after it.
        time.Advance(TimeSpan.FromSeconds(10));
        var late = new[] { await client.NextAsync("message"), await client.NextAsync("message") };
        Assert.Equal(["BTCUSD", "ETHUSD"], late.Select(e => e.Data.GetProperty("symbol").GetString()).Order());
        Assert.All(late, e => Assert.False(e.Data.GetProperty("closed").GetBoolean()));
    }

    [Fact(Timeout = Limit)]
    public async Task A_heartbeat_comes_every_15_seconds_with_the_time_of_the_server()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(53));
        await using var host = await StreamHost.StartAsync(path, new StreamHostOptions { Time = time });
        await using var client = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await client.JoinAsync();
        for (var beat = 1; beat <= 3; beat++)
        {
            time.Advance(TimeSpan.FromSeconds(15));
            var heartbeat = await client.NextAsync("heartbeat");
            Assert.Equal(time.GetUtcNow().ToUnixTimeMilliseconds(), heartbeat.Data.GetProperty("server_time").GetInt64());
            Assert.Null(heartbeat.Id is "" ? null : heartbeat.Id);
        }
    }

    [Fact(Timeout = Limit)]
    public async Task When_the_exchange_answers_after_synced_its_candles_come_as_one_snapshot_without_id()
    {
        var exchange = new FakeExchange { IsSlow = true };
        await using var host = await StreamHost.StartAsync(
            path, new StreamHostOptions { Exchange = exchange, Streaming = new() { FirstDataWait = TimeSpan.Zero } });
        exchange.SetSnapshot(Some.Btc, Some.Candle(0), Some.Candle(1));
        await using var client = await SseClient.OpenAsync(host, "?series=BTCUSD:1m");
        await client.JoinAsync();
        await exchange.FollowedAsync(Some.Btc);
        exchange.Acknowledge(Some.Btc);
        var snapshot = await client.NextAsync("snapshot");
        Assert.Equal(2, snapshot.Data.GetProperty("candles").GetArrayLength());
        exchange.Push(Some.Btc, Some.Candle(1, step: 1));
        Assert.Equal(Some.Candle(1, 1).Close, CloseOf(await client.NextAsync("message")));
    }

    [Fact(Timeout = Limit)]
    public async Task A_burst_on_a_hundred_series_reaches_one_connection_whole_and_in_rising_rev()
    {
        var series = Enumerable.Range(0, 100).Select(n => SeriesKey.Parse($"LOAD{n:D3}USD:1m")).ToList();
        await using var host = await StreamHost.StartAsync(path);
        foreach (var key in series) host.Exchange.SetSnapshot(key, Some.Candle(0));
        await using var client = await SseClient.OpenAsync(host, "?series=" + string.Join(',', series));
        await client.JoinAsync();
        for (var minute = 1; minute <= 5; minute++)
        {
            foreach (var key in series) host.Exchange.Push(key, Some.Candle(minute));
        }

        var seen = new List<SseEvent>();
        while (seen.Count(e => e.Data.GetProperty("closed").GetBoolean()) < 500) seen.Add(await client.NextAsync("message"));
        Assert.Equal(seen.Select(e => e.Rev).Order(), seen.Select(e => e.Rev));
    }

    private static decimal CloseOf(SseEvent e) => e.Data.GetProperty("close").GetDecimal();
}

public sealed class Direct_socket_StreamSettingsTests() : StreamSettingsTests(StreamPath.DirectSocket);

public sealed class Batched_StreamSettingsTests() : StreamSettingsTests(StreamPath.Batched);

public sealed class Body_writer_StreamSettingsTests() : StreamSettingsTests(StreamPath.BodyWriter);

public sealed class Http2_StreamSettingsTests() : StreamSettingsTests(StreamPath.Http2);

public sealed class TLS_StreamSettingsTests() : StreamSettingsTests(StreamPath.Tls);

public sealed class Http2_TLS_StreamSettingsTests() : StreamSettingsTests(StreamPath.Http2Tls);

public sealed class Nginx_StreamSettingsTests() : StreamSettingsTests(StreamPath.Nginx);

public sealed class Caddy_StreamSettingsTests() : StreamSettingsTests(StreamPath.Caddy);

public sealed class HAProxy_StreamSettingsTests() : StreamSettingsTests(StreamPath.HAProxy);

public sealed class Gzip_StreamSettingsTests() : StreamSettingsTests(StreamPath.Gzip);

public sealed class Gzip_HTTP2_TLS_StreamSettingsTests() : StreamSettingsTests(StreamPath.GzipHttp2Tls);
