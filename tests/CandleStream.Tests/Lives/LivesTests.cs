using System.Globalization;

namespace CandleStream.Tests.Lives;

/// <summary>
/// Random interleavings of what happens between the lives of a series: opened, closed, restarted, killed, asked for, filled from beside,
/// stored or not. One seed runs alone with CANDLESTREAM_LIVES_SEED=n, some with n-m; their number is 1,000, or 20,000 with
/// CANDLESTREAM_TEST_FULL=1.
/// </summary>
public sealed class LivesTests
{
    private const int Steps = 40;

    // Every so many seeds the real store takes the place of the one in memory.
    private const int SqliteEvery = 50;

    [Fact]
    public void No_client_is_short_of_a_closed_candle_that_is_not_named_however_lives_questions_and_failures_interleave()
    {
        var failures = new List<string>();
        foreach (var seed in Seeds())
        {
            if (Fails(seed) is { } failure) failures.Add(failure);
            if (failures.Count == 5) break;
        }

        Assert.True(failures.Count == 0, string.Join("\n\n", failures));
    }

    private static IEnumerable<int> Seeds()
    {
        if (Environment.GetEnvironmentVariable("CANDLESTREAM_LIVES_SEED") is not { } asked)
            return Enumerable.Range(1, TestSize.Of(normal: 1_000, full: 20_000));
        int[] bounds = [.. asked.Split('-').Select(s => int.Parse(s, CultureInfo.InvariantCulture))];
        return Enumerable.Range(bounds[0], bounds[^1] - bounds[0] + 1);
    }

    private static string? Fails(int seed)
    {
        using var run = new LivesRun(seed, onSqlite: seed % SqliteEvery == 0);
        try
        {
            run.Storm(Steps);
            run.Calm();
            return null;
        }
        catch (Exception failure)
        {
            return $"CANDLESTREAM_LIVES_SEED={seed} fails: {failure.Message}\nSteps: {run.Steps}";
        }
    }
}
