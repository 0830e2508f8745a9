using Dapper;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace CandleStream.Storage.Sqlite;

/// <summary>The one connection that writes, with its prepared statement. Not thread-safe: the store lets one call in at a time.</summary>
internal sealed class SqliteWriter : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCandleUpsert _upsert;

    // Series are never deleted, so an id once committed stays true.
    private readonly Dictionary<SeriesKey, int> _ids = [];

    public SqliteWriter(SqliteConnection connection) => (_connection, _upsert) = (connection, new SqliteCandleUpsert(connection));

    /// <summary>Runs <paramref name="work"/> in a transaction: all of it, or nothing.</summary>
    public T InTransaction<T>(Func<SqliteConnection, T> work)
    {
        _connection.Execute("BEGIN IMMEDIATE");
        try
        {
            var result = work(_connection);
            _connection.Execute("COMMIT");
            return result;
        }
        catch
        {
            RollBack(_connection);
            throw;
        }
    }

    public void Save(StoreBatch batch, CancellationToken cancel)
    {
        var added = new Dictionary<SeriesKey, int>();
        InTransaction(_ => SaveRows(batch, added, cancel));
        foreach (var (series, id) in added) _ids[series] = id;
    }

    public void Dispose()
    {
        _upsert.Dispose();
        _connection.Dispose();
    }

    /// <summary>Ends a transaction, unless SQLite already ended it itself, as it does when the disk is full.</summary>
    public static void RollBack(SqliteConnection connection)
    {
        if (raw.sqlite3_get_autocommit(connection.Handle) == 0) connection.Execute("ROLLBACK");
    }

    private int SaveRows(StoreBatch batch, Dictionary<SeriesKey, int> added, CancellationToken cancel)
    {
        foreach (var (series, candle) in batch.Candles)
        {
            cancel.ThrowIfCancellationRequested();
            _upsert.Execute(IdOf(series, added), candle);
        }

        foreach (var changes in batch.Changes.GroupBy(c => c.Series)) SaveChanges(IdOf(changes.Key, added), [.. changes]);
        return batch.Candles.Count;
    }

    private int IdOf(SeriesKey series, Dictionary<SeriesKey, int> added)
    {
        if (_ids.TryGetValue(series, out var id) || added.TryGetValue(series, out id)) return id;
        var name = new { series.Symbol, Timeframe = series.Timeframe.Name };
        _connection.Execute("INSERT INTO series (symbol, timeframe) VALUES (@Symbol, @Timeframe) ON CONFLICT DO NOTHING", name);
        return added[series] = _connection.QuerySingle<int>("SELECT id FROM series WHERE symbol = @Symbol AND timeframe = @Timeframe", name);
    }

    private void SaveChanges(int id, SeriesChange[] changes)
    {
        var window = CoverageEdit.WindowOf(changes);
        if (!window.IsEmpty) SaveCoverage(id, CoverageEdit.Of(ReadCoverage(_connection, id, window), changes));
        var completeFrom = Array.FindLast(changes, c => c.CompleteFrom is not null)?.CompleteFrom;
        var followedUntil = Array.FindLast(changes, c => c.FollowedUntil is not null)?.FollowedUntil;
        if (completeFrom is null && followedUntil is null) return;
        _connection.Execute(
            "UPDATE series SET complete_from = coalesce(@completeFrom, complete_from), followed_until = coalesce(@followedUntil, followed_until) WHERE id = @id",
            new { completeFrom, followedUntil, id });
    }

    private void SaveCoverage(int id, CoverageEdit edit)
    {
        foreach (var range in edit.Deleted) _connection.Execute("DELETE FROM coverage WHERE series_id = @id AND from_ms = @From", new { id, range.From });
        foreach (var range in edit.Inserted) _connection.Execute("INSERT INTO coverage VALUES (@id, @From, @To)", new { id, range.From, range.To });
    }

    /// <summary>The stored ranges that overlap or touch <paramref name="window"/>: the last one that starts before it, and those that start within.</summary>
    public static List<TimeRange> ReadCoverage(SqliteConnection connection, int id, TimeRange window) =>
        connection.Query<(long From, long To)>(
            """
            SELECT from_ms, to_ms FROM coverage
            WHERE series_id = @id AND from_ms <= @To AND from_ms >= coalesce((SELECT max(from_ms) FROM coverage WHERE series_id = @id AND from_ms <= @From), @From)
            ORDER BY from_ms
            """,
            new { id, window.From, window.To }).Select(r => new TimeRange(r.From, r.To)).ToList();
}
