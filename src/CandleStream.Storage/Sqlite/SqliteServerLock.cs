namespace CandleStream.Storage.Sqlite;

/// <summary>
/// "One server per store" for a file: a second file beside it, held open under an exclusive lock of the operating system, which ends with
/// the process, whatever ends that.
/// </summary>
internal static class SqliteServerLock
{
    // EAGAIN on Linux and on macOS, a sharing violation on Windows: the only failures that mean "held by another".
    private static readonly int[] Held = [11, 35, unchecked((int)0x80070020)];

    /// <summary>
    /// Takes the lock; disposing the result frees it. The file stays: deleting it would let two servers lock two files of the same name.
    /// </summary>
    /// <exception cref="StoreRefusedException">Another server holds it, or the folder cannot be written.</exception>
    public static IDisposable Take(string databasePath, string store)
    {
        try
        {
            return new FileStream(databasePath + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error) when (Held.Contains(error.HResult))
        {
            throw new StoreRefusedException(
                $"{store} is in use by another server: one server per store. Stop it, or choose another Storage:SqlitePath.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw SqliteErrors.CannotWrite(store, error);
        }
    }
}
