using System.Net.Sockets;
using Npgsql;

namespace CandleStream.Storage.Postgres;

/// <summary>What PostgreSQL's errors mean for the one who runs the server. Codes: PostgreSQL documentation, appendix A.</summary>
internal static class PostgresErrors
{
    /// <summary>True for everything a connection may throw that is not our own bug.</summary>
    public static bool IsFromDatabase(Exception error) => error is NpgsqlException or SocketException or TimeoutException or IOException;

    /// <summary>True where the same work may succeed at once on a new connection or in a new transaction.</summary>
    public static bool IsWorthRepeating(Exception error) => error switch
    {
        PostgresException known => known.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown
            or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure
            // Another writer added candles between our look and our COPY: the next look finds them.
            or PostgresErrorCodes.UniqueViolation,
        NpgsqlException lost => lost.InnerException is IOException,
        _ => false,
    };

    /// <summary>An error while the store opens: refused where trying again cannot help.</summary>
    public static Exception AtOpen(string store, Exception error) => (error as PostgresException)?.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
            new StoreRefusedException($"{store} refused the user or the password.", error),
        PostgresErrorCodes.InvalidCatalogName =>
            new StoreRefusedException($"{store} does not exist: create the database first (createdb).", error),
        // Since PostgreSQL 15 only the owner of a database may create tables in its schema public; a grant on the database does not help.
        PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.InvalidSchemaName => new StoreRefusedException(
            $"{store} does not let this user create or use the tables. As the owner of the database: GRANT USAGE, CREATE ON SCHEMA public TO this user; tables that another user made must be given to it (ALTER TABLE … OWNER TO).",
            error),
        PostgresErrorCodes.ReadOnlySqlTransaction =>
            new StoreRefusedException($"{store} cannot be written: it is read-only (a standby?).", error),
        PostgresErrorCodes.LockNotAvailable => new StoreRefusedException(
            $"{store} is in use by another server: one server per store. Stop it, or choose another database.", error),
        _ => InUse(store, error),
    };

    /// <summary>An error while the store is in use: it may pass.</summary>
    public static StoreUnavailableException InUse(string store, Exception error) => new(
        error switch
        {
            PostgresException { SqlState: PostgresErrorCodes.DiskFull } => $"{store} is full: its disk has no space left.",
            PostgresException { SqlState: PostgresErrorCodes.ReadOnlySqlTransaction } =>
                $"{store} cannot be written any more: it is read-only.",
            PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } => $"{store} has no free connection.",
            PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow } => $"{store} is starting up or shutting down.",
            PostgresException known => $"{store} failed: {known.SqlState} {known.MessageText}.",
            NpgsqlException { InnerException: TimeoutException } or TimeoutException => $"{store} did not answer in time.",
            _ => $"{store} cannot be reached.",
        },
        error);
}
