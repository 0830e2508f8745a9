using CandleStream.EndToEndTests.Server;
using CandleStream.Simulator;
using CandleStream.Simulator.Faults;

namespace CandleStream.EndToEndTests.History;

/// <summary>
/// History that is asked for while the exchange's REST lies: each answer has exactly the exchange's candles, or names what it lacks.
/// </summary>
public sealed class LyingRestTests
{
    private const long Day = 86_400_000;

    [Theory(Timeout = 300_000)]
    [InlineData(FaultKind.RestOutsideRange)]
    [InlineData(FaultKind.RestUnsorted)]
    [InlineData(FaultKind.RestDuplicated)]
    public async Task A_lie_of_the_exchange_is_not_handed_on(FaultKind lie)
    {
        using var folder = new TempFolder();
        await using var exchange = await BitfinexSimulator.StartAsync(
            new SimulatorOptions { Seed = 3, Symbols = ["NEOUSD"] }, TestContext.Current.CancellationToken);
        await using var server = await RunningServer.StartAsync(
            exchange.WebSocketUrl, exchange.RestUrl, null, ("Storage:SqlitePath", folder.File("candles.db")));
        exchange.Faults.Add(new Fault(lie));
        var from = (exchange.Market.Now / Day * Day) - (3 * Day);
        var expected = exchange.Ledger("trade:1m:tNEOUSD", from, from + Day - 1)
            .Select(c => (c.Time, c.Open, c.High, c.Low, c.Close, c.Volume)).ToList();
        Assert.True(expected.Count is > 100 and < 1440, "some minutes have a candle, and some have none");

        var (candles, gaps) = await AskAsync(server, from);
        Assert.Equal(expected.Where(c => !gaps.Any(g => g.Contains(c.Time))), candles);
        Assert.True(candles.Count > expected.Count / 2, "a lie about its ends costs no more than the ends");

        exchange.Faults.Clear();
        (candles, gaps) = await AskAsync(server, from);
        Assert.Equal(expected, candles);
        Assert.Empty(gaps);
    }

    private static async Task<(List<(long Time, decimal Open, decimal High, decimal Low, decimal Close, decimal Volume)> Candles,
        List<TimeRange> Gaps)> AskAsync(RunningServer server, long from)
    {
        var answer = await server.Client.JsonAsync($"/candles?symbol=NEOUSD&timeframe=1m&start={from}&end={from + Day - 1}&limit=10000");
        return (
            [.. answer["candles"]!.AsArray().Select(c => ((long)c!["time"]!, (decimal)c["open"]!, (decimal)c["high"]!, (decimal)c["low"]!,
                (decimal)c["close"]!, (decimal)c["volume"]!))],
            [.. answer["gaps"]!.AsArray().Select(g => new TimeRange((long)g![0]!, (long)g[1]!))]);
    }
}
