using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using CandleStream.Client;
using CandleStream.EndToEndTests.Server;
using CandleStream.Simulator;

namespace CandleStream.EndToEndTests.Recorded;

/// <summary>
/// Real input from end to end: the simulator replays recorded trades over a real WebSocket as fast as it goes, the server takes them, a
/// client collects from the stream. What was closed equals the exchange's own candles, and history answers the same.
/// </summary>
public sealed class RecordedMarketTests
{
    private const int Limit = 600_000;
    private const long Minute = 60_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory(Timeout = Limit)]
    [InlineData("BTCUSD", "trades-BTCUSD-20181112.csv.gz", "candles-BTCUSD-1m-20181105-20181118.csv.gz", 344, 14)]
    [InlineData("ETHUSD", "trades-ETHUSD-20180703.csv.gz", "candles-ETHUSD-1m-20180703.csv.gz", 96, 6)]
    public async Task Recorded_trades_end_as_the_exchanges_own_candles(
        string pair, string trades, string candles, int minutesWithTrades, int emptyMinutes)
    {
        var tradesPath = RecordedData.Require(trades);
        var exchange = RecordedData.ReadCandles(RecordedData.Require(candles));
        var times = RecordedData.ReadRows(tradesPath).Select(r => long.Parse(r[0], CultureInfo.InvariantCulture)).ToList();

        // The recording begins in the middle of its first minute, so that one is not complete.
        var first = (times[0] / Minute + 1) * Minute;
        var last = times[^1] / Minute * Minute;
        var complete = exchange.Where(c => c.Key >= first && c.Key <= last).ToDictionary();
        Assert.Equal(minutesWithTrades, complete.Count);
        Assert.Equal(emptyMinutes, (last - first) / Minute + 1 - complete.Count);

        await ReplayAsync(pair, tradesPath, first, last, complete);
    }

    // The same traits, made by ourselves: minutes without a trade, exponents, several trades a minute, a beginning in the middle of a
    // minute.
    [Fact(Timeout = Limit)]
    public async Task Trades_of_our_own_end_as_the_candles_they_make()
    {
        using var folder = new TempFolder();
        var path = folder.File("trades.csv.gz");
        var random = new Random(5);
        var time = new DateTimeOffset(2021, 3, 4, 5, 6, 7, TimeSpan.Zero).ToUnixTimeMilliseconds();
        var first = (time / Minute + 1) * Minute;
        var expected = new Dictionary<long, Candle>();
        await using (var writer = new StreamWriter(new GZipStream(File.Create(path), CompressionLevel.Fastest)))
        {
            await writer.WriteLineAsync("ts_ms,price,amount");
            for (var i = 0; i < 800; i++)
            {
                var price = 1000 + random.Next(-500, 500) / 100m;
                var amount = i % 7 == 0
                    ? "3.1e-7"
                    : string.Create(CultureInfo.InvariantCulture, $"{random.Next(-900, 900) / 1000m + 1.0001m}");
                await writer.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{time},{price},{amount}"));
                Trade(expected, time, price, Math.Abs(decimal.Parse(amount, NumberStyles.Float, CultureInfo.InvariantCulture)));
                time += random.Next(30) == 0 ? random.Next(60_000, 400_000) : random.Next(0, 9_000);
            }
        }

        var last = expected.Keys.Max();
        var complete = expected.Where(c => c.Key >= first).ToDictionary();
        Assert.True((last - first) / Minute + 1 > complete.Count, "some minutes are empty");

        await ReplayAsync("BTCUSD", path, first, last, complete);
    }

    private static async Task ReplayAsync(string pair, string trades, long first, long last, Dictionary<long, Candle> expected)
    {
        await using var exchange = await BitfinexSimulator.StartAsync(
            new SimulatorOptions { Market = MarketKind.Trades, Trades = [new TradesFile(pair, trades)], Speed = double.PositiveInfinity },
            Cancel);
        await using var server = await RunningServer.StartAsync(exchange.WebSocketUrl, exchange.RestUrl, null);
        // The replay begins with the first subscription and may be over before the client has joined: the snapshot brings what it missed.
        using var client = new CandleStreamClient(server.Client.BaseAddress!, new CandleStreamClientOptions { Snapshot = 1000 });
        var series = SeriesKey.Parse($"{pair}:1m");

        var collected = new Dictionary<long, Candle>();
        await foreach (var update in client.FollowAsync([series], Cancel))
        {
            Assert.Equal(series, update.Series);
            collected[update.Candle.Time] = update.Candle;
            if (collected.TryGetValue(last, out var newest) && newest.Closed) break;
        }

        Compare(expected, collected.Values.Where(c => c.Time >= first && c.Time <= last));

        var answer = JsonSerializer.Deserialize<JsonElement>(
            await server.Client.GetStringAsync($"/candles?symbol={pair}&timeframe=1m&start={first}&end={last}&limit=10000", Cancel));
        Compare(expected, answer.GetProperty("candles").EnumerateArray().Select(Read));
        Assert.Empty(answer.GetProperty("gaps").EnumerateArray());
    }

    private static void Compare(Dictionary<long, Candle> expected, IEnumerable<Candle> actual)
    {
        var found = actual.ToDictionary(c => c.Time);
        Assert.All(found.Values, c => Assert.True(c.Closed));
        Assert.Equal(expected.Keys.Order(), found.Keys.Order());
        Assert.All(expected, c => Assert.True(c.Value.HasSameValues(found[c.Key]), $"{found[c.Key]} should be {c.Value}"));
    }

    private static Candle Read(JsonElement c) => new(
        c.GetProperty("time").GetInt64(), c.GetProperty("open").GetDecimal(), c.GetProperty("high").GetDecimal(),
        c.GetProperty("low").GetDecimal(),
        c.GetProperty("close").GetDecimal(), c.GetProperty("volume").GetDecimal(), c.GetProperty("closed").GetBoolean());

    private static void Trade(Dictionary<long, Candle> candles, long time, decimal price, decimal amount)
    {
        var open = time / Minute * Minute;
        candles[open] = candles.TryGetValue(open, out var c)
            ? c with { High = Math.Max(c.High, price), Low = Math.Min(c.Low, price), Close = price, Volume = c.Volume + amount }
            : new Candle(open, price, price, price, price, amount, Closed: true);
    }
}
