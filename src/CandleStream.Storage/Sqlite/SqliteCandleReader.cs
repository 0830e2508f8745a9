using System.Globalization;
using CandleStream.Storage.Shared;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace CandleStream.Storage.Sqlite;

/// <summary>
/// Reads candles of one query. Numbers are parsed from SQLite's own UTF-8 bytes; a string for each would double the time.
/// </summary>
internal static class SqliteCandleReader
{
    public const string Columns =
        "time, open, high, low, close, volume, rev, origin, trades, quote_volume, taker_buy_volume, taker_buy_quote_volume";

    public static List<Candle> Read(SqliteConnection connection, string sql, int limit, ReadOnlySpan<(string Name, long Value)> parameters)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        command.Parameters.AddWithValue("@limit", limit);
        using var reader = command.ExecuteReader();
        var candles = new List<Candle>(Math.Min(limit, CandlePages.Rows));
        while (reader.Read())
        {
            var row = reader.Handle!;
            candles.Add(new Candle(
                raw.sqlite3_column_int64(row, 0), Decimal(row, 1), Decimal(row, 2), Decimal(row, 3), Decimal(row, 4), Decimal(row, 5),
                Closed: true,
                new Rev(raw.sqlite3_column_int64(row, 6)), (CandleOrigin)raw.sqlite3_column_int(row, 7), Figures(row)));
        }

        return candles;
    }

    private static TradeFigures Figures(sqlite3_stmt row) => IsNull(row, 8)
        ? default
        : TradeFigures.Of(raw.sqlite3_column_int64(row, 8), DecimalOrNull(row, 9), DecimalOrNull(row, 10), DecimalOrNull(row, 11));

    private static bool IsNull(sqlite3_stmt row, int column) => raw.sqlite3_column_type(row, column) == raw.SQLITE_NULL;

    private static decimal? DecimalOrNull(sqlite3_stmt row, int column) => IsNull(row, column) ? null : Decimal(row, column);

    private static decimal Decimal(sqlite3_stmt row, int column) =>
        decimal.Parse(raw.sqlite3_column_blob(row, column), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture);
}
