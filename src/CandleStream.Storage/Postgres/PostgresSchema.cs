using CandleStream.Storage.Shared;
using Dapper;
using Npgsql;

namespace CandleStream.Storage.Postgres;

/// <summary>Takes the server's lock, brings a database to the newest schema and checks that it is ours and of the right source.</summary>
internal static class PostgresSchema
{
    // Advisory locks are numbers, known to one database: 'cndl' in ASCII, then which lock.
    private const int LockSpace = 0x636E646C, ServerLock = 1, MigrationLock = 2;

    private static readonly IReadOnlyList<SchemaScript> Scripts = SchemaScript.All("Postgres");

    /// <summary>Holds the lock as long as the connection lives. Waits a little: the server before us may just be ending.</summary>
    public static async Task TakeServerLockAsync(NpgsqlConnection connection, TimeSpan wait, CancellationToken cancel)
    {
        await connection.ExecuteAsync(
            new CommandDefinition($"SET lock_timeout = {(long)wait.TotalMilliseconds}", cancellationToken: cancel));
        await connection.ExecuteAsync(new CommandDefinition(
            "SELECT pg_advisory_lock(@LockSpace, @ServerLock)", new { LockSpace, ServerLock }, commandTimeout: (int)wait.TotalSeconds + 30,
            cancellationToken: cancel));
        await connection.ExecuteAsync(new CommandDefinition("RESET lock_timeout", cancellationToken: cancel));
    }

    public static async Task PrepareAsync(
        NpgsqlConnection connection, string store, string source, TimeProvider time, CancellationToken cancel)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            "SELECT pg_advisory_xact_lock(@LockSpace, @MigrationLock)", new { LockSpace, MigrationLock }, cancellationToken: cancel));
        await RefuseForeignAsync(connection, store, cancel);
        await MigrateAsync(connection, store, time, cancel);
        await connection.ExecuteAsync(new CommandDefinition(
            "INSERT INTO meta (name, value) VALUES (@ProductName, @Product), (@SourceName, @source) ON CONFLICT DO NOTHING",
            new { StoreIdentity.ProductName, StoreIdentity.Product, StoreIdentity.SourceName, source }, cancellationToken: cancel));
        var recorded = await connection.QuerySingleAsync<string>(new CommandDefinition(
            "SELECT value FROM meta WHERE name = @SourceName", new { StoreIdentity.SourceName }, cancellationToken: cancel));
        StoreIdentity.CheckSource(store, recorded, source);
        await transaction.CommitAsync(cancel);
    }

    private static async Task RefuseForeignAsync(NpgsqlConnection connection, string store, CancellationToken cancel)
    {
        var tables = (await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()", cancellationToken: cancel))).AsList();
        if (tables.Count == 0) return;
        var columns = await connection.QueryAsync<string>(new CommandDefinition(
            "SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = 'meta' ORDER BY column_name", cancellationToken: cancel));
        var product = tables.Contains("schema_version") && columns.SequenceEqual(["name", "value"])
            ? await connection.QueryFirstOrDefaultAsync<string>(
                new CommandDefinition("SELECT value::text FROM meta WHERE name::text = @ProductName", new { StoreIdentity.ProductName },
                    cancellationToken: cancel))
            : null;
        if (product != StoreIdentity.Product) StoreIdentity.RefuseForeign(store, tables);
    }

    private static async Task MigrateAsync(NpgsqlConnection connection, string store, TimeProvider time, CancellationToken cancel)
    {
        await connection.ExecuteAsync(new CommandDefinition(
            "CREATE TABLE IF NOT EXISTS schema_version (version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL)",
            cancellationToken: cancel));
        var current = await connection.ExecuteScalarAsync<int>(
            new CommandDefinition("SELECT coalesce(max(version), 0) FROM schema_version", cancellationToken: cancel));
        foreach (var script in SchemaScript.After(Scripts, current, store))
        {
            await connection.ExecuteAsync(new CommandDefinition(script.Sql, cancellationToken: cancel));
            await connection.ExecuteAsync(new CommandDefinition(
                "INSERT INTO schema_version VALUES (@Version, @Name, @At)", new { script.Version, script.Name, At = time.GetUtcNow() },
                cancellationToken: cancel));
        }
    }
}
