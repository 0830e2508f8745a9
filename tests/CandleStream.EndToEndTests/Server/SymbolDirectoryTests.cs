using CandleStream.Providers;
using CandleStream.Server.Symbols;
using CandleStream.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.EndToEndTests.Server;

/// <summary>The symbol directory in virtual time, with a real store and an exchange that lists what the test says.</summary>
public sealed class SymbolDirectoryTests : IAsyncLifetime
{
    private const int Limit = 180_000;

    private readonly TempFolder _folder = new();
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch.AddYears(56));
    private readonly ListingExchange _exchange = new();
    private ICandleStore _store = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = CandleStoreFactory.Create(
            new StorageOptions { SqlitePath = _folder.File("candles.db") }, null, _time, NullLoggerFactory.Instance);
        await _store.OpenAsync("test", exclusive: true, Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _folder.Dispose();
    }

    [Fact(Timeout = Limit)]
    public async Task Before_any_list_was_seen_every_symbol_is_accepted()
    {
        _exchange.Listed = null;
        using var directory = await StartAsync();
        await UntilAsync(() => _exchange.Asked == 1);
        Assert.Equal(SymbolStanding.NotKnownYet, directory.Check("ANYUSD").Standing);
        Assert.Empty(directory.Symbols);
    }

    [Fact(Timeout = Limit)]
    public async Task A_failed_fetch_is_tried_again_after_a_minute()
    {
        _exchange.Listed = null;
        using var directory = await StartAsync();
        await UntilAsync(() => _exchange.Asked == 1);
        _exchange.Listed = ["BTCUSD"];
        await UntilAsync(() => directory.Symbols.Count == 1);
        Assert.True(_exchange.AskedAt[1] - _exchange.AskedAt[0] >= TimeSpan.FromMinutes(1));
    }

    [Fact(Timeout = Limit)]
    public async Task A_miss_makes_it_ask_again_but_not_more_than_once_a_minute()
    {
        using var directory = await StartAsync();
        await UntilAsync(() => directory.Symbols.Count == 2);
        _exchange.Listed = ["BTCUSD", "ETHUSD", "NEWUSD"];
        for (var i = 0; i < 100; i++) Assert.Equal(SymbolStanding.Unknown, directory.Check("NEWUSD").Standing);
        await UntilAsync(() => directory.Check("NEWUSD").Standing == SymbolStanding.Listed);
        Assert.Equal(2, _exchange.Asked);
        Assert.True(_exchange.AskedAt[1] - _exchange.AskedAt[0] >= TimeSpan.FromMinutes(1));
    }

    [Fact(Timeout = Limit)]
    public async Task Without_a_miss_it_asks_once_an_hour()
    {
        using var directory = await StartAsync();
        await UntilAsync(() => _exchange.Asked == 2);
        Assert.True(_exchange.AskedAt[1] - _exchange.AskedAt[0] >= TimeSpan.FromHours(1));
    }

    [Fact(Timeout = Limit)]
    public async Task A_restart_takes_the_list_from_the_store_and_asks_when_it_is_an_hour_old()
    {
        await _store.SaveSymbolsAsync(new SymbolList(["OLDUSD"], _time.GetUtcNow()), Cancel);
        using var directory = await StartAsync();
        await UntilAsync(() => directory.Symbols.Count == 1, timePasses: false);
        Assert.Equal(0, _exchange.Asked);
        Assert.Equal(SymbolStanding.Listed, directory.Check("OLDUSD").Standing);
        await UntilAsync(() => directory.Symbols.Count == 2);
        Assert.Equal(SymbolStanding.Unknown, directory.Check("OLDUSD").Standing);
        // It is kept after it is shown.
        await UntilAsync(async () => (await _store.FindSymbolsAsync(Cancel))!.Symbols is ["BTCUSD", "ETHUSD"], timePasses: false);
    }

    [Fact(Timeout = Limit)]
    public async Task A_list_of_the_future_is_an_hour_old_in_an_hour()
    {
        await _store.SaveSymbolsAsync(new SymbolList(["OLDUSD"], _time.GetUtcNow().AddYears(1)), Cancel);
        using var directory = await StartAsync();
        await UntilAsync(() => directory.Symbols.Count == 2);
        Assert.InRange(_time.GetUtcNow(), _exchange.AskedAt[0], _exchange.AskedAt[0].AddMinutes(1));
    }

    [Fact(Timeout = Limit)]
    public async Task Half_a_list_takes_nothing_away_that_was_listed_neither_here_nor_in_the_store()
    {
        await _store.SaveSymbolsAsync(new SymbolList(["BTCF0:USTF0", "BTCUSD"], _time.GetUtcNow().AddHours(-2)), Cancel);
        (_exchange.Listed, _exchange.IsHalf) = (["BTCF0:USTF0", "ETHF0:USTF0"], true);
        using var directory = await StartAsync();
        await UntilAsync(() => directory.Symbols.Count == 3, timePasses: false);

        Assert.Equal(SymbolStanding.Listed, directory.Check("BTCUSD").Standing);
        await UntilAsync(
            async () => (await _store.FindSymbolsAsync(Cancel))!.Symbols is ["BTCF0:USTF0", "BTCUSD", "ETHF0:USTF0"], timePasses: false);

        (_exchange.Listed, _exchange.IsHalf) = (["BTCF0:USTF0", "ETHUSD"], false);
        await UntilAsync(() => directory.Symbols is ["BTCF0:USTF0", "ETHUSD"]);
        Assert.Equal(SymbolStanding.Unknown, directory.Check("BTCUSD").Standing);
    }

    [Fact(Timeout = Limit)]
    public async Task Where_nothing_was_listed_before_half_a_list_is_taken_as_it_is()
    {
        (_exchange.Listed, _exchange.IsHalf) = (["BTCF0:USTF0"], true);
        using var directory = await StartAsync();
        await UntilAsync(() => directory.Symbols is ["BTCF0:USTF0"], timePasses: false);
    }

    private async Task<SymbolDirectory> StartAsync()
    {
        _exchange.Time = _time;
        var directory = new SymbolDirectory(_exchange, _store, _time, NullLogger<SymbolDirectory>.Instance);
        await directory.StartAsync(Cancel);
        return directory;
    }

    /// <summary>Lets virtual time pass, five seconds a step, until something has happened.</summary>
    private Task UntilAsync(Func<bool> happened, bool timePasses = true) => UntilAsync(() => Task.FromResult(happened()), timePasses);

    private async Task UntilAsync(Func<Task<bool>> happened, bool timePasses)
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        while (!await happened())
        {
            await pause.WaitForNextTickAsync(Cancel);
            if (timePasses && !await happened()) _time.Advance(TimeSpan.FromSeconds(5));
        }
    }

    private sealed class ListingExchange : ICandleProvider
    {
        public IReadOnlyList<string>? Listed { get; set; } = ["BTCUSD", "ETHUSD"];

        public TimeProvider Time { get; set; } = TimeProvider.System;

        // Replaced whole by the directory's loop, which is the only one to ask.
        public IReadOnlyList<DateTimeOffset> AskedAt { get; private set; } = [];

        public int Asked => AskedAt.Count;

        public bool IsSimulated => true;

        public bool IsHalf { get; set; }

        public Task<SymbolListing> FetchSymbolsAsync(CancellationToken cancel)
        {
            AskedAt = [.. AskedAt, Time.GetUtcNow()];
            return Listed is { } listed
                ? Task.FromResult(new SymbolListing(listed, !IsHalf))
                : throw new CandleProviderException("it does not answer.");
        }

        public IFollowedSeries Follow(SeriesKey series, IFeedListener feed) => throw new NotSupportedException();

        public Task<HistoryPage> FetchAsync(SeriesKey series, TimeRange range, FetchPurpose purpose, CancellationToken cancel) =>
            throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
