using CandleStream.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using static CandleStream.Tests.Storage.SomeCandles;

namespace CandleStream.Tests.Storage;

/// <summary>What can be wrong with a database server. These tests stop it, so they have one of their own.</summary>
public sealed class PostgresFailureTests : IAsyncLifetime
{
    private readonly PostgresServer _server = new();
    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync() => _database = await TestDatabase.PostgresAsync(_server);

    public async ValueTask DisposeAsync()
    {
        if (_database is not null) await _database.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact(Timeout = 300_000)]
    public async Task A_server_that_was_stopped_and_started_again_is_used_again_and_the_lock_is_held_again()
    {
        var cancel = TestContext.Current.CancellationToken;
        var store = await _database.OpenAsync(exclusive: true);
        await store.SaveAsync(Batch(Btc, At(1, 1)), cancel);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => store.AllAsync(Btc)));

        await _server.StopAsync();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.SaveAsync(Batch(Btc, At(2, 2)), cancel));
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.AllAsync(Btc));
        Assert.Contains("cannot be reached", error.Message, StringComparison.Ordinal);

        await _server.StartAgainAsync();
        Assert.Equal([At(1, 1)], await store.AllAsync(Btc));
        await store.SaveAsync(Batch(Btc, At(2, 2)), cancel);
        Assert.Equal([At(1, 1), At(2, 2)], await store.AllAsync(Btc));
        await Assert.ThrowsAsync<StoreRefusedException>(() => _database.NewStore().OpenAsync(TestDatabase.Source, true, cancel));
    }

    [Fact(Timeout = 300_000)]
    public async Task Connections_that_the_database_ended_are_replaced_without_an_error()
    {
        var cancel = TestContext.Current.CancellationToken;
        var store = await _database.OpenAsync(exclusive: true);
        await store.SaveAsync(Batch(Btc, At(1, 1)), cancel);
        await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => store.AllAsync(Btc)));
        await _database.ExecuteAsync(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        Assert.Single(await store.AllAsync(Btc));
        await store.SaveAsync(Batch(Btc, At(2, 2)), cancel);
        Assert.Equal(2, (await store.AllAsync(Btc)).Count);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_user_who_may_not_create_tables_is_told_the_grant_that_helps()
    {
        var cancel = TestContext.Current.CancellationToken;
        await _database.ExecuteAsync(
            "CREATE ROLE bot LOGIN; GRANT ALL ON DATABASE test_1 TO bot; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
        var url = _database.Url!.Replace("postgres@", "bot@", StringComparison.Ordinal);
        await using var store = CandleStoreFactory.Create(new StorageOptions(), url, TimeProvider.System, NullLoggerFactory.Instance);

        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => store.OpenAsync(TestDatabase.Source, true, cancel));
        Assert.Contains("GRANT USAGE, CREATE ON SCHEMA public TO", refused.Message, StringComparison.Ordinal);
        await _database.ExecuteAsync("REVOKE USAGE ON SCHEMA public FROM PUBLIC");
        Assert.Equal(refused.Message,
            (await Assert.ThrowsAsync<StoreRefusedException>(() => store.OpenAsync(TestDatabase.Source, true, cancel))).Message);

        await _database.ExecuteAsync("GRANT USAGE, CREATE ON SCHEMA public TO bot");
        await store.OpenAsync(TestDatabase.Source, true, cancel);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_bulk_write_that_was_rolled_back_can_be_repeated_on_the_same_connection()
    {
        var cancel = TestContext.Current.CancellationToken;
        var store = await _database.OpenAsync(o => o.ImportBatchRows = 2);
        await store.SaveAsync(Batch(Btc, At(1, 1), At(2, 1)), cancel);
        var overlapping =
            Batch(Btc, At(1, 2), At(2, 2), At(3, 2)) with { Changes = Change(Btc, TimeRangeSet.Of(Range(0, 4 * Minute))).Changes };
        await _database.ExecuteAsync("ALTER TABLE coverage ADD CONSTRAINT refusing CHECK (from_ms < 0)");
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.SaveAsync(overlapping, cancel));

        await _database.ExecuteAsync("ALTER TABLE coverage DROP CONSTRAINT refusing");
        await store.SaveAsync(overlapping, cancel);
        await store.SaveAsync(Batch(Btc, At(1, 3), At(4, 3)), cancel);

        Assert.Equal([At(1, 3), At(2, 2), At(3, 2), At(4, 3)], await store.AllAsync(Btc));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_write_that_waited_while_the_store_was_closed_does_not_take_the_lock_again()
    {
        var cancel = TestContext.Current.CancellationToken;
        var store = await _database.OpenAsync(exclusive: true);
        await store.SaveAsync(Batch(Btc, At(1, 1)), cancel);
        await using var other = await PostgresServer.ConnectAsync(_database.Url!);
        Task saving, closing, waiting;
        await using (var transaction = await other.BeginTransactionAsync(cancel))
        {
            await using var locking = new Npgsql.NpgsqlCommand("LOCK TABLE candle IN ACCESS EXCLUSIVE MODE", other, transaction);
            await locking.ExecuteNonQueryAsync(cancel);
            saving = store.SaveAsync(Batch(Btc, At(2, 2)), cancel);
            closing = store.DisposeAsync().AsTask();
            waiting = store.SaveAsync(Batch(Btc, At(3, 3)), cancel);
        }

        await saving;
        await closing;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => waiting);
        // Refused if the lock were held.
        Assert.Equal([At(1, 1), At(2, 2)], await (await _database.OpenAsync(exclusive: true)).AllAsync(Btc));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_server_that_lost_its_lock_to_another_cannot_write()
    {
        var cancel = TestContext.Current.CancellationToken;
        var first = await _database.OpenAsync(exclusive: true);
        await _database.ExecuteAsync(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
        await _database.OpenAsync(o => o.LockWait = TimeSpan.FromSeconds(20), exclusive: true);
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => first.SaveAsync(Batch(Btc, At(1, 1)), cancel));
        Assert.Contains("another server", error.Message, StringComparison.Ordinal);
        Assert.Empty(await first.AllAsync(Btc));
    }

    [Fact(Timeout = 300_000)]
    public async Task A_store_that_cannot_be_reached_at_start_opens_once_it_can()
    {
        var cancel = TestContext.Current.CancellationToken;
        await _server.StopAsync();
        var store = _database.NewStore();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => store.OpenAsync(TestDatabase.Source, true, cancel));
        await _server.StartAgainAsync();
        await store.OpenAsync(TestDatabase.Source, true, cancel);
        await store.SaveAsync(Batch(Btc, At(1, 1)), cancel);
    }

    [Fact(Timeout = 300_000)]
    public async Task Wrong_names_and_missing_rights_are_refused_without_the_password()
    {
        var cancel = TestContext.Current.CancellationToken;
        await _database.ExecuteAsync(
            "CREATE ROLE guest LOGIN PASSWORD 'sesame'; CREATE ROLE reader LOGIN; ALTER ROLE reader SET default_transaction_read_only = on; REVOKE CREATE ON SCHEMA public FROM PUBLIC");
        var port = _server.Port;
        var name = new Uri(_database.Url!).AbsolutePath;
        await AssertRefusedAsync($"postgresql://postgres:s3cret@127.0.0.1:{port}/nowhere", "does not exist", cancel);
        await AssertRefusedAsync($"postgresql://nobody:s3cret@127.0.0.1:{port}{name}", "refused the user", cancel);
        await AssertRefusedAsync($"postgresql://guest:s3cret@127.0.0.1:{port}{name}", "does not let this user", cancel);
        await AssertRefusedAsync($"postgresql://reader:s3cret@127.0.0.1:{port}{name}", "read-only", cancel);
    }

    [Fact(Timeout = 300_000)]
    public async Task A_Unix_socket_works_as_well_as_an_address()
    {
        var cancel = TestContext.Current.CancellationToken;
        var name = new Uri(_database.Url!).AbsolutePath;
        await using var store =
            Create($"postgresql://postgres@{name}?host={Uri.EscapeDataString(_server.SocketFolder)}&port={_server.Port}");
        await store.OpenAsync(TestDatabase.Source, true, cancel);
        await store.SaveAsync(Batch(Btc, At(1, 1)), cancel);
        Assert.Single(await store.AllAsync(Btc));
    }

    private static async Task AssertRefusedAsync(string url, string expected, CancellationToken cancel)
    {
        await using var store = Create(url);
        var refused = await Assert.ThrowsAsync<StoreRefusedException>(() => store.OpenAsync(TestDatabase.Source, true, cancel));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", refused.ToString(), StringComparison.Ordinal);
    }

    private static ICandleStore Create(string url) =>
        CandleStoreFactory.Create(
            new StorageOptions(), url, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
}
