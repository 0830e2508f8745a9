using System.Globalization;

namespace CandleStream.Storage.Sqlite;

/// <summary>
/// "One server per store" for a file: a second file beside it, held open under an exclusive lock of the operating system, which ends with the process
/// whatever ends it. It holds the process id, for the message to the one who comes second.
/// </summary>
internal static class SqliteServerLock
{
    /// <summary>Takes the lock; disposing the result frees it.</summary>
    /// <exception cref="StoreRefusedException">Another server holds it, or the folder cannot be written.</exception>
    public static IDisposable Take(string databasePath, string store)
    {
        var path = databasePath + ".lock";
        try
        {
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            file.SetLength(0);
            file.Write(System.Text.Encoding.ASCII.GetBytes(Environment.ProcessId.ToString(CultureInfo.InvariantCulture)));
            file.Flush();
            return file;
        }
        catch (UnauthorizedAccessException error)
        {
            throw SqliteErrors.CannotWrite(store, error);
        }
        catch (IOException error)
        {
            throw new StoreRefusedException($"{store} is in use by another server{Holder(path)}: one server per store. Stop it, or choose another Storage:SqlitePath.", error);
        }
    }

    // Reading with FileShare.ReadWrite asks for no lock, so it works although the file is held.
    private static string Holder(string path)
    {
        try
        {
            using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
            return int.TryParse(reader.ReadLine(), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? $" (process {id})" : "";
        }
        catch (IOException)
        {
            return "";
        }
    }
}
