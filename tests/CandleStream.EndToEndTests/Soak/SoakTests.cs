using System.Globalization;
using CandleStream.EndToEndTests.History;
using CandleStream.EndToEndTests.Operations;
using CandleStream.EndToEndTests.Server;
using CandleStream.EndToEndTests.Stream;

namespace CandleStream.EndToEndTests.Soak;

/// <summary>
/// The real program for a long time: clients come and go by the hundred while the exchange fails in one way after another and the database
/// is restarted. Who stays misses no closed candle, and what the process holds does not grow from round to round.
/// </summary>
public sealed class SoakTests(ITestOutputHelper output)
{
    private const int Limit = 90 * 60_000;

    // At least three, so that the first third can warm up.
    private static readonly int Rounds = TestSize.Of(normal: 6, full: 60);
    private static readonly TimeSpan RoundTime = TimeSpan.FromSeconds(TestSize.Of(normal: 8, full: 55));
    private static readonly int Visiting = TestSize.Of(normal: 150, full: 1900);
    private static readonly int Staying = TestSize.Of(normal: 20, full: 100);

    /// <summary>The market passes as much faster: a one-minute candle closes every two seconds.</summary>
    private const double Speed = 30;

    /// <summary>
    /// Longer than the rounds: their pauses, the restarts of the database and the slowness of a busy machine take time as well.
    /// </summary>
    private static readonly int MarketSeconds = (int)(RoundTime.TotalSeconds * Rounds * 1.5);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task Nothing_grows_and_who_stays_misses_nothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "what a process holds is read from /proc");
        await using var end = TestSize.EndAfter(TimeSpan.FromMinutes(8));
        await using var database = new PostgresServer();
        await using var market = await FastMarket.StartAsync(seed: 41, MarketSeconds, Speed, snapshotCandles: 240);
        await using var server = await ServerProcess.StartAsync(
            ["--port", "0", "--Bitfinex:SilenceLimit=00:00:05", .. market.Settings.Select(s => $"--{s.Key}={s.Value}")],
            new Dictionary<string, string> { ["DATABASE_URL"] = await database.CreateDatabaseAsync() });
        using var trouble = new ExchangeTrouble(market.Exchange.Url);
        var visitors = new Visitors(server.Client.BaseAddress!, seed: 43);
        var staying = Enumerable.Range(0, Staying).Select(_ => new StreamFollower(server.Client.BaseAddress!)).ToList();
        try
        {
            await Eventually.TrueAsync(() => staying.TrueForAll(s => s.NewestClosed > 0));
            var figures = new List<ProcessFigures>();
            for (var round = 0; round < Rounds; round++)
            {
                await RunRoundAsync(round, market, database, trouble, visitors);
                figures.Add(await RestAsync(server));
                output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"round {round + 1}: {visitors.Visits} visits so far; at rest {figures[^1]}"));
            }

            await trouble.EndAsync(Cancel);
            AssertNoGrowth(figures);
            await Eventually.TrueAsync(() => market.IsOver);
            foreach (var series in FastMarket.Series)
                foreach (var client in staying) await market.UntilSameAsync("a client", series, () => client.Closed(series));
            Assert.All(staying, s => Assert.Equal(1, s.Joins));
            Assert.Equal(0, visitors.Refused);
            // With the last trade the exchange's time stands still: what comes after it is never known, so a gap may be left there.
            var last = market.Span.To - 60_000;
            await server.Client.UntilAsync("/candles/stream/status", s => s["streams"]!.AsArray()
                .All(stream => stream!["gaps"]!.AsArray().All(gap => (long)gap![0]! >= last)));
            output.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{Staying} clients hold {FastMarket.Series.Sum(s => staying[0].Closed(s).Count)} closed candles each, as the ledger does; {visitors.Visits} visits"));
        }
        finally
        {
            foreach (var client in staying) await client.DisposeAsync();
        }
    }

    // Visitors all along; troubles at the exchange spread over the round; the database away in the middle of it.
    private async Task RunRoundAsync(int round, FastMarket market, PostgresServer database, ExchangeTrouble trouble, Visitors visitors)
    {
        const int Troubles = 4;
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var visiting = visitors.ComeAndGoAsync(Visiting, round, leave.Token);
        using var pace = new PeriodicTimer(RoundTime / Troubles);
        for (var i = 0; i < Troubles; i++)
        {
            var what = await trouble.NextAsync(Cancel);
            output.WriteLine($"market time {market.Exchange.Market.Now}: {what}");
            if (i == Troubles / 2)
            {
                await database.StopAsync();
                await database.StartAgainAsync();
            }

            await pace.WaitForNextTickAsync(Cancel);
        }

        await leave.CancelAsync();
        await visiting;
    }

    // Once every visitor is let go and the store is back, the process is looked at for a while, and the least of what it holds counts.
    private static async Task<ProcessFigures> RestAsync(ServerProcess server)
    {
        const int Looks = 10;
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (true)
        {
            var page = new MetricsPage(await server.Client.GetStringAsync("/metrics", Cancel));
            if (page.Sum("candlestream_streams") == Staying && page.Sum("candlestream_store_up") == 1) break;
            await pause.WaitForNextTickAsync(Cancel);
        }

        var looks = new List<ProcessFigures>();
        for (var i = 0; i < Looks; i++)
        {
            looks.Add(ProcessFigures.Of(server.Id));
            await pause.WaitForNextTickAsync(Cancel);
        }

        return ProcessFigures.Least(looks);
    }

    // The first third warms up: code is compiled, pools and heap find their size. Then the last third is compared with the one before it,
    // each by its median. Handles and threads may differ by a few, as connections to database and exchange are renewed and idle pool
    // threads come and go; memory by what the collector leaves lying about.
    private static void AssertNoGrowth(List<ProcessFigures> rounds)
    {
        var third = rounds.Count / 3;
        var (before, after) = (rounds[third..^third], rounds[^third..]);
        AssertAtMost("handles", f => f.Handles, 10);
        AssertAtMost("sockets", f => f.Sockets, 8);
        AssertAtMost("threads", f => f.Threads, 8);
        AssertAtMost("MB resident", f => f.ResidentMb, 16 + (0.1 * Median(before, f => f.ResidentMb)));

        void AssertAtMost(string what, Func<ProcessFigures, double> figure, double more) => Assert.True(
            Median(after, figure) <= Median(before, figure) + more,
            string.Create(CultureInfo.InvariantCulture, $"{what} grew from {Median(before, figure)} to {Median(after, figure)}"));
    }

    private static double Median(List<ProcessFigures> rounds, Func<ProcessFigures, double> figure)
    {
        var sorted = rounds.Select(figure).Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
