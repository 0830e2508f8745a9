using System.Net.WebSockets;
using System.Text.Json;
using CandleStream.Simulator;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Markets;
using CandleStream.Simulator.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests.Simulator;

/// <summary>
/// Each fault of the socket, by name: what a client gets to see of it. The market is a script, so that every frame is known.
/// </summary>
public sealed class SimulatorFaultTests : IAsyncDisposable
{
    private const string Key = "trade:1m:tBTCUSD";
    private const string OtherKey = "trade:1m:tETHUSD";

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 4, 12, 0, 0, TimeSpan.Zero));
    private readonly ScriptedMarket _market = new("BTCUSD", "ETHUSD");
    private BitfinexSimulator? _simulator;

    private BitfinexSimulator Simulator => _simulator ?? throw new InvalidOperationException("Not connected.");

    [Fact]
    public async Task Cut_ends_the_connection_without_a_close_frame()
    {
        using var client = await SubscribedAsync();
        Simulator.Faults.Add(new Fault(FaultKind.Cut));

        await Assert.ThrowsAsync<WebSocketException>(client.ReceiveAsync);
        Assert.Equal(WebSocketState.Aborted, client.Socket.State);
    }

    [Fact]
    public async Task Cut_can_be_meant_for_one_connection_or_the_subscribers_of_one_key()
    {
        using var first = await SubscribedAsync();
        using var second = await SubscribedAsync(OtherKey);
        using var third = await SubscribedAsync(OtherKey);
        Simulator.Faults.Add(new Fault(FaultKind.Cut) { Key = Key });
        await Assert.ThrowsAsync<WebSocketException>(first.ReceiveAsync);

        Simulator.Faults.Add(new Fault(FaultKind.Cut) { Connection = 2 });
        await Assert.ThrowsAsync<WebSocketException>(second.ReceiveAsync);
        await third.SendAsync("""{"event":"ping"}""");
        Assert.Equal("pong", ExchangeClient.Event(await third.ReceiveAsync()));
    }

    [Fact]
    public async Task Half_open_keeps_the_connection_and_sends_nothing_any_more()
    {
        using var client = await SubscribedAsync();
        Simulator.Faults.Add(new Fault(FaultKind.HalfOpen));
        await client.SendAsync("""{"event":"ping"}""");
        _market.Send(Key, Candle(1));
        _clock.Advance(TimeSpan.FromMinutes(2));

        Assert.True(Assert.Single(Simulator.Subscriptions).HalfOpen);
        // Whatever had been sent would come before the end of the connection.
        Simulator.Faults.Add(new Fault(FaultKind.Cut));
        await Assert.ThrowsAsync<WebSocketException>(client.ReceiveAsync);
    }

    [Fact]
    public async Task Silence_stops_one_channel_heartbeats_included_and_the_others_go_on()
    {
        using var client = await SubscribedAsync();
        var other = await client.SubscribeAsync(OtherKey);
        await client.ReceiveDataAsync();
        Simulator.Faults.Add(new Fault(FaultKind.Silence) { Key = Key });
        _market.Send(Key, Candle(1));
        _market.Send(OtherKey, Candle(1));
        _clock.Advance(TimeSpan.FromSeconds(30));

        for (var frame = 0; frame < 3; frame++)
            Assert.Equal(other, (await client.ReceiveDataAsync())[0].GetInt32());
        Simulator.Faults.Clear();
        _market.Send(Key, Candle(2));
        Assert.NotEqual(other, (await client.ReceiveDataAsync())[0].GetInt32());
    }

    [Fact]
    public async Task Restart_announces_itself_with_20051()
    {
        using var client = await SubscribedAsync();
        Simulator.Faults.Add(new Fault(FaultKind.Restart));

        Assert.Equal(20051, (await client.ReceiveEventAsync("info")).GetProperty("code").GetInt32());
    }

    [Fact]
    public async Task Maintenance_is_20060_then_20061_and_refuses_REST_in_between()
    {
        using var client = await SubscribedAsync();
        using var http = Http();
        Simulator.Faults.Add(new Fault(FaultKind.Maintenance) { DelayMs = 10_000 });

        Assert.Equal(20060, (await client.ReceiveEventAsync("info")).GetProperty("code").GetInt32());
        Assert.Equal("[0]", await http.GetStringAsync("platform/status", TestContext.Current.CancellationToken));
        Assert.Equal((500, "[\"error\",20060,\"maintenance\"]"), await GetAsync(http, "candles/trade:1m:tBTCUSD/hist"));
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(20061, (await client.ReceiveEventAsync("info")).GetProperty("code").GetInt32());
        Assert.Equal("[1]", await http.GetStringAsync("platform/status", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Sequence_gap_leaves_out_a_number_and_no_frame()
    {
        using var client = await SubscribedAsync();
        Simulator.Faults.Add(new Fault(FaultKind.SequenceGap) { Count = 1 });

        Assert.Equal([(1, 3), (2, 4)], await SendAndReceiveAsync(client, 2));
    }

    [Fact]
    public async Task Drop_loses_a_frame_with_its_number()
    {
        using var client = await SubscribedAsync();
        Simulator.Faults.Add(new Fault(FaultKind.Drop) { Count = 1, Every = 2 });

        Assert.Equal([(1, 2), (3, 4)], await SendAndReceiveAsync(client, 3, lost: 1));
    }

    [Fact]
    public async Task Duplicate_sends_a_frame_twice()
    {
        using var client = await SubscribedAsync();
        Simulator.Faults.Add(new Fault(FaultKind.Duplicate) { Count = 1 });

        Assert.Equal([(1, 2), (1, 2), (2, 3)], await SendAndReceiveAsync(client, 2, lost: -1));
    }

    [Fact]
    public async Task Reorder_lets_the_next_frame_overtake()
    {
        using var client = await SubscribedAsync();
        Simulator.Faults.Add(new Fault(FaultKind.Reorder) { Count = 1 });

        Assert.Equal([(2, 3), (1, 2), (3, 4)], await SendAndReceiveAsync(client, 3));
    }

    [Fact]
    public async Task Delay_holds_a_frame_and_all_behind_it_for_a_while()
    {
        using var client = await SubscribedAsync();
        Simulator.Faults.Add(new Fault(FaultKind.Delay) { Count = 1, DelayMs = 4_000 });
        _market.Send(Key, Candle(1));
        _market.Send(Key, Candle(2));
        var first = client.ReceiveDataAsync();
        _clock.Advance(TimeSpan.FromMilliseconds(3_999));
        await Task.Yield();
        Assert.False(first.IsCompleted);

        // The session may have set its timer only after the clock went on, and then waits from there.
        while (!first.IsCompleted)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(1));
            await Task.Yield();
        }

        Assert.Equal(1, MinuteOf(await first));
        Assert.Equal(2, MinuteOf(await client.ReceiveDataAsync()));
    }

    [Fact]
    public async Task Late_revision_changes_the_minute_before_and_the_ledger_with_it()
    {
        await using var simulator = await BitfinexSimulator.StartAsync(
            new SimulatorOptions { Listen = false, TimeProvider = _clock }, TestContext.Current.CancellationToken);
        using var client = new ExchangeClient(simulator.ConnectInProcess());
        await client.SubscribeAsync(Key);
        await client.ReceiveDataAsync();
        _clock.Advance(TimeSpan.FromSeconds(20));
        var before = simulator.Ledger(Key, 0)[^2];
        simulator.Faults.Add(new Fault(FaultKind.LateRevision) { Key = Key });
        await client.SendAsync("""{"event":"ping"}""");

        var revised = before;
        while (await client.ReceiveAsync() is { ValueKind: JsonValueKind.Array } frame)
        {
            if (frame[1].ValueKind == JsonValueKind.Array && frame[1][0].GetInt64() == before.Time)
                revised = revised with { Volume = frame[1][5].GetDecimal() };
        }
        Assert.Equal(before.Volume + 0.125m, revised.Volume);
        Assert.Equal(revised, simulator.Ledger(Key, 0)[^2]);
    }

    [Fact]
    public async Task Ack_withheld_answers_a_subscription_with_nothing()
    {
        using var client = await SubscribedAsync();
        Simulator.Faults.Add(new Fault(FaultKind.AckWithheld) { Key = OtherKey, Count = 1 });
        await client.SendAsync($$"""{"event":"subscribe","channel":"candles","key":"{{OtherKey}}"}""");
        await client.SendAsync("""{"event":"ping"}""");

        Assert.Equal("pong", ExchangeClient.Event(await client.ReceiveAsync()));
        Assert.Single(Simulator.Subscriptions[0].Channels);
        await client.SubscribeAsync(OtherKey);
    }

    [Theory]
    [InlineData(10300)]
    [InlineData(10305)]
    [InlineData(11000)]
    public async Task Subscribe_error_refuses_with_the_code_asked_for(int code)
    {
        using var client = await SubscribedAsync();
        Simulator.Faults.Add(new Fault(FaultKind.SubscribeError) { Code = code });
        await client.SendAsync($$"""{"event":"subscribe","channel":"candles","key":"{{OtherKey}}"}""");

        var error = await client.ReceiveEventAsync("error");
        Assert.Equal(code, error.GetProperty("code").GetInt32());
        Assert.Equal(OtherKey, error.GetProperty("key").GetString());
    }

    [Fact]
    public async Task Chan_id_reuse_gives_the_number_of_a_closed_channel_to_the_next()
    {
        using var client = await SubscribedAsync();
        var first = Simulator.Subscriptions[0].Channels[0].ChanId;
        Simulator.Faults.Add(new Fault(FaultKind.ChanIdReuse));
        await client.SendAsync($$"""{"event":"unsubscribe","chanId":{{first}}}""");

        Assert.Equal(first, await client.SubscribeAsync(OtherKey));
    }

    [Fact]
    public async Task Address_limit_refuses_channels_over_all_connections()
    {
        using var client = await SubscribedAsync();
        using var second = await SubscribedAsync(OtherKey);
        Simulator.Faults.Add(new Fault(FaultKind.AddressLimit) { Limit = 2 });
        await second.SendAsync($$"""{"event":"subscribe","channel":"candles","key":"{{Key}}"}""");

        Assert.Equal(10305, (await second.ReceiveEventAsync("error")).GetProperty("code").GetInt32());
    }

    [Theory]
    [InlineData(FaultKind.Malformed)]
    [InlineData(FaultKind.Truncated)]
    public async Task Malformed_and_truncated_frames_are_no_JSON(FaultKind kind)
    {
        using var client = await SubscribedAsync();
        Simulator.Faults.Add(new Fault(kind) { Count = 1 });
        _market.Send(Key, Candle(1));
        _market.Send(Key, Candle(2));

        Assert.ThrowsAny<JsonException>(() => JsonElement.Parse(client.ReceiveTextAsync().GetAwaiter().GetResult()));
        Assert.Equal(2, MinuteOf(await client.ReceiveDataAsync()));
    }

    [Fact]
    public async Task Time_leap_stamps_a_frame_a_year_ahead_and_never_two_in_a_row()
    {
        using var client = await SubscribedAsync();
        await client.SendAsync("""{"event":"conf","flags":98304}""");
        await client.ReceiveAsync();
        Simulator.Faults.Add(new Fault(FaultKind.TimeLeap) { Count = 2 });
        for (var minute = 1; minute <= 4; minute++)
            _market.Send(Key, Candle(minute));

        var stamps = new List<long>();
        for (var frame = 0; frame < 4; frame++)
            stamps.Add((await client.ReceiveDataAsync())[3].GetInt64());
        const long Year = 365L * 86_400_000;
        Assert.Equal([stamps[1] + Year, stamps[1], stamps[1] + Year, stamps[1]], stamps);
    }

    [Fact]
    public async Task Huge_sends_one_very_long_frame()
    {
        using var client = await SubscribedAsync();
        Simulator.Faults.Add(new Fault(FaultKind.Huge) { Size = 3_000_000 });

        Assert.Equal(3_000_000, (await client.ReceiveAsync()).GetProperty("msg").GetString()!.Length);
    }

    [Fact]
    public async Task Unknown_event_is_an_object_no_client_knows()
    {
        using var client = await SubscribedAsync();
        Simulator.Faults.Add(new Fault(FaultKind.UnknownEvent));

        Assert.Equal("weather", ExchangeClient.Event(await client.ReceiveAsync()));
    }

    [Fact]
    public async Task Extra_elements_follow_the_six_of_a_candle_in_snapshots_and_updates()
    {
        using var client = await SubscribedAsync();
        Simulator.Faults.Add(new Fault(FaultKind.ExtraElements));
        _market.Send(Key, Candle(1));
        Assert.Equal(9, (await client.ReceiveDataAsync())[1].GetArrayLength());
        _market.Set(OtherKey, Candle(1));
        await client.SubscribeAsync(OtherKey);
        Assert.Equal(9, (await client.ReceiveDataAsync())[1][0].GetArrayLength());
    }

    [Fact]
    public async Task Exponents_write_every_number_with_one_and_mean_the_same()
    {
        using var client = await SubscribedAsync();
        Simulator.Faults.Add(new Fault(FaultKind.Exponents));
        _market.Send(Key, new MarketCandle(60_000, 6418.8m, 6420m, 0.05m, 24m, 3.1e-7m));

        Assert.Contains(",[60000,6.4188e3,2.4e1,6.42e3,5e-2,3.1e-7]", await client.ReceiveTextAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FaultKind.EmptySnapshot, new int[0])]
    [InlineData(FaultKind.OneCandleSnapshot, new[] { 9 })]
    [InlineData(FaultKind.SnapshotHole, new[] { 9, 5, 4, 3, 2, 1, 0 })]
    public async Task Snapshots_can_be_empty_short_or_have_a_hole(FaultKind kind, int[] minutes)
    {
        using var client = await SubscribedAsync();
        _market.Set(OtherKey, [.. Enumerable.Range(0, 10).Select(Candle)]);
        Simulator.Faults.Add(new Fault(kind) { Key = OtherKey });
        await client.SubscribeAsync(OtherKey);

        var snapshot = (await client.ReceiveDataAsync())[1].EnumerateArray().Select(candle => (int)(candle[0].GetInt64() / 60_000));
        Assert.Equal(minutes, snapshot);
    }

    [Theory]
    [InlineData(FaultKind.Upgrade429)]
    [InlineData(FaultKind.Unreachable)]
    [InlineData(FaultKind.Dns)]
    public async Task New_connections_can_be_refused_over_the_socket_and_in_the_process(FaultKind kind)
    {
        await using var simulator =
            await BitfinexSimulator.StartAsync(new SimulatorOptions { CustomMarket = _market }, TestContext.Current.CancellationToken);
        var fault = simulator.Faults.Add(new Fault(kind) { Count = 2 });
        await Assert.ThrowsAsync<WebSocketException>(() => ExchangeClient.ConnectAsync(simulator));
        Assert.Throws<WebSocketException>(simulator.ConnectInProcess);

        Assert.Equal(2, fault.Strikes);
        using var client = await ExchangeClient.ConnectAsync(simulator);
    }

    [Fact]
    public async Task A_fault_ends_after_its_count_its_time_or_its_removal()
    {
        using var client = await SubscribedAsync();
        Simulator.Faults.Add(new Fault(FaultKind.Drop) { ForMs = 5_000 });
        Assert.Single(Simulator.Faults.Active);
        _clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Empty(Simulator.Faults.Active);
        var counted = Simulator.Faults.Add(new Fault(FaultKind.Drop) { Count = 1 });
        _market.Send(Key, Candle(1));
        Assert.True(counted.IsUsedUp);
        var removed = Simulator.Faults.Add(new Fault(FaultKind.Drop));
        Assert.True(Simulator.Faults.Remove(removed.Id));
        _market.Send(Key, Candle(2));
        Assert.Equal(2, MinuteOf(await client.ReceiveDataAsync()));
    }

    public async ValueTask DisposeAsync()
    {
        if (_simulator is not null)
            await _simulator.DisposeAsync();
    }

    private async Task<ExchangeClient> SubscribedAsync(string key = Key)
    {
        _simulator ??= await BitfinexSimulator.StartAsync(
            new SimulatorOptions { Listen = false, TimeProvider = _clock, CustomMarket = _market }, TestContext.Current.CancellationToken);
        var client = new ExchangeClient(_simulator.ConnectInProcess());
        await client.SendAsync("""{"event":"conf","flags":65536}""");
        await client.SubscribeAsync(key);
        await client.ReceiveDataAsync();
        return client;
    }

    /// <summary>Sends as many updates, one minute each, and returns (minute, number) of what arrives.</summary>
    private async Task<List<(int Minute, int Number)>> SendAndReceiveAsync(ExchangeClient client, int updates, int lost = 0)
    {
        for (var minute = 1; minute <= updates; minute++)
            _market.Send(Key, Candle(minute));
        var received = new List<(int, int)>();
        for (var frame = 0; frame < updates - lost; frame++)
        {
            var data = await client.ReceiveDataAsync();
            received.Add((MinuteOf(data), data[2].GetInt32()));
        }
        return received;
    }

    private HttpClient Http() => new(Simulator.CreateHttpHandler()) { BaseAddress = new Uri("http://exchange.test/v2/") };

    private static async Task<(int Status, string Body)> GetAsync(HttpClient http, string path)
    {
        using var answer = await http.GetAsync(path, TestContext.Current.CancellationToken);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private static MarketCandle Candle(int minute) => new(minute * 60_000L, 1m, 2m, 0.5m, 1.5m, 10m + minute);

    private static int MinuteOf(JsonElement update) => (int)(update[1][0].GetInt64() / 60_000);
}
