using CandleStream.Exchanges;
using CandleStream.Providers;

namespace CandleStream.Tests.Bitfinex;

[Collection(nameof(VirtualTime))]
public class RestBudgetTests
{
    private static readonly DateTimeOffset Start = new(2026, 9, 22, 12, 0, 0, TimeSpan.Zero);
    private readonly VirtualClock _time = new(Start);
    private readonly List<(string Name, DateTimeOffset At)> _served = [];

    private static SeriesKey Series(string symbol) => SeriesKey.Parse($"{symbol}:1m");

    private void Ask(RestBudget budget, FetchPurpose purpose, string symbol, DateTimeOffset? since = null) =>
        _ = AskAsync(budget, purpose, symbol, since ?? Start, TestContext.Current.CancellationToken);

    private async Task AskAsync(RestBudget budget, FetchPurpose purpose, string symbol, DateTimeOffset since, CancellationToken cancel)
    {
        await budget.WaitAsync(purpose, Series(symbol), since.Ticks, cancel);
        lock (_served) _served.Add(($"{purpose} {symbol}", _time.GetUtcNow()));
    }

    private async Task PassAsync(TimeSpan span)
    {
        for (var end = _time.GetUtcNow() + span; _time.GetUtcNow() < end;)
        {
            await Quiet.WaitAsync(TestContext.Current.CancellationToken);
            _time.GoOn(end);
        }

        await Quiet.WaitAsync(TestContext.Current.CancellationToken);
    }

    private string[] Names => [.. _served.Select(s => s.Name)];

    [Fact]
    public async Task The_most_urgent_purpose_goes_first()
    {
        Quiet.Calibrate();
        using var budget = new RestBudget(1, _time);
        Ask(budget, FetchPurpose.History, "FIRST");
        Ask(budget, FetchPurpose.Record, "DD");
        Ask(budget, FetchPurpose.History, "CC");
        Ask(budget, FetchPurpose.Polling, "BB");
        Ask(budget, FetchPurpose.Repair, "AA");
        await PassAsync(TimeSpan.FromMinutes(6));

        Assert.Equal(["History FIRST", "Repair AA", "Polling BB", "History CC", "Record DD"], Names);
    }

    [Fact]
    public async Task Many_newcomers_do_not_starve_the_repair_of_a_series_followed_before()
    {
        Quiet.Calibrate();
        using var budget = new RestBudget(4, _time);
        for (var i = 0; i < 40; i++) Ask(budget, FetchPurpose.Repair, $"NEW{i}", Start + TimeSpan.FromSeconds(1));
        for (var i = 0; i < 2; i++) Ask(budget, FetchPurpose.Repair, "OLD", Start);
        await PassAsync(TimeSpan.FromMinutes(1.5));

        // The first four went before it came. Then it is among the next four, once: its second call waits for those that had none.
        Assert.DoesNotContain("Repair OLD", Names[..4]);
        Assert.Single(Names[4..8], n => n == "Repair OLD");
        Assert.Equal(8, Names.Length);
    }

    [Fact]
    public async Task Nobody_is_served_while_the_exchange_blocks_us_and_who_gave_up_takes_no_call()
    {
        Quiet.Calibrate();
        using var budget = new RestBudget(1, _time);
        using var cancel = new CancellationTokenSource();
        budget.Block(TimeSpan.FromSeconds(60));
        var givenUp = AskAsync(budget, FetchPurpose.Repair, "GONE", Start, cancel.Token);
        Ask(budget, FetchPurpose.Record, "STAYS");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);

        await PassAsync(TimeSpan.FromSeconds(59));
        Assert.Empty(_served);
        await PassAsync(TimeSpan.FromSeconds(2));
        Assert.Equal(["Record STAYS"], Names);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task However_calls_come_there_are_never_more_than_the_budget_in_any_minute(int seed)
    {
        Quiet.Calibrate();
        var random = new Random(seed);
        using var budget = new RestBudget(20, _time);
        for (var i = 0; i < 150; i++)
        {
            Ask(budget, (FetchPurpose)random.Next(4), $"S{random.Next(30)}");
            if (random.Next(4) == 0) await PassAsync(TimeSpan.FromMilliseconds(random.Next(8000)));
        }

        await PassAsync(TimeSpan.FromMinutes(12));
        Assert.Equal(150, _served.Count);
        ProviderOutageTests.AssertNeverMoreThan(20, _served.Select(s => s.At));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task However_sockets_are_wanted_there_are_never_more_than_twenty_new_ones_in_any_minute(int seed)
    {
        Quiet.Calibrate();
        var random = new Random(seed);
        using var throttle = new ConnectThrottle(20, _time);
        var opened = new List<DateTimeOffset>();
        for (var i = 0; i < 100; i++)
        {
            _ = OpenAsync();
            if (random.Next(3) == 0) await PassAsync(TimeSpan.FromMilliseconds(random.Next(9000)));
        }

        await PassAsync(TimeSpan.FromMinutes(8));
        Assert.Equal(100, opened.Count);
        ProviderOutageTests.AssertNeverMoreThan(20, opened);

        async Task OpenAsync()
        {
            await throttle.WaitAsync(() => { }, () => { }, TestContext.Current.CancellationToken);
            lock (opened) opened.Add(_time.GetUtcNow());
        }
    }
}
