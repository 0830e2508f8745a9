using CandleStream.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace CandleStream.Tests.Storage;

/// <summary>One empty database for one test, and the stores opened on it.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    public const string Source = "api-pub.bitfinex.com";

    private readonly List<ICandleStore> _stores = [];

    private TestDatabase(string folder, string? url) => (Folder, Url) = (folder, url);

    public string Folder { get; }

    /// <summary>The PostgreSQL database; null for SQLite.</summary>
    public string? Url { get; }

    public string SqlitePath => Path.Combine(Folder, "data", "candles.db");

    public static TestDatabase Sqlite() => new(Directory.CreateTempSubdirectory("candlestream-").FullName, null);

    public static async Task<TestDatabase> PostgresAsync(PostgresServer server) =>
        new(Directory.CreateTempSubdirectory("candlestream-").FullName, await server.CreateDatabaseAsync());

    /// <summary>A store on this database, not opened.</summary>
    public ICandleStore NewStore(Action<StorageOptions>? configure = null)
    {
        var options = new StorageOptions
        {
            SqlitePath = SqlitePath,
            BusyTimeout = TimeSpan.FromSeconds(20),
            LockWait = TimeSpan.FromMilliseconds(200)
        };
        configure?.Invoke(options);
        var store = CandleStoreFactory.Create(options, Url, new FakeTimeProvider(), NullLoggerFactory.Instance);
        _stores.Add(store);
        return store;
    }

    public async Task<ICandleStore> OpenAsync(Action<StorageOptions>? configure = null, bool exclusive = false, string source = Source)
    {
        var store = NewStore(configure);
        await store.OpenAsync(source, exclusive, TestContext.Current.CancellationToken);
        return store;
    }

    /// <summary>Changes the database behind the store's back.</summary>
    public async Task ExecuteAsync(string sql)
    {
        if (Url is not null)
        {
            await PostgresServer.ExecuteAsync(Url, sql);
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(SqlitePath)!);
        await using var connection = new SqliteConnection($"Data Source={SqlitePath};Pooling=false");
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var store in _stores) await store.DisposeAsync();
        if (Url is not null) Npgsql.NpgsqlConnection.ClearAllPools();
        Directory.Delete(Folder, recursive: true);
    }
}
