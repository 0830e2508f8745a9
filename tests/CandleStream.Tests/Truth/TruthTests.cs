using System.Globalization;
using CandleStream.Tests.Bitfinex;

namespace CandleStream.Tests.Truth;

/// <summary>
/// Whatever the exchange, the store, the clock and the clients' lines do: no closed candle missing that is not named, none wrong, none
/// twice. The seeds run alone with CANDLESTREAM_TRUTH_SEED=n, or some with n-m; their number is 12, or 300 with CANDLESTREAM_TEST_FULL=1,
/// where the first twenty also run over loopback sockets.
/// </summary>
[Collection(nameof(VirtualTime))]
public sealed class TruthTests(ITestOutputHelper output, PostgresServer postgres)
{
    private static readonly bool IsFull = Environment.GetEnvironmentVariable("CANDLESTREAM_TEST_FULL") == "1";
    private static readonly string? Asked = Environment.GetEnvironmentVariable("CANDLESTREAM_TRUTH_SEED");

    private static readonly IReadOnlyList<int> Seeds = Asked is not null
        ? Range([.. Asked.Split('-').Select(s => int.Parse(s, CultureInfo.InvariantCulture))])
        : Range([1, IsFull ? 300 : 12]);

    [Fact]
    public async Task Candles_held_stored_streamed_and_polled_equal_the_exchanges_ledger_whatever_strikes()
    {
        await RunAllAsync(Seeds, overLoopback: false);
    }

    [Fact]
    public async Task The_same_over_loopback_sockets()
    {
        // The harness over real sockets was not seen to come to an end yet.
        Assert.SkipUnless(Asked is not null, "not finished: ask for seeds with CANDLESTREAM_TRUTH_SEED");
        await RunAllAsync(Seeds.Take(20), overLoopback: true);
    }

    private static IReadOnlyList<int> Range(int[] bounds) => [.. Enumerable.Range(bounds[0], bounds[^1] - bounds[0] + 1)];

    // All of them, also after a failure: how many fail says more than which was the first.
    private async Task RunAllAsync(IEnumerable<int> seeds, bool overLoopback)
    {
        var failures = new List<Exception>();
        foreach (var seed in seeds)
        {
            try
            {
                await RunAsync(new TruthPlan(seed, overLoopback));
            }
            catch (InvalidOperationException failure)
            {
                output.WriteLine(failure.Message);
                failures.Add(failure);
            }
        }

        Assert.True(failures.Count == 0, string.Join("\n\n", failures));
    }

    private async Task RunAsync(TruthPlan plan)
    {
        await using var run = await TruthRun.StartAsync(plan, postgres);
        try
        {
            await run.StormAsync(TimeSpan.FromHours(1));
            await run.CalmAsync();
            await run.CheckAsync();
            output.WriteLine($"seed {plan.Seed}: {run.Report}");
        }
        catch (Exception failure)
        {
            var told = $"{failure.Message}\n{run.Describe()}\n{run.Report}";
            var seed = $"CANDLESTREAM_TRUTH_SEED={plan.Seed} (loopback: {plan.OverLoopback})";
            throw new InvalidOperationException($"{seed} fails: {told}", failure);
        }
    }
}
