using System.Data.Common;
using CandleStream.Storage;
using CandleStream.Storage.Shared;
using static CandleStream.Tests.Storage.SomeCandles;

namespace CandleStream.Tests.Storage;

/// <summary>Which databases a store opens and which it refuses, always in one line that a person can act on.</summary>
public abstract class StoreOpeningSuite : StoreTest
{
    [Fact]
    public async Task A_store_of_another_source_is_refused_and_both_are_named()
    {
        await (await Database.OpenAsync(source: "simulator:1")).DisposeAsync();
        var message = await RefusedAsync(Database.NewStore(), "api-pub.bitfinex.com");
        Assert.Contains("'simulator:1'", message, StringComparison.Ordinal);
        Assert.Contains("'api-pub.bitfinex.com'", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_server_is_refused_until_the_first_ends_but_commands_may_share()
    {
        var first = await Database.OpenAsync(exclusive: true);
        Assert.Contains("in use by another server", await RefusedAsync(Database.NewStore(), exclusive: true), StringComparison.Ordinal);

        var command = await Database.OpenAsync(exclusive: false);
        await command.SaveAsync(Batch(Btc, At(1, 1)), Cancel);
        await first.SaveAsync(Batch(Btc, At(2, 2)), Cancel);
        Assert.Equal(2, (await first.AllAsync(Btc)).Count);

        await first.DisposeAsync();
        var second = await Database.OpenAsync(exclusive: true);
        Assert.Equal(2, (await second.AllAsync(Btc)).Count);
    }

    [Fact]
    public async Task A_refused_server_leaves_no_lock_behind()
    {
        await (await Database.OpenAsync(source: "simulator:1")).DisposeAsync();
        await RefusedAsync(Database.NewStore(), exclusive: true);
        await Database.OpenAsync(exclusive: true, source: "simulator:1");
    }

    [Fact]
    public async Task A_newer_schema_is_refused_with_both_versions()
    {
        await (await Database.OpenAsync()).DisposeAsync();
        await Database.ExecuteAsync("INSERT INTO schema_version VALUES (42, '0042_future', '2030-01-01')");
        var message = await RefusedAsync(Database.NewStore());
        Assert.Contains("schema version 42", message, StringComparison.Ordinal);
        Assert.Contains("newer program", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_of_the_first_version_is_brought_to_the_newest_and_keeps_what_it_holds()
    {
        var (engine, timeType) = Database.Url is null ? ("Sqlite", "text") : ("Postgres", "timestamptz");
        var first = SchemaScript.All(engine)[0];
        await Database.ExecuteAsync($"""
            {first.Sql}
            CREATE TABLE schema_version (version integer PRIMARY KEY, name text NOT NULL, applied_at {timeType} NOT NULL);
            INSERT INTO schema_version VALUES (1, '{first.Name}', '2026-01-01');
            INSERT INTO meta VALUES ('product', 'CandleStream'), ('source', '{TestDatabase.Source}');
            INSERT INTO series (symbol, timeframe, complete_from, followed_until) VALUES ('BTCUSD', '1m', 7, 9);
            INSERT INTO coverage VALUES (1, 0, 120000);
            INSERT INTO candle (series_id, time, open, high, low, close, volume, rev) VALUES (1, 60000, '1', '3', '0.5', '2', '1.5', 5);
            """);

        var store = await Database.OpenAsync();
        Assert.Equal(new SeriesRecord(TimeRangeSet.Of(Range(0, 2 * Minute)), Rev.None), await store.FindSeriesAsync(Btc, Cancel));
        await store.SaveAsync(new StoreBatch(
            [new(Btc, At(2, 6))], [new SeriesChange(Btc, TimeRangeSet.Of(Range(2 * Minute, 3 * Minute)), TimeRangeSet.Empty, new Rev(8))]),
                Cancel);
        // Where the old candle came from was not kept then.
        Assert.Equal([(Minute, 5L, CandleOrigin.Unknown), (2 * Minute, 6L, CandleOrigin.Push)],
            (await store.AllAsync(Btc)).Select(c => (c.Time, c.Rev.Value, c.Origin)));
        // Nor what the exchange told of its trades.
        Assert.All(await store.AllAsync(Btc), c => Assert.Equal(default, c.Figures));
        Assert.Equal(new SeriesRecord(TimeRangeSet.Of(Range(0, 3 * Minute)), new Rev(8)), await store.FindSeriesAsync(Btc, Cancel));
        // What older programs told their clients is not known: the third script makes them start anew. The second script drops a column:
        // were it only noted and not run, it would still be there.
        await Assert.ThrowsAnyAsync<DbException>(() => Database.ExecuteAsync("SELECT followed_until FROM series"));
    }

    [Theory]
    [InlineData("CREATE TABLE customers (id integer)")]
    [InlineData("CREATE TABLE schema_version (version integer)")]
    [InlineData("CREATE TABLE schema_version (version integer); CREATE TABLE meta (id integer, payload text)")]
    [InlineData(
        "CREATE TABLE schema_version (version integer); CREATE TABLE meta (name text, value text); INSERT INTO meta VALUES ('product', 'Other')")]
    public async Task A_database_of_another_program_is_refused_and_not_touched(string foreign)
    {
        await Database.ExecuteAsync(foreign);
        Assert.Contains("another program", await RefusedAsync(Database.NewStore(), exclusive: true), StringComparison.Ordinal);
        // Were one of our tables made in spite of the refusal, this would fail.
        await Database.ExecuteAsync("CREATE TABLE candle (id integer)");
    }

    [Fact]
    public async Task Before_it_is_open_every_call_says_so_and_may_be_repeated()
    {
        var store = Database.NewStore();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.SaveAsync(Batch(Btc, At(1, 1)), Cancel));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.HighestRevAsync(Cancel));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.AllAsync(Btc));
        await store.OpenAsync(TestDatabase.Source, true, Cancel);
        await store.SaveAsync(Batch(Btc, At(1, 1)), Cancel);
    }

    [Fact]
    public async Task Opening_again_is_harmless()
    {
        var store = await Database.OpenAsync(exclusive: true);
        await store.SaveAsync(Batch(Btc, At(1, 1)), Cancel);
        await store.OpenAsync(TestDatabase.Source, true, Cancel);
        Assert.Single(await store.AllAsync(Btc));
    }

    [Fact]
    public async Task Many_programs_may_open_an_empty_database_at_once()
    {
        await Task.WhenAll(
            Enumerable.Range(0, 6).Select(_ => Task.Run(() => Database.NewStore().OpenAsync(TestDatabase.Source, false, Cancel), Cancel)));
        Assert.Empty(await (await Database.OpenAsync()).ListSeriesAsync(Cancel));
    }

    protected static async Task<string> RefusedAsync(ICandleStore store, string source = TestDatabase.Source, bool exclusive = false)
    {
        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => store.OpenAsync(source, exclusive, Cancel));
        Assert.DoesNotContain('\n', refused.Message);
        return refused.Message;
    }
}
