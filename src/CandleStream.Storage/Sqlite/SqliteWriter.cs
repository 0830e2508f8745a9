using CandleStream.Storage.Shared;
using Dapper;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace CandleStream.Storage.Sqlite;

/// <summary>The one connection that writes, with its prepared statements. Not thread-safe: the store lets one call in at a time.</summary>
internal sealed class SqliteWriter : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteStatement _upsertCandle;
    private readonly SqliteStatement _readCoverage;
    private readonly SqliteStatement _deleteCoverage;
    private readonly SqliteStatement _insertCoverage;
    private readonly SqliteStatement _updateSeries;

    // Series are never deleted, so an id once committed stays true.
    private readonly Dictionary<SeriesKey, int> _ids = [];

    public SqliteWriter(SqliteConnection connection)
    {
        _connection = connection;
        _upsertCandle = new(connection, """
            INSERT INTO candle (series_id, time, open, high, low, close, volume, rev, origin,
                trades, quote_volume, taker_buy_volume, taker_buy_quote_volume)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
            ON CONFLICT (series_id, time) DO UPDATE
            SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume,
                rev = excluded.rev, origin = excluded.origin, trades = excluded.trades, quote_volume = excluded.quote_volume,
                taker_buy_volume = excluded.taker_buy_volume, taker_buy_quote_volume = excluded.taker_buy_quote_volume
            WHERE excluded.rev > candle.rev
            """);
        // The stored ranges that overlap or touch a window: the last one that starts before it, and those that start within.
        _readCoverage = new(connection, """
            SELECT from_ms, to_ms FROM coverage
            WHERE series_id = ?1 AND from_ms <= ?3 AND from_ms >= coalesce((SELECT max(from_ms) FROM coverage WHERE series_id = ?1 AND from_ms <= ?2), ?2)
            ORDER BY from_ms
            """);
        _deleteCoverage = new(connection, "DELETE FROM coverage WHERE series_id = ?1 AND from_ms = ?2");
        _insertCoverage = new(connection, "INSERT INTO coverage (series_id, from_ms, to_ms) VALUES (?1, ?2, ?3)");
        // As SeriesRecord.With says.
        _updateSeries = new(connection, """
            UPDATE series
            SET told_from = CASE WHEN ?2 > complete_from THEN ?3 ELSE min(told_from, ?3) END, complete_from = max(complete_from, ?2)
            WHERE id = ?1 AND (?2 > complete_from OR ?3 < told_from)
            """);
    }

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
        _upsertCandle.Dispose();
        _readCoverage.Dispose();
        _deleteCoverage.Dispose();
        _insertCoverage.Dispose();
        _updateSeries.Dispose();
        _connection.Dispose();
    }

    /// <summary>Ends a transaction, unless SQLite already ended it itself, as it does when the disk is full.</summary>
    public static void RollBack(SqliteConnection connection)
    {
        if (raw.sqlite3_get_autocommit(connection.Handle) == 0) connection.Execute("ROLLBACK");
    }

    private int SaveRows(StoreBatch batch, Dictionary<SeriesKey, int> added, CancellationToken cancel)
    {
        // Series by series, as the file keeps them: in the order of arrival, with hundreds of series in turn, every row would be on another
        // page.
        foreach (var (id, candle) in batch.Candles.Select(c => (Id: IdOf(c.Series, added), c.Candle)).OrderBy(c => c.Id)
            .ThenBy(c => c.Candle.Time))
        {
            cancel.ThrowIfCancellationRequested();
            _upsertCandle.Bind(id).Bind(candle.Time)
                .Bind(candle.Open).Bind(candle.High).Bind(candle.Low).Bind(candle.Close).Bind(candle.Volume).Bind(candle.Rev.Value)
                .Bind((long)candle.Origin).Bind(candle.Figures.Trades).Bind(candle.Figures.QuoteVolume)
                .Bind(candle.Figures.TakerBuyVolume).Bind(candle.Figures.TakerBuyQuoteVolume).Execute();
        }

        foreach (var changes in batch.Changes.GroupBy(c => c.Series)) SaveChanges(IdOf(changes.Key, added), [.. changes]);
        return batch.Candles.Count;
    }

    private int IdOf(SeriesKey series, Dictionary<SeriesKey, int> added)
    {
        if (_ids.TryGetValue(series, out var id) || added.TryGetValue(series, out id)) return id;
        var name = new { series.Symbol, Timeframe = series.Timeframe.Name };
        _connection.Execute("INSERT INTO series (symbol, timeframe) VALUES (@Symbol, @Timeframe) ON CONFLICT DO NOTHING", name);
        return added[series] =
            _connection.QuerySingle<int>("SELECT id FROM series WHERE symbol = @Symbol AND timeframe = @Timeframe", name);
    }

    private void SaveChanges(int id, SeriesChange[] changes)
    {
        var window = CoverageEdit.WindowOf(changes);
        if (!window.IsEmpty) SaveCoverage(id, CoverageEdit.Of(ReadCoverage(id, window), changes));
        var (completeFrom, toldFrom) = CoverageEdit.PromiseOf(changes);
        _updateSeries.Bind(id).Bind(completeFrom.Value).Bind(toldFrom).Execute();
    }

    private List<TimeRange> ReadCoverage(int id, TimeRange window)
    {
        var ranges = new List<TimeRange>();
        _readCoverage.Bind(id).Bind(window.From).Bind(window.To);
        while (_readCoverage.Step()) ranges.Add(new TimeRange(_readCoverage.Int64(0), _readCoverage.Int64(1)));
        return ranges;
    }

    private void SaveCoverage(int id, CoverageEdit edit)
    {
        foreach (var range in edit.Deleted) _deleteCoverage.Bind(id).Bind(range.From).Execute();
        foreach (var range in edit.Inserted) _insertCoverage.Bind(id).Bind(range.From).Bind(range.To).Execute();
    }
}
