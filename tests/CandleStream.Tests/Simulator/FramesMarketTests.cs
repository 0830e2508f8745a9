using CandleStream.Simulator;
using CandleStream.Simulator.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests.Simulator;

/// <summary>A recorded session, replayed: payloads word for word, under the numbers of today's connection.</summary>
public sealed class FramesMarketTests : IDisposable
{
    private const string Key = "trade:1m:tBTCUSD";

    private readonly string _path = Path.GetTempFileName();

    private static readonly string[] Session =
    [
        "open\t1790134400.0\t",
        """in	1790134400.1	{"event":"info","version":2,"serverId":"x","platform":{"status":1}}""",
        """out	1790134400.2	{"event":"subscribe","channel":"candles","key":"trade:1m:tBTCUSD"}""",
        """in	1790134400.3	{"event":"subscribed","channel":"candles","chanId":77,"key":"trade:1m:tBTCUSD"}""",
        """in	1790134400.4	[77,[[1790134380000,6418.8,6419,6420,6418,3.1e-7],[1790134320000,1,1,1,1,2]],1,1790134400350]""",
        """in	1790134402.4	[77,[1790134380000,6418.8,6419.50,6420,6418,1.5],2,1790134402350]""",
        """in	1790134402.5	[99,[1790134380000,1,1,1,1,1],3,1790134402450]""",
        """in	1790134410.4	[77,"hb",4,1790134410350]""",
    ];

    [Fact]
    public async Task Recorded_payloads_come_as_they_were_written_with_the_clients_own_number_and_flags()
    {
        File.WriteAllLines(_path, Session);
        await using var simulator = await StartAsync(new FakeTimeProvider());
        using var client = new ExchangeClient(simulator.ConnectInProcess());
        await client.SendAsync("""{"event":"conf","flags":65536}""");
        var channel = await client.SubscribeAsync(Key);

        Assert.Equal(
            $"[{channel},[[1790134380000,6418.8,6419,6420,6418,3.1e-7],[1790134320000,1,1,1,1,2]],1]", await client.ReceiveTextAsync());
        Assert.Equal($"[{channel},[1790134380000,6418.8,6419.50,6420,6418,1.5],2]", await client.ReceiveTextAsync());
        Assert.Equal($"[{channel},\"hb\",3]", await client.ReceiveTextAsync());
        Assert.Equal(
            [new MarketCandle(1790134320000, 1, 1, 1, 1, 2), new MarketCandle(1790134380000, 6418.8m, 6420, 6418, 6419.5m, 1.5m)],
            simulator.Ledger(Key, 0));
    }

    [Fact]
    public async Task At_recorded_speed_the_recorded_times_set_the_pace()
    {
        File.WriteAllLines(_path, Session);
        var clock = new FakeTimeProvider();
        await using var simulator = await StartAsync(clock, speed: 1);
        using var client = new ExchangeClient(simulator.ConnectInProcess());
        await client.SubscribeAsync(Key);
        await client.ReceiveDataAsync();
        var update = client.ReceiveDataAsync();
        Assert.Equal(1790134400350, simulator.Market.Now);

        while (!update.IsCompleted)
        {
            clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Yield();
        }
        Assert.True(clock.GetUtcNow() - clock.Start >= TimeSpan.FromSeconds(2));
        Assert.Equal(1790134380000, (await update)[1][0].GetInt64());
    }

    [Fact]
    public async Task A_recording_without_a_candles_channel_stops_the_start()
    {
        File.WriteAllText(_path, """{"event":"info","version":2}""" + "\n");

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => StartAsync(new FakeTimeProvider()));
        Assert.Contains("candles channel", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => File.Delete(_path);

    private Task<BitfinexSimulator> StartAsync(FakeTimeProvider clock, double speed = double.PositiveInfinity) =>
        BitfinexSimulator.StartAsync(new SimulatorOptions
        {
            Frames = _path,
            Speed = speed,
            Listen = false,
            TimeProvider = clock,
            Heartbeat = TimeSpan.FromDays(1)
        }, TestContext.Current.CancellationToken);
}
