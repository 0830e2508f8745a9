using CandleStream.Storage.Shared;
using Dapper;
using Microsoft.Data.Sqlite;

namespace CandleStream.Storage.Sqlite;

/// <summary>
/// Brings a SQLite file to the newest schema and checks that it is ours and of the right source. Changes nothing in a file of another
/// program.
/// </summary>
internal static class SqliteSchema
{
    private static readonly IReadOnlyList<SchemaScript> Scripts = SchemaScript.All("Sqlite");

    public static void Prepare(SqliteConnection connection, string store, string source, TimeProvider time)
    {
        RefuseForeign(connection, store);
        connection.Execute("PRAGMA journal_mode = WAL");
        // Two programs may start on an empty file at once: the second waits here and then finds the work done.
        connection.Execute("BEGIN IMMEDIATE");
        try
        {
            Migrate(connection, store, time);
            connection.Execute(
                "INSERT INTO meta (name, value) VALUES (@ProductName, @Product), (@SourceName, @source) ON CONFLICT DO NOTHING",
                new { StoreIdentity.ProductName, StoreIdentity.Product, StoreIdentity.SourceName, source });
            StoreIdentity.CheckSource(store, connection.QuerySingle<string>(
                "SELECT value FROM meta WHERE name = @SourceName", new { StoreIdentity.SourceName }), source);
            connection.Execute("COMMIT");
        }
        catch
        {
            SqliteWriter.RollBack(connection);
            throw;
        }
    }

    private static void RefuseForeign(SqliteConnection connection, string store)
    {
        var tables = connection.Query<string>("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").AsList();
        if (tables.Count == 0) return;
        var product = tables.Contains("meta") && tables.Contains("schema_version")
            && connection.Query<string>("SELECT name FROM pragma_table_info('meta')").Order(StringComparer.Ordinal)
            .SequenceEqual(["name", "value"])
                ? connection.QueryFirstOrDefault<string>(
                    "SELECT value FROM meta WHERE name = @ProductName", new { StoreIdentity.ProductName })
                : null;
        if (product != StoreIdentity.Product) StoreIdentity.RefuseForeign(store, tables);
    }

    private static void Migrate(SqliteConnection connection, string store, TimeProvider time)
    {
        connection.Execute(
            "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT");
        var current = connection.ExecuteScalar<int>("SELECT coalesce(max(version), 0) FROM schema_version");
        foreach (var script in SchemaScript.After(Scripts, current, store))
        {
            connection.Execute(script.Sql);
            connection.Execute("INSERT INTO schema_version VALUES (@Version, @Name, @At)",
                new { script.Version, script.Name, At = time.GetUtcNow().ToString("O") });
        }
    }
}
