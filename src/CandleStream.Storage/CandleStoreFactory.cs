using CandleStream.Storage.Postgres;
using CandleStream.Storage.Sqlite;
using Microsoft.Extensions.Logging;

namespace CandleStream.Storage;

/// <summary>Chooses the store: PostgreSQL where a <c>DATABASE_URL</c> is given, else a SQLite file.</summary>
public static class CandleStoreFactory
{
    /// <summary>Makes the store without touching it; <see cref="ICandleStore.OpenAsync"/> connects.</summary>
    /// <exception cref="StoreRefusedException">The URL is malformed.</exception>
    public static ICandleStore Create(StorageOptions options, string? databaseUrl, TimeProvider time, ILoggerFactory loggers) =>
        string.IsNullOrWhiteSpace(databaseUrl)
            ? new SqliteCandleStore(options, time, loggers.CreateLogger<SqliteCandleStore>())
            : new PostgresCandleStore(
                DatabaseUrl.Parse(databaseUrl, options.ConnectTimeout), options, time, loggers.CreateLogger<PostgresCandleStore>());
}
