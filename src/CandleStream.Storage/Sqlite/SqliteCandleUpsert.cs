using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace CandleStream.Storage.Sqlite;

/// <summary>
/// The one statement that a busy store runs all day, prepared once. It binds numbers as UTF-8 text straight into SQLite: through command
/// parameters each candle would cost five strings and eight boxes, twice the time of the insert itself.
/// </summary>
internal sealed class SqliteCandleUpsert : IDisposable
{
    private const string Sql = """
        INSERT INTO candle (series_id, time, open, high, low, close, volume, rev) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
        ON CONFLICT (series_id, time) DO UPDATE
        SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume, rev = excluded.rev
        WHERE excluded.rev > candle.rev
        """;

    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    public SqliteCandleUpsert(SqliteConnection connection)
    {
        _database = connection.Handle!;
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(_database, Sql, out _statement), _database);
    }

    public void Execute(int seriesId, in Candle candle)
    {
        raw.sqlite3_bind_int(_statement, 1, seriesId);
        raw.sqlite3_bind_int64(_statement, 2, candle.Time);
        Bind(3, candle.Open);
        Bind(4, candle.High);
        Bind(5, candle.Low);
        Bind(6, candle.Close);
        Bind(7, candle.Volume);
        raw.sqlite3_bind_int64(_statement, 8, candle.Rev);
        var result = raw.sqlite3_step(_statement);
        raw.sqlite3_reset(_statement);
        if (result != raw.SQLITE_DONE) SqliteException.ThrowExceptionForRC(result, _database);
    }

    public void Dispose() => _statement.Dispose();

    private void Bind(int index, decimal value)
    {
        // A decimal has at most 29 digits, a sign and a point.
        Span<byte> text = stackalloc byte[32];
        value.TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
        raw.sqlite3_bind_text(_statement, index, text[..length]);
    }
}
