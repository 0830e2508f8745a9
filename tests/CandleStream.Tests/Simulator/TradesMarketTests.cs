using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using CandleStream.Simulator;
using CandleStream.Simulator.Markets;
using CandleStream.Simulator.Protocol;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests.Simulator;

/// <summary>
/// Recorded trades become the exchange's own candles: with real recordings where they are at hand, with a small one of our own always.
/// </summary>
public sealed class TradesMarketTests : IDisposable
{
    private const long Minute = 60_000;
    private const long Start = 1_542_045_660_000;

    private readonly string _folder = Directory.CreateTempSubdirectory("candlestream-trades").FullName;

    [Theory]
    [InlineData("BTCUSD", "trades-BTCUSD-20181112.csv.gz", "candles-BTCUSD-1m-20181105-20181118.csv.gz", 344, 14)]
    [InlineData("ETHUSD", "trades-ETHUSD-20180703.csv.gz", "candles-ETHUSD-1m-20180703.csv.gz", 96, 6)]
    public async Task Recorded_trades_at_full_speed_make_the_exchanges_own_candles(
        string pair, string trades, string candles, int equal, int absent)
    {
        var folder = RecordedFolder();
        Assert.SkipUnless(File.Exists(Path.Combine(folder, trades)), "no recorded data");
        var expected = ReadCandles(Path.Combine(folder, candles));
        await using var simulator =
            await BitfinexSimulator.StartAsync(Replay(pair, Path.Combine(folder, trades)), TestContext.Current.CancellationToken);

        var held = await CollectAsync(simulator, $"trade:1m:t{pair}");

        var complete = held.Keys.Order().Skip(1).ToList();
        Assert.Equal(equal, complete.Count(time => expected.TryGetValue(time, out var candle) && candle == held[time]));
        Assert.Equal(equal, complete.Count);
        Assert.Equal(absent, Enumerable.Range(0, (int)((complete[^1] - held.Keys.Min()) / Minute))
            .Count(minute => !held.ContainsKey(held.Keys.Min() + (minute * Minute))));
        Assert.All(Enumerable.Range(0, (int)((complete[^1] - complete[0]) / Minute)), minute =>
            Assert.Equal(expected.ContainsKey(complete[0] + (minute * Minute)), held.ContainsKey(complete[0] + (minute * Minute))));
    }

    [Fact]
    public async Task Our_own_recording_with_empty_minutes_and_exponents_is_built_exactly()
    {
        await using var simulator =
            await BitfinexSimulator.StartAsync(Replay("BTCUSD", OwnRecording()), TestContext.Current.CancellationToken);

        var held = await CollectAsync(simulator, "trade:1m:tBTCUSD");

        Assert.Equal(
        [
            new MarketCandle(Start, 6444.2m, 6444.2m, 6443m, 6443m, 0.53439381m),
            new MarketCandle(Start + Minute, 6443.5m, 6450.12345678m, 6443.5m, 6450.12345678m, 2.00000031m),
            new MarketCandle(Start + (4 * Minute), 6449m, 6449m, 6449m, 6449m, 0.00000031m),
        ], held.Values.OrderBy(candle => candle.Time));
        Assert.Equal(held.Values.OrderBy(candle => candle.Time), simulator.Ledger("trade:1m:tBTCUSD"));
    }

    [Fact]
    public async Task At_full_speed_a_slow_reader_holds_the_replay_and_loses_nothing()
    {
        var lines = Enumerable.Range(0, 20_000)
            .Select(trade => string.Create(CultureInfo.InvariantCulture, $"{Start + (trade * 7)},{6000 + (trade % 90)}.5,0.001"));
        await using var simulator = await BitfinexSimulator.StartAsync(
            Replay("BTCUSD", Recording(lines)) with { Listen = false }, TestContext.Current.CancellationToken);
        using var client = new ExchangeClient(simulator.ConnectInProcess());
        await client.SubscribeAsync("trade:1m:tBTCUSD");

        // Of some 40 000 frames only so many fit into the wire and the queue: the replay waits for this reader.
        var updates = 0L;
        var volume = 0m;
        while (await client.ReceiveDataAsync() is var frame && frame[1].ValueKind != JsonValueKind.String)
        {
            if (frame[1][0].ValueKind != JsonValueKind.Number)
                continue;
            Assert.True(++updates > 1_000 || !((TradesMarket)simulator.Market).IsOver, "the replay ran away from its reader");
            volume = frame[1][5].GetDecimal();
        }

        Assert.Equal(simulator.Updates("trade:1m:tBTCUSD"), updates);
        Assert.Equal(simulator.Ledger("trade:1m:tBTCUSD")[^1].Volume, volume);
        Assert.Equal(20.000m, simulator.Ledger("trade:1m:tBTCUSD").Sum(candle => candle.Volume));
    }

    [Fact]
    public async Task At_recorded_speed_the_clock_drives_the_market_and_goes_on_after_its_end()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var simulator = await BitfinexSimulator.StartAsync(
            Replay("BTCUSD", OwnRecording()) with { Speed = 2, TimeProvider = clock, Listen = false },
            TestContext.Current.CancellationToken);
        using var client = new ExchangeClient(simulator.ConnectInProcess());
        Assert.Equal(Start + 34_363, simulator.Market.Now);
        clock.Advance(TimeSpan.FromSeconds(50));
        Assert.Equal(Start + 34_363, simulator.Market.Now);
        await client.SubscribeAsync("trade:1m:tBTCUSD");

        clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(Start + 74_363, simulator.Market.Now);
        Assert.Equal([Start, Start + Minute], simulator.Ledger("trade:1m:tBTCUSD").Select(candle => candle.Time));

        clock.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(Start + 74_363 + (10 * Minute), simulator.Market.Now);
        Assert.Equal(3, simulator.Ledger("trade:1m:tBTCUSD").Count);
    }

    [Fact]
    public async Task Shifted_to_now_the_recording_moves_by_whole_minutes()
    {
        var now = new DateTimeOffset(2026, 1, 1, 0, 0, 25, TimeSpan.Zero);
        await using var simulator = await BitfinexSimulator.StartAsync(
            Replay("BTCUSD", OwnRecording()) with
            {
                ShiftToNow = true,
                Speed = 1,
                TimeProvider = new FakeTimeProvider(now),
                Listen = false
            }, TestContext.Current.CancellationToken);

        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 34, 363, TimeSpan.Zero).ToUnixTimeMilliseconds(), simulator.Market.Now);
    }

    [Theory]
    [InlineData("1542045694363,6444.2")]
    [InlineData("soon,6444.2,1")]
    public async Task A_line_that_is_no_trade_stops_the_start_and_is_named(string line)
    {
        var path = Recording([line]);

        var error = await Assert.ThrowsAsync<InvalidDataException>(
            () => BitfinexSimulator.StartAsync(Replay("BTCUSD", path), TestContext.Current.CancellationToken));

        Assert.Contains($"{path}, line 2: '{line}'", error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static SimulatorOptions Replay(string pair, string path) =>
        new() { Market = MarketKind.Trades, Trades = [new TradesFile(pair, path)], Speed = double.PositiveInfinity };

    /// <summary>Subscribes and keeps the last state of every candle, until a heartbeat tells a time past the end of the last one.</summary>
    private static async Task<Dictionary<long, MarketCandle>> CollectAsync(BitfinexSimulator simulator, string key)
    {
        using var client = await ExchangeClient.ConnectAsync(simulator);
        await client.SendAsync("""{"event":"conf","flags":98304}""");
        await client.SubscribeAsync(key);
        var held = new Dictionary<long, MarketCandle>();
        var number = 0L;
        while (true)
        {
            var frame = await client.ReceiveDataAsync();
            Assert.Equal(++number, frame[2].GetInt64());
            if (frame[1].ValueKind == JsonValueKind.String)
            {
                Assert.True(frame[3].GetInt64() >= held.Keys.Max() + Minute + 5_000);
                return held;
            }
            foreach (var candle in frame[1][0].ValueKind == JsonValueKind.Array ? frame[1].EnumerateArray().ToArray() : [frame[1]])
                held[candle[0].GetInt64()] = new MarketCandle(candle[0].GetInt64(), candle[1].GetDecimal(), candle[3].GetDecimal(),
                    candle[4].GetDecimal(), candle[2].GetDecimal(), candle[5].GetDecimal());
        }
    }

    private string OwnRecording() => Recording(
    [
        $"{Start + 34_363},6444.2,0.03439381",
        $"{Start + 40_000},6443.0,-0.5",
        $"{Start + 60_000},6443.5,1",
        $"{Start + 61_000},6450.12345678,-1",
        $"{Start + 61_000},6450.12345678,3.1e-7",
        $"{Start + 240_001},6449,-3.1e-7",
    ]);

    private string Recording(IEnumerable<string> lines)
    {
        var path = Path.Combine(_folder, "trades.csv.gz");
        using var text = new StreamWriter(new GZipStream(File.Create(path), CompressionLevel.Fastest));
        text.WriteLine("ts_ms,price,amount");
        foreach (var line in lines)
            text.WriteLine(line);
        return path;
    }

    private static Dictionary<long, MarketCandle> ReadCandles(string path)
    {
        using var text = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        text.ReadLine();
        var candles = new Dictionary<long, MarketCandle>();
        while (text.ReadLine()?.Split(',') is { } fields)
        {
            var numbers = fields.Skip(1).Select(field => decimal.Parse(field, NumberStyles.Float, CultureInfo.InvariantCulture)).ToArray();
            var time = long.Parse(fields[0], CultureInfo.InvariantCulture);
            candles[time] = new MarketCandle(time, numbers[0], numbers[2], numbers[3], numbers[1], numbers[4]);
        }
        return candles;
    }

    private static string RecordedFolder() => Environment.GetEnvironmentVariable("CANDLESTREAM_RECORDED_DATA") is { Length: > 0 } folder
        ? folder
        : Path.Combine(RepositoryRoot(), "..", "shared", "data");

    private static string RepositoryRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "CandleStream.slnx")))
            folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Not inside the repository.");
        return folder;
    }
}
