using System.Net;
using System.Net.WebSockets;
using System.Text.Json;
using CandleStream.Simulator;
using CandleStream.Simulator.Markets;
using CandleStream.Simulator.Protocol;
using CandleStream.Tests.Bitfinex;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests.Simulator;

/// <summary>What the exchange does by the clock: heartbeats, limits, the cut of idle sockets. In virtual time.</summary>
public sealed class SimulatorTimeTests
{
    private const string Key = "trade:1m:tBTCUSD";

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 4, 12, 0, 0, TimeSpan.Zero));

    [Fact]
    public async Task Every_channel_has_a_heartbeat_every_fifteen_seconds_with_number_and_time()
    {
        await using var simulator = await StartAsync(new ScriptedMarket("BTCUSD", "ETHUSD"));
        using var client = new ExchangeClient(simulator.ConnectInProcess());
        await client.SendAsync("""{"event":"conf","flags":98304}""");
        var first = await client.SubscribeAsync(Key);
        var second = await client.SubscribeAsync("trade:1m:tETHUSD");
        await client.ReceiveDataAsync();

        var beats = new List<JsonElement>();
        for (var second15 = 1; second15 <= 4; second15++)
        {
            ((ScriptedMarket)simulator.Market).SetTime(1_000_000_000_000 + second15);
            _clock.Advance(TimeSpan.FromSeconds(15));
            beats.Add(await client.ReceiveDataAsync());
            beats.Add(await client.ReceiveDataAsync());
        }

        Assert.All(beats, beat => Assert.Equal("hb", beat[1].GetString()));
        Assert.Equal(4, beats.Count(beat => beat[0].GetInt32() == first));
        Assert.Equal(4, beats.Count(beat => beat[0].GetInt32() == second));
        Assert.Equal(Enumerable.Range(3, 8), beats.Select(beat => beat[2].GetInt32()));
        Assert.Equal(Enumerable.Range(2, 8).Select(half => 1_000_000_000_000 + (half / 2)), beats.Select(beat => beat[3].GetInt64()));
    }

    [Fact]
    public async Task A_socket_without_channels_is_cut_after_a_minute_without_a_close_frame_unless_the_client_speaks()
    {
        await using var simulator = await StartAsync();
        using var silent = new ExchangeClient(simulator.ConnectInProcess());
        using var talking = new ExchangeClient(simulator.ConnectInProcess());
        using var subscribed = new ExchangeClient(simulator.ConnectInProcess());
        await subscribed.SubscribeAsync(Key);
        await silent.ReceiveAsync();
        await talking.ReceiveAsync();
        _clock.Advance(TimeSpan.FromSeconds(40));
        await talking.SendAsync("""{"event":"ping"}""");
        await talking.ReceiveAsync();
        _clock.Advance(TimeSpan.FromSeconds(30));

        await Assert.ThrowsAsync<WebSocketException>(silent.ReceiveAsync);
        await talking.SendAsync("""{"event":"ping"}""");
        Assert.Equal("pong", ExchangeClient.Event(await talking.ReceiveAsync()));
        Assert.Equal(Key, simulator.Subscriptions.SelectMany(connection => connection.Channels).Single().Key);
    }

    [Fact]
    public async Task The_connection_too_many_is_a_429_and_so_are_all_in_the_minute_after()
    {
        await using var simulator = await BitfinexSimulator.StartAsync(
            new SimulatorOptions { ConnectLimit = 2, TimeProvider = _clock }, TestContext.Current.CancellationToken);
        using var first = await ExchangeClient.ConnectAsync(simulator);
        using var second = await ExchangeClient.ConnectAsync(simulator);

        Assert.Equal(HttpStatusCode.TooManyRequests, await RefusalAsync(simulator));
        Assert.Throws<WebSocketException>(simulator.ConnectInProcess);
        _clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(HttpStatusCode.TooManyRequests, await RefusalAsync(simulator));
        _clock.Advance(TimeSpan.FromSeconds(2));
        using var third = await ExchangeClient.ConnectAsync(simulator);
        Assert.Equal([true, true, false, false, false, true], simulator.Connections.Connects.Select(attempt => attempt.Accepted));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_limit_is_counted_by_the_time_that_passes_and_not_by_the_wall_clock(int hours)
    {
        var clock = new VirtualClock(_clock.GetUtcNow());
        var options =
            new SimulatorOptions { Listen = false, ConnectLimit = 1, TimeProvider = clock, CustomMarket = new ScriptedMarket("BTCUSD") };
        await using var simulator = await BitfinexSimulator.StartAsync(options, TestContext.Current.CancellationToken);
        using var first = new ExchangeClient(simulator.ConnectInProcess());
        Assert.Throws<WebSocketException>(simulator.ConnectInProcess);

        clock.WallClockStep = TimeSpan.FromHours(hours);
        Assert.Throws<WebSocketException>(simulator.ConnectInProcess);
        clock.Advance(TimeSpan.FromSeconds(61));
        using var second = new ExchangeClient(simulator.ConnectInProcess());
    }

    [Fact]
    public async Task Updates_alternate_between_the_previous_candle_and_the_present_one()
    {
        await using var simulator = await BitfinexSimulator.StartAsync(
            new SimulatorOptions { Listen = false, TimeProvider = _clock }, TestContext.Current.CancellationToken);
        using var client = new ExchangeClient(simulator.ConnectInProcess());
        await client.SubscribeAsync(Key);
        await client.ReceiveDataAsync();
        _clock.Advance(TimeSpan.FromMinutes(5));
        await client.SendAsync("""{"event":"ping"}""");

        var times = new List<long>();
        while (await client.ReceiveAsync() is { ValueKind: JsonValueKind.Array } frame)
        {
            if (frame[1].ValueKind == JsonValueKind.Array)
                times.Add(frame[1][0].GetInt64());
        }

        Assert.True(times.Count > 20);
        Assert.True(times.Zip(times.Skip(1)).Count(pair => pair.Second < pair.First) > times.Count / 3,
            "the previous candle follows the present one again and again");
    }

    [Fact]
    public async Task A_script_is_sent_word_for_word_and_in_order()
    {
        var market = new ScriptedMarket("BTCUSD");
        market.Set(Key, new MarketCandle(60_000, 1m, 2m, 0.5m, 1.5m, 3.1e-7m));
        market.SendWhenOpened(Key, "[120000,1,2,3,4,5e-9]", "\"hb\"", "null", "{\"odd\":1}");
        await using var simulator = await StartAsync(market);
        using var client = new ExchangeClient(simulator.ConnectInProcess());
        var channel = await client.SubscribeAsync(Key);

        Assert.Equal($"[{channel},[[60000,1,1.5,2,0.5,3.1e-7]]]", await client.ReceiveTextAsync());
        Assert.Equal($"[{channel},[120000,1,2,3,4,5e-9]]", await client.ReceiveTextAsync());
        Assert.Equal($"[{channel},\"hb\"]", await client.ReceiveTextAsync());
        Assert.Equal($"[{channel},null]", await client.ReceiveTextAsync());
        Assert.Equal($"[{channel},{{\"odd\":1}}]", await client.ReceiveTextAsync());
        market.Send(Key, new MarketCandle(120_000, 9440.35927772m, 9441m, 9440m, 9440.5m, 24m));
        Assert.Equal($"[{channel},[120000,9440.35927772,9440.5,9441,9440,24]]", await client.ReceiveTextAsync());
        simulator.SendRaw("""{"event":"info","code":20052}""");
        Assert.Equal("""{"event":"info","code":20052}""", await client.ReceiveTextAsync());
    }

    private Task<BitfinexSimulator> StartAsync(IMarket? market = null) => BitfinexSimulator.StartAsync(
        new SimulatorOptions { Listen = false, TimeProvider = _clock, CustomMarket = market ?? new ScriptedMarket("BTCUSD") },
        TestContext.Current.CancellationToken);


    private static async Task<HttpStatusCode> RefusalAsync(BitfinexSimulator simulator)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(
            () => socket.ConnectAsync(simulator.WebSocketUrl, TestContext.Current.CancellationToken));
        return socket.HttpStatusCode;
    }
}
