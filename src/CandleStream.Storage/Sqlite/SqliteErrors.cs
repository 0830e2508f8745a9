using Microsoft.Data.Sqlite;

namespace CandleStream.Storage.Sqlite;

/// <summary>What SQLite's errors mean for the one who runs the server. Codes: SQLite documentation, "Result and Error Codes".</summary>
internal static class SqliteErrors
{
    private const int Busy = 5, Locked = 6, ReadOnly = 8, Corrupt = 11, Full = 13, CantOpen = 14, NotADatabase = 26;

    /// <summary>An error while the store opens: refused where trying again cannot help.</summary>
    public static Exception AtOpen(string store, SqliteException error) => error.SqliteErrorCode switch
    {
        ReadOnly or CantOpen => CannotWrite(store, error),
        NotADatabase =>
            new StoreRefusedException($"{store} is not a SQLite database: move it away or choose another Storage:SqlitePath.", error),
        Corrupt => new StoreRefusedException(
            $"{store} is damaged: restore a backup, or move it away and let the server fetch the candles again.", error),
        _ => InUse(store, error),
    };

    /// <summary>An error while the store is in use: it may pass.</summary>
    public static StoreUnavailableException InUse(string store, SqliteException error) => error.SqliteErrorCode switch
    {
        Busy or Locked => new StoreUnavailableException($"{store} is locked: another process has been writing for too long.", error),
        Full => new StoreUnavailableException($"{store} is full: the disk or Storage:SqliteMaxSizeMb allows no more.", error),
        ReadOnly => new StoreUnavailableException($"{store} cannot be written any more.", error),
        _ => new StoreUnavailableException($"{store} failed: SQLite error {error.SqliteExtendedErrorCode}.", error),
    };

    /// <summary>The file or its folder does not let us write.</summary>
    public static StoreRefusedException CannotWrite(string store, Exception? error = null) =>
        new($"{store} cannot be written: check the permissions of the file and its folder, or choose another Storage:SqlitePath.", error);
}
