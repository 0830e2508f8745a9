using CandleStream.Simulator;
using CandleStream.Simulator.Markets;
using CandleStream.Simulator.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests.Simulator;

/// <summary>The invented market, in virtual time: repeatable, and one truth for stream, history and ledger.</summary>
public sealed class SyntheticMarketTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 7, TimeSpan.Zero);

    public static TheoryData<string> Timeframes => new(MarketTimeframe.All.Select(timeframe => timeframe.Name));

    [Fact]
    public void Two_runs_with_the_same_seed_agree_on_every_candle_whenever_they_began()
    {
        var early = Market(seed: 5, out var clock);
        var late = Market(seed: 5, out var lateClock, Noon.AddHours(9));
        clock.Advance(TimeSpan.FromHours(9));
        Assert.Equal(lateClock.GetUtcNow(), clock.GetUtcNow());

        foreach (var key in new[] { CandleKey.For("1m", "BTCUSD"), CandleKey.For("1h", "NEOUSD"), CandleKey.For("1W", "ETHUSD") })
            Assert.Equal(late.Candles(key, 0, long.MaxValue, 1000), early.Candles(key, 0, long.MaxValue, 1000));
    }

    [Fact]
    public void Another_seed_is_another_market()
    {
        var key = CandleKey.For("1m", "BTCUSD");

        Assert.NotEqual(
            Market(seed: 1, out _).Candles(key, 0, long.MaxValue, 10), Market(seed: 2, out _).Candles(key, 0, long.MaxValue, 10));
    }

    [Theory]
    [MemberData(nameof(Timeframes))]
    public void History_reaches_back_thirty_days_at_least_and_is_aligned(string timeframe)
    {
        var key = CandleKey.For(timeframe, "BTCUSD");
        var candles = Market(seed: 1, out var clock).Candles(key, 0, long.MaxValue, 50_000);

        Assert.True(candles[0].Time <= clock.GetUtcNow().AddDays(-30).ToUnixTimeMilliseconds());
        Assert.All(candles, candle => Assert.Equal(key.Timeframe.Floor(candle.Time), candle.Time));
        Assert.All(candles, candle => Assert.True(
            candle.Low <= Math.Min(candle.Open, candle.Close) && candle.High >= Math.Max(candle.Open, candle.Close) && candle.Volume > 0));
        Assert.Equal(candles.Select(candle => candle.Time).Order().Distinct(), candles.Select(candle => candle.Time));
    }

    [Theory]
    [MemberData(nameof(Timeframes))]
    public void A_longer_candle_is_the_sum_of_its_minutes(string timeframe)
    {
        var market = Market(seed: 3, out _);
        var key = CandleKey.For(timeframe, "LTCUSD");
        var candle = market.Candles(key, 0, long.MaxValue, 2)[0];

        var minutes = market.Candles(CandleKey.For("1m", "LTCUSD"), candle.Time, key.Timeframe.Next(candle.Time) - 1, 50_000);

        Assert.Equal(
            new MarketCandle(candle.Time, minutes[0].Open, minutes.Max(minute => minute.High), minutes.Min(minute => minute.Low),
                minutes[^1].Close, minutes.Sum(minute => minute.Volume)),
            candle);
    }

    [Fact]
    public void It_has_the_traits_of_a_market()
    {
        var market = Market(seed: 1, out _);
        var busy = market.Candles(CandleKey.For("1m", "BTCUSD"), 0, long.MaxValue, 10_000);
        var sparse = market.Candles(CandleKey.For("1m", "NEOUSD"), 0, long.MaxValue, 10_000);

        Assert.InRange((busy[^1].Time - busy[0].Time) / 60_000, 9_999, 10_200);
        Assert.True((sparse[^1].Time - sparse[0].Time) / 60_000 > 40_000, "a sparse pair misses most minutes");
        Assert.Contains(sparse, candle => candle.Volume < 0.000001m);
        Assert.Contains("e-", WireText.Number(sparse.Min(candle => candle.Volume)), StringComparison.Ordinal);
        var moves = busy.Zip(busy.Skip(1), (before, after) => Math.Abs((double)(after.Close / before.Close) - 1)).ToList();
        Assert.InRange(moves.Average(), 0.00005, 0.005);
        // Calm and wild hours: the liveliest hour moves far more than the calmest.
        var hours = moves.Chunk(60).Select(hour => hour.Average()).ToList();
        Assert.True(hours.Max() > 3 * hours.Min());
    }

    [Fact]
    public async Task What_was_streamed_is_what_history_says_late_trades_included()
    {
        var clock = new FakeTimeProvider(Noon);
        await using var simulator = await BitfinexSimulator.StartAsync(
            new SimulatorOptions { Listen = false, TimeProvider = clock, Seed = 11 }, TestContext.Current.CancellationToken);
        using var client = new ExchangeClient(simulator.ConnectInProcess());
        await client.ReceiveAsync();
        string[] keys = ["trade:1m:tBTCUSD", "trade:5m:tBTCUSD", "trade:1m:tLTCUSD", "trade:1h:tLTCUSD"];
        var held = new Dictionary<int, (string Key, Dictionary<long, string> Candles)>();
        foreach (var key in keys)
            held[await client.SubscribeAsync(key)] = (key, []);

        var revisions = 0;
        for (var minute = 0; minute < 240; minute++)
        {
            for (var step = 0; step < 12; step++)
                clock.Advance(TimeSpan.FromSeconds(5));
            await client.SendAsync("""{"event":"ping","cid":1}""");
            while (await client.ReceiveAsync() is var frame && ExchangeClient.Event(frame) != "pong")
                revisions += Keep(frame, held);
        }

        foreach (var (key, candles) in held.Values)
        {
            var ledger = simulator.Ledger(key, candles.Keys.Min());
            Assert.Equal(ledger.Select(candle => System.Text.Encoding.UTF8.GetString(WireText.Candle(candle))),
                candles.OrderBy(candle => candle.Key).Select(candle => candle.Value));
        }
        Assert.True(revisions > 5, $"only {revisions} revisions of a minute that a newer one had followed");
    }

    private static int Keep(System.Text.Json.JsonElement frame, Dictionary<int, (string Key, Dictionary<long, string> Candles)> held)
    {
        if (frame.ValueKind != System.Text.Json.JsonValueKind.Array || frame[1].ValueKind == System.Text.Json.JsonValueKind.String)
            return 0;
        var candles = held[frame[0].GetInt32()].Candles;
        var payload = frame[1];
        var isUpdate = payload[0].ValueKind == System.Text.Json.JsonValueKind.Number;
        var newest = candles.Count > 0 ? candles.Keys.Max() : 0;
        var revisions = 0;
        foreach (var candle in isUpdate ? [payload] : payload.EnumerateArray().ToArray())
        {
            var time = candle[0].GetInt64();
            if (isUpdate && time < newest && candles[time] != candle.GetRawText())
                revisions++;
            candles[time] = candle.GetRawText();
        }
        return revisions;
    }

    private static SyntheticMarket Market(long seed, out FakeTimeProvider clock, DateTimeOffset? now = null)
    {
        clock = new FakeTimeProvider(now ?? Noon);
        return new SyntheticMarket(seed, SyntheticMarket.DefaultPairs, clock);
    }
}
