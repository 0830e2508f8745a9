using System.Text.Json;
using CandleStream.Simulator;

namespace CandleStream.Tests.Simulator;

/// <summary>What a client meets on the simulated exchange's WebSocket, over a real socket.</summary>
public sealed class SimulatorSessionTests
{
    private const string Key = "trade:1m:tBTCUSD";

    [Fact]
    public async Task The_greeting_comes_first_and_names_the_simulator()
    {
        await using var simulator =
            await BitfinexSimulator.StartAsync(new SimulatorOptions { Seed = 42 }, TestContext.Current.CancellationToken);
        using var socket = new System.Net.WebSockets.ClientWebSocket();
        await socket.ConnectAsync(simulator.WebSocketUrl, TestContext.Current.CancellationToken);
        using var client = new ExchangeClient(socket);

        var greeting = await client.ReceiveAsync();

        Assert.Equal("info", ExchangeClient.Event(greeting));
        Assert.Equal(2, greeting.GetProperty("version").GetInt32());
        Assert.Equal(1, greeting.GetProperty("platform").GetProperty("status").GetInt32());
        Assert.Equal("CandleStream", greeting.GetProperty("simulator").GetString());
        Assert.Equal(42, greeting.GetProperty("seed").GetInt64());
    }

    [Fact]
    public async Task A_subscription_is_acknowledged_then_gets_its_snapshot_newest_first()
    {
        await using var simulator = await BitfinexSimulator.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var client = await ExchangeClient.ConnectAsync(simulator);
        await client.SendAsync($$"""{"event":"subscribe","channel":"candles","key":"{{Key}}","subId":"mine"}""");

        var acknowledgement = await client.ReceiveAsync();
        var snapshot = await client.ReceiveAsync();

        Assert.Equal(["event", "channel", "chanId", "key", "subId"], acknowledgement.EnumerateObject().Select(field => field.Name));
        Assert.Equal(Key, acknowledgement.GetProperty("key").GetString());
        Assert.Equal("mine", acknowledgement.GetProperty("subId").GetString());
        Assert.True(acknowledgement.GetProperty("chanId").GetInt32() > 0);
        Assert.Equal(acknowledgement.GetProperty("chanId").GetInt32(), snapshot[0].GetInt32());
        var times = snapshot[1].EnumerateArray().Select(candle => candle[0].GetInt64()).ToList();
        Assert.Equal(240, times.Count);
        Assert.Equal(times.OrderByDescending(time => time).Distinct(), times);
    }

    [Fact]
    public async Task Number_and_time_follow_the_payload_in_this_order_once_the_flags_are_on()
    {
        await using var simulator = await BitfinexSimulator.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var client = await ExchangeClient.ConnectAsync(simulator);
        await client.SendAsync("""{"event":"conf","flags":98304}""");
        var answer = await client.ReceiveEventAsync("conf");
        await client.SubscribeAsync(Key);

        var first = await client.ReceiveDataAsync();
        await client.SubscribeAsync("trade:1m:tETHUSD");
        JsonElement frame;
        var numbers = new List<long> { first[2].GetInt64() };
        do
        {
            frame = await client.ReceiveDataAsync();
            numbers.Add(frame[2].GetInt64());
        }
        while (frame[1][0].ValueKind != JsonValueKind.Array);

        Assert.Equal("OK", answer.GetProperty("status").GetString());
        Assert.Equal(98304, answer.GetProperty("flags").GetInt32());
        Assert.Equal(4, first.GetArrayLength());
        Assert.Equal(Enumerable.Range(1, numbers.Count).Select(number => (long)number), numbers);
        Assert.InRange(first[3].GetInt64(), first[1][0][0].GetInt64(), DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
    }

    [Fact]
    public async Task Without_flags_a_frame_is_id_and_payload_only()
    {
        await using var simulator = await BitfinexSimulator.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var client = await ExchangeClient.ConnectAsync(simulator);
        await client.SubscribeAsync(Key);

        Assert.Equal(2, (await client.ReceiveDataAsync()).GetArrayLength());
    }

    [Fact]
    public async Task A_ping_is_answered_with_its_cid_and_the_market_time()
    {
        await using var simulator = await BitfinexSimulator.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var client = await ExchangeClient.ConnectAsync(simulator);
        var before = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        await client.SendAsync("""{"event":"ping","cid":1234}""");

        var pong = await client.ReceiveAsync();

        Assert.Equal("pong", ExchangeClient.Event(pong));
        Assert.Equal(1234, pong.GetProperty("cid").GetInt32());
        Assert.InRange(pong.GetProperty("ts").GetInt64(), before, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
    }

    [Theory]
    [InlineData("""{"event":"nope","x":1}""", 10000, "event: invalid (nope)", "x")]
    [InlineData("""{"event":"subscribe","channel":"candles","key":"trade:1m:tNOSUCH"}""", 10300, "symbol: invalid", "key")]
    [InlineData("""{"event":"subscribe","channel":"candles","key":"trade:2m:tBTCUSD"}""", 10300, "key: invalid", "key")]
    [InlineData("""{"event":"subscribe","channel":"candles","key":"trade:1m:tbtcusd"}""", 10300, "symbol: invalid", "key")]
    [InlineData("""{"event":"subscribe","channel":"weather","subId":"s"}""", 10300, "channel: unknown", "subId")]
    [InlineData("""{"event":"unsubscribe","chanId":77}""", 10400, "unsubscribe: invalid", "chanId")]
    [InlineData("""{"event":"conf","flags":"all"}""", 10050, "conf: invalid", "flags")]
    public async Task A_bad_request_is_answered_with_its_code_and_its_own_fields_and_the_socket_stays(
        string request, int code, string message, string field)
    {
        await using var simulator = await BitfinexSimulator.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var client = await ExchangeClient.ConnectAsync(simulator);
        await client.SendAsync(request);

        var error = await client.ReceiveAsync();
        await client.SendAsync("""{"event":"ping"}""");

        Assert.Equal("error", ExchangeClient.Event(error));
        Assert.Equal(code, error.GetProperty("code").GetInt32());
        Assert.Equal(message, error.GetProperty("msg").GetString());
        Assert.Equal(JsonElement.Parse(request).GetProperty(field).GetRawText(), error.GetProperty(field).GetRawText());
        Assert.Equal("pong", ExchangeClient.Event(await client.ReceiveAsync()));
    }

    [Fact]
    public async Task The_same_key_twice_is_refused_with_the_first_channel()
    {
        await using var simulator = await BitfinexSimulator.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var client = await ExchangeClient.ConnectAsync(simulator);
        var channel = await client.SubscribeAsync(Key);
        await client.SendAsync($$"""{"event":"subscribe","channel":"candles","key":"{{Key}}"}""");

        var error = await client.ReceiveEventAsync("error");

        Assert.Equal(10301, error.GetProperty("code").GetInt32());
        Assert.Equal(channel, error.GetProperty("chanId").GetInt32());
    }

    [Fact]
    public async Task One_channel_too_many_is_refused_and_the_others_go_on()
    {
        await using var simulator =
            await BitfinexSimulator.StartAsync(new SimulatorOptions { ChannelLimit = 2 }, TestContext.Current.CancellationToken);
        using var client = await ExchangeClient.ConnectAsync(simulator);
        await client.SubscribeAsync(Key);
        var second = await client.SubscribeAsync("trade:5m:tBTCUSD");
        await client.SendAsync("""{"event":"subscribe","channel":"candles","key":"trade:1h:tBTCUSD"}""");

        Assert.Equal(10305, (await client.ReceiveEventAsync("error")).GetProperty("code").GetInt32());
        await client.SendAsync($$"""{"event":"unsubscribe","chanId":"{{second}}"}""");
        Assert.Equal("OK", (await client.ReceiveEventAsync("unsubscribed")).GetProperty("status").GetString());
        Assert.NotEqual(second, await client.SubscribeAsync("trade:1h:tBTCUSD"));
    }

    [Theory]
    [InlineData("trade:7D:tBTCUSD")]
    [InlineData("trade:1W:tBTCUSD")]
    [InlineData("trade:14D:tDUSK:USD")]
    [InlineData("trade:1M:tBTCF0:USTF0")]
    public async Task The_key_is_echoed_as_it_was_sent(string key)
    {
        await using var simulator = await BitfinexSimulator.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var client = await ExchangeClient.ConnectAsync(simulator);
        await client.SendAsync($$"""{"event":"subscribe","channel":"candles","key":"{{key}}"}""");

        Assert.Equal(key, (await client.ReceiveEventAsync("subscribed")).GetProperty("key").GetString());
    }

    [Fact]
    public async Task What_is_not_JSON_gets_no_answer_and_costs_nothing()
    {
        await using var simulator = await BitfinexSimulator.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var client = await ExchangeClient.ConnectAsync(simulator);
        await client.SendAsync("hello?");
        await client.SendAsync("[1,2]");
        await client.SendAsync("""{"event":"ping","cid":"x"}""");

        Assert.Equal("x", (await client.ReceiveAsync()).GetProperty("cid").GetString());
    }
}
