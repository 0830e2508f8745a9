using System.Globalization;
using CandleStream.EndToEndTests.Server;
using CandleStream.EndToEndTests.Stream;
using CandleStream.Simulator;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Markets;
using CandleStream.Storage;

namespace CandleStream.EndToEndTests.History;

/// <summary>
/// An exchange whose market passes many times faster than the clock, so that candles close by the dozen every second. It plays invented
/// trades from the first subscription on, whoever listens; its ledger is what stores and clients must end with.
/// </summary>
internal sealed class FastMarket : IAsyncDisposable
{
    private const double DefaultSpeed = 500;
    private const long Minute = 60_000;

    // Trades a minute; the last pair misses most minutes.
    private static readonly (string Pair, double TradesPerMinute)[] Pairs =
        [("BTCUSD", 6), ("ETHUSD", 4), ("DUSK:USD", 2), ("NEOUSD", 0.3)];

    private readonly TempFolder _folder;
    private readonly ITimer _revising;

    private FastMarket(TempFolder folder, BitfinexSimulator exchange, TimeRange span, int seed, TimeSpan revise)
    {
        (_folder, Exchange, Span) = (folder, exchange, span);
        var random = new Random(seed);
        // A candle that looked finished changes now and then, up to the end of the market.
        _revising = TimeProvider.System.CreateTimer(_ => Revise(random), null, revise, revise);
    }

    public BitfinexSimulator Exchange { get; }

    /// <summary>From the first minute with a trade to the end of the last one.</summary>
    public TimeRange Span { get; }

    public static IReadOnlyList<SeriesKey> Series { get; } = [.. Pairs.Select(p => SeriesKey.Parse($"{p.Pair}:1m"))];

    /// <summary>True once the last trade has happened.</summary>
    public bool IsOver => ((TradesMarket)Exchange.Market).IsOver;

    /// <param name="seed">Decides the trades and the revisions.</param>
    /// <param name="seconds">How long the market lasts by the clock.</param>
    /// <param name="speed">How many times faster than the clock the market passes.</param>
    /// <param name="snapshotCandles">Candles in a subscription's snapshot. A long one would mend by itself what a server believes to hold
    /// and has lost.</param>
    /// <param name="revise">How often a candle changes that looked finished; null: five times a second.</param>
    public static async Task<FastMarket> StartAsync(
        int seed, int seconds, double speed = DefaultSpeed, int snapshotCandles = 5, TimeSpan? revise = null)
    {
        var folder = new TempFolder();
        var begin = new DateTimeOffset(2022, 3, 4, 5, 6, 7, TimeSpan.Zero).ToUnixTimeMilliseconds();
        var end = begin + (long)(seconds * 1000 * speed);
        var random = new Random(seed);
        var files = Pairs.Select(p => new TradesFile(
            p.Pair, Write(folder.File($"trades-{p.Pair.Replace(':', '-')}.csv"), begin, end, p.TradesPerMinute, random))).ToList();
        // A restart of the server is no reason to be refused here: the limits have tests of their own.
        var exchange = await BitfinexSimulator.StartAsync(new SimulatorOptions
        {
            Market = MarketKind.Trades,
            Trades = files,
            Speed = speed,
            Heartbeat = TimeSpan.FromSeconds(1),
            SnapshotCandles = snapshotCandles,
            ConnectLimit = 0,
            RestLimit = 0,
        });
        return new FastMarket(folder, exchange, new TimeRange(begin / Minute * Minute, (end / Minute * Minute) + Minute), seed,
            revise ?? TimeSpan.FromMilliseconds(200));
    }

    /// <summary>The settings that point a server here and let it record every series.</summary>
    public (string Key, string Value)[] Settings =>
    [
        ("Bitfinex:WebSocketUrl", Exchange.WebSocketUrl.ToString()), ("Bitfinex:RestUrl", Exchange.RestUrl.ToString()),
        ("Bitfinex:RestCallsPerMinute", "30"),
        ("Record", string.Join(',', Series)),
    ];

    /// <summary>Every candle that ever was.</summary>
    public IReadOnlyList<Candle> Ledger(SeriesKey series) =>
        [.. Exchange.Ledger($"trade:1m:t{series.Symbol}", 0)
            .Select(c => new Candle(c.Time, c.Open, c.High, c.Low, c.Close, c.Volume, Closed: true))];

    /// <summary>Waits until the market is over and all of it is verified in a store; the test's time limit ends it otherwise.</summary>
    public async Task UntilVerifiedAsync(ICandleStore store)
    {
        await Eventually.TrueAsync(() => IsOver);
        var cancel = TestContext.Current.CancellationToken;
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        foreach (var series in Series)
        {
            while ((await store.FindSeriesAsync(series, cancel))?.Verified.ContainsAll(Span) != true)
                await look.WaitForNextTickAsync(cancel);
        }
    }

    /// <summary>Every stored candle equals the ledger's, none is missing, none is too many.</summary>
    public async Task CheckStoreAsync(ICandleStore store)
    {
        foreach (var series in Series)
        {
            var stored = new List<Candle>();
            await foreach (var candle in store.ReadAsync(series, new TimeRange(0, long.MaxValue), int.MaxValue, newestFirst: false,
                TestContext.Current.CancellationToken)) stored.Add(candle);
            Assert.Equal(Ledger(series), stored.Select(c => c with { Rev = Rev.None }));
        }
    }

    /// <summary>
    /// Waits until a client holds exactly the closed candles of the ledger, from its oldest one on and up to a time; says which client it
    /// is and what differs when the time is over.
    /// </summary>
    public async Task UntilSameAsync(string client, SeriesKey series, Func<IReadOnlyList<Candle>> held, long to = long.MaxValue)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var (expected, found) = Compared();
        try
        {
            while (found.Count == 0 || !expected.SequenceEqual(found))
            {
                await look.WaitForNextTickAsync(limit.Token);
                (expected, found) = Compared();
            }
        }
        catch (OperationCanceledException)
        {
            var (missing, wrong) = (expected.Except(found).ToList(), found.Except(expected).ToList());
            Assert.Fail($"{client}, {series}: of {expected.Count} candles {missing.Count} are missing, {Ends(missing)}; "
                + $"{wrong.Count} are not the exchange's, {Ends(wrong)}");
        }

        static string Ends(List<Candle> candles) => candles.Count == 0 ? "-" : $"from {candles[0]} to {candles[^1]}";

        (List<Candle> Expected, List<Candle> Found) Compared()
        {
            var candles = held().Where(c => c.Time <= to).Select(c => c with { Rev = Rev.None }).ToList();
            return ([.. Ledger(series).Where(c => candles.Count > 0 && c.Time >= candles[0].Time && c.Time <= to)], candles);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Ending.OfAsync("the market's revisions", _revising);
        await Ending.OfAsync("the market's exchange", Exchange);
        _folder.Dispose();
    }

    private void Revise(Random random)
    {
        if (!IsOver) Exchange.Faults.Add(new Fault(FaultKind.LateRevision) { Key = $"trade:1m:t{Pairs[random.Next(Pairs.Length)].Pair}" });
    }

    private static string Write(string path, long begin, long end, double perMinute, Random random)
    {
        using var file = new StreamWriter(path);
        file.WriteLine("ts_ms,price,amount");
        // The first and the last minute have a trade of every pair, so that all of them span the same time.
        file.WriteLine($"{begin},100,1");
        var price = 100m;
        for (var time = Next(begin); time < end; time = Next(time))
        {
            price += random.Next(-50, 51) / 100m;
            file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{time},{price},{random.Next(1, 900_000_000) / 100_000_000m}"));
        }

        file.WriteLine($"{end},100,1");
        return path;

        long Next(long time) => time + (long)(random.NextDouble() * 2 * Minute / perMinute) + 1;
    }
}
