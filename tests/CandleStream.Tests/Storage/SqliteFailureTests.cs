using CandleStream.Storage;
using Microsoft.Data.Sqlite;
using static CandleStream.Tests.Storage.SomeCandles;

namespace CandleStream.Tests.Storage;

/// <summary>What can be wrong with a file.</summary>
public sealed class SqliteFailureTests : StoreTest
{
    protected override Task<TestDatabase> CreateDatabaseAsync() => Task.FromResult(TestDatabase.Sqlite());

    [Fact]
    public async Task A_full_disk_is_said_and_passes_when_there_is_room_again()
    {
        var store = await Database.OpenAsync(o => o.SqliteMaxSizeMb = 1);
        await store.SaveAsync(Batch(Btc, At(0, 1)), Cancel);
        var tooMuch = Batch(Btc, Enumerable.Range(1, 50_000).Select(m => At(m, m + 1)));
        var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.SaveAsync(tooMuch, Cancel));
        Assert.Contains("full", error.Message, StringComparison.Ordinal);

        Assert.Equal([At(0, 1)], await store.AllAsync(Btc));
        await store.SaveAsync(Batch(Btc, At(1, 2)), Cancel);
        await store.DisposeAsync();
        store = await Database.OpenAsync();
        await store.SaveAsync(tooMuch, Cancel);
        Assert.Equal(50_001, (await store.AllAsync(Btc)).Count);
    }

    [Fact]
    public async Task A_read_only_file_is_refused()
    {
        await (await Database.OpenAsync()).DisposeAsync();
        File.SetAttributes(Database.SqlitePath, FileAttributes.ReadOnly);
        Assert.Contains("cannot be written", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_is_refused()
    {
        await File.WriteAllTextAsync(Path.Combine(Database.Folder, "data"), "a file where the folder should be", Cancel);
        Assert.Contains("cannot be written", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_refused()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Database.SqlitePath)!);
        await File.WriteAllTextAsync(
            Database.SqlitePath, string.Concat(Enumerable.Repeat("time,open,high,low,close,volume\n", 100)), Cancel);
        Assert.Contains("not a SQLite database", await RefusedAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_another_process_keeps_locked_is_said_and_works_afterwards()
    {
        var store = await Database.OpenAsync(o => o.BusyTimeout = TimeSpan.FromMilliseconds(50));
        await using (var other = new SqliteConnection($"Data Source={Database.SqlitePath};Pooling=false"))
        {
            await other.OpenAsync(Cancel);
            await using var transaction = other.BeginTransaction(deferred: false);
            var error = await Assert.ThrowsAsync<StoreUnavailableException>(() => store.SaveAsync(Batch(Btc, At(1, 1)), Cancel));
            Assert.Contains("locked", error.Message, StringComparison.Ordinal);
        }

        await store.SaveAsync(Batch(Btc, At(1, 1)), Cancel);
        Assert.Single(await store.AllAsync(Btc));
    }

    [Fact]
    public async Task The_lock_is_found_through_a_symbolic_link_too()
    {
        var first = await Database.OpenAsync(exclusive: true);
        var link = Path.Combine(Database.Folder, "link.db");
        File.CreateSymbolicLink(link, Database.SqlitePath);
        await Assert.ThrowsAsync<StoreRefusedException>(
            () => Database.NewStore(o => o.SqlitePath = link).OpenAsync(TestDatabase.Source, true, Cancel));
        GC.KeepAlive(first);
    }

    private async Task<string> RefusedAsync() =>
        (await Assert.ThrowsAsync<StoreRefusedException>(() => Database.NewStore().OpenAsync(TestDatabase.Source, true, Cancel))).Message;
}
