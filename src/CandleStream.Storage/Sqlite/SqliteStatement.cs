using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace CandleStream.Storage.Sqlite;

/// <summary>
/// A statement prepared once and run all day. Numbers go in as they are and decimals as UTF-8 text: through command parameters a candle
/// would cost five strings and eight boxes, twice the time of the insert itself. Parameters are numbered from 1, in the order of the calls.
/// </summary>
internal sealed class SqliteStatement : IDisposable
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;
    private int _bound;

    public SqliteStatement(SqliteConnection connection, string sql)
    {
        _database = connection.Handle!;
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(_database, sql, out _statement), _database);
    }

    public SqliteStatement Bind(long value)
    {
        raw.sqlite3_bind_int64(_statement, ++_bound, value);
        return this;
    }

    public SqliteStatement Bind(decimal value)
    {
        // A decimal has at most 29 digits, a sign and a point.
        Span<byte> text = stackalloc byte[32];
        value.TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
        raw.sqlite3_bind_text(_statement, ++_bound, text[..length]);
        return this;
    }

    public SqliteStatement Bind(long? value)
    {
        if (value is { } number) return Bind(number);
        raw.sqlite3_bind_null(_statement, ++_bound);
        return this;
    }

    public SqliteStatement Bind(decimal? value)
    {
        if (value is { } number) return Bind(number);
        raw.sqlite3_bind_null(_statement, ++_bound);
        return this;
    }

    /// <summary>Runs the statement to its end; what it returns is dropped.</summary>
    public void Execute()
    {
        while (Step()) { }
    }

    /// <summary>
    /// Takes one step: true for a row, whose columns <see cref="Int64"/> reads; false at the end, where the statement is ready for its next
    /// run.
    /// </summary>
    public bool Step()
    {
        var result = raw.sqlite3_step(_statement);
        if (result == raw.SQLITE_ROW) return true;
        raw.sqlite3_reset(_statement);
        _bound = 0;
        if (result != raw.SQLITE_DONE) SqliteException.ThrowExceptionForRC(result, _database);
        return false;
    }

    public long Int64(int column) => raw.sqlite3_column_int64(_statement, column);

    public void Dispose() => _statement.Dispose();
}
