using System.Text.Json;
using CandleStream.Simulator;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests.Simulator;

/// <summary>The load market in virtual time: as many updates as asked for, no two of a series alike.</summary>
public sealed class LoadMarketTests
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 4, 12, 0, 0, TimeSpan.Zero));

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task Every_series_gets_its_updates_per_second_and_all_are_different(int burst)
    {
        await using var simulator = await StartAsync(series: 20, rate: 8, burst);
        using var client = new ExchangeClient(simulator.ConnectInProcess());
        var channels = new Dictionary<int, List<string>>();
        for (var series = 0; series < 20; series++)
            channels[await client.SubscribeAsync($"trade:1m:tLOAD{series:D3}USD")] = [];

        // In steps: the market drops what a pause of more than a second would have brought.
        for (var step = 0; step < 900; step++)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            if (step % 10 == 0)
                await CollectAsync(client, channels);
        }
        await CollectAsync(client, channels);

        Assert.All(channels.Values, updates => Assert.InRange(updates.Count, (90 * 8) - burst, (90 * 8) + burst));
        Assert.All(channels.Values, updates => Assert.Equal(updates.Count, updates.Distinct().Count()));
        Assert.Equal(channels.Values.Select(updates => (long)updates.Count),
            Enumerable.Range(0, 20).Select(series => simulator.Updates($"trade:1m:tLOAD{series:D3}USD")));
    }

    [Fact]
    public async Task The_ledger_holds_the_minutes_as_they_were_streamed_last()
    {
        await using var simulator = await StartAsync(series: 1, rate: 5, burst: 1);
        using var client = new ExchangeClient(simulator.ConnectInProcess());
        var channel = await client.SubscribeAsync("trade:1m:tLOAD000USD");
        var updates = new Dictionary<int, List<string>> { [channel] = [] };
        for (var second = 0; second < 150; second++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            await CollectAsync(client, updates);
        }

        var last = updates[channel].Select(text => JsonElement.Parse(text)).GroupBy(candle => candle[0].GetInt64())
            .Select(minute => minute.Last()).ToList();
        var ledger = simulator.Ledger("trade:1m:tLOAD000USD");
        Assert.Equal(3, ledger.Count);
        Assert.Equal(ledger.Select(candle => (candle.Time, candle.Close, candle.Volume)),
            last.Select(candle => (candle[0].GetInt64(), candle[2].GetDecimal(), candle[5].GetDecimal())));
        Assert.All(ledger, candle => Assert.True(candle.Low <= candle.Open && candle.Close <= candle.High));
    }

    [Fact]
    public async Task It_lists_its_series_at_one_minute_only()
    {
        await using var simulator = await StartAsync(series: 2, rate: 1, burst: 1);
        using var client = new ExchangeClient(simulator.ConnectInProcess());
        foreach (var key in new[] { "trade:5m:tLOAD000USD", "trade:1m:tLOAD002USD" })
        {
            await client.SendAsync($$"""{"event":"subscribe","channel":"candles","key":"{{key}}"}""");
            Assert.Equal(10300, (await client.ReceiveEventAsync("error")).GetProperty("code").GetInt32());
        }
        Assert.Equal(["LOAD000USD", "LOAD001USD"], simulator.Market.Pairs);
    }

    private Task<BitfinexSimulator> StartAsync(int series, double rate, int burst) => BitfinexSimulator.StartAsync(
        new SimulatorOptions
        {
            Market = MarketKind.Load,
            Series = series,
            Rate = rate,
            Burst = burst,
            Listen = false,
            TimeProvider = _clock
        }, TestContext.Current.CancellationToken);

    /// <summary>Adds what has arrived to the lists: update payloads by channel.</summary>
    private static async Task CollectAsync(ExchangeClient client, Dictionary<int, List<string>> channels)
    {
        await client.SendAsync("""{"event":"ping"}""");
        while (await client.ReceiveAsync() is var frame && ExchangeClient.Event(frame) != "pong")
        {
            if (frame.ValueKind == JsonValueKind.Array && frame[1].ValueKind == JsonValueKind.Array
                && frame[1][0].ValueKind == JsonValueKind.Number)
                channels[frame[0].GetInt32()].Add(frame[1].GetRawText());
        }
    }
}
