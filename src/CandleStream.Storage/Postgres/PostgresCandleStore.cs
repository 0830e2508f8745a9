using System.Collections.Concurrent;
using CandleStream.Storage.Shared;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace CandleStream.Storage.Postgres;

/// <summary>
/// Candles in a PostgreSQL database (13 or newer): one connection writes and holds the server's lock, a pool of others reads. A lost
/// connection is replaced by itself.
/// </summary>
public sealed partial class PostgresCandleStore : ICandleStore, INoteStore
{
    private const int DeletedAtOnce = 10_000, Attempts = 3;
    private const string Columns =
        "time, open, high, low, close, volume, rev, origin, trades, quote_volume, taker_buy_volume, taker_buy_quote_volume";

    private readonly StorageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly string _store;
    private readonly string _writerSettings;
    private readonly NpgsqlDataSource _readers;

    // Saves readers a query. Series are never deleted; forgotten with a lost connection, after which the database may be another one.
    private readonly ConcurrentDictionary<SeriesKey, int> _ids = [];

    // One writer at a time; also guards opening and closing.
    private readonly SemaphoreSlim _gate = new(1, 1);
    private PostgresWriter? _writer;

    // Set when the store was opened for the first time; what a new writer connection has to check again.
    private volatile Opening? _opened;

    public PostgresCandleStore(
        NpgsqlConnectionStringBuilder settings, StorageOptions options, TimeProvider time, ILogger<PostgresCandleStore> log)
    {
        (_options, _time, _log) = (options, time, log);
        _store = $"The store {settings.Database} on PostgreSQL at {settings.Host}:{settings.Port}";
        settings = new NpgsqlConnectionStringBuilder(settings.ConnectionString)
        {
            CommandTimeout = (int)Math.Ceiling(options.CommandTimeout.TotalSeconds),
            MaxPoolSize = options.MaxConnections - 1,
            MaxAutoPrepare = 20,
            // Our readers leave nothing behind in a session that would have to be reset.
            NoResetOnClose = true,
            // Every query of ours walks an index. Where a table was just filled and has no statistics yet, the planner would rather sort a
            // whole series for its newest candles.
            Options = $"{settings.Options} -c enable_seqscan=off -c enable_bitmapscan=off".TrimStart(),
        };
        settings.ApplicationName ??= StoreIdentity.Product;
        _readers = NpgsqlDataSource.Create(settings);
        // The lock ends with the session: a pooled connection would keep its session, and with it the lock, after it was given back.
        // Asked every 15 s whether it still lives, so that no firewall forgets it.
        _writerSettings = new NpgsqlConnectionStringBuilder(settings.ConnectionString) { Pooling = false, KeepAlive = 15 }.ConnectionString;
    }

    private sealed record Opening(string Source, bool Exclusive);

    public async Task OpenAsync(string source, bool exclusive, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel);
        try
        {
            await CloseWriterAsync();
            var opening = new Opening(source, exclusive);
            _writer = await OpenWriterAsync(opening, cancel);
            _opened = opening;
            LogOpened(_log, _store, source);
        }
        catch (Exception error) when (PostgresErrors.IsFromDatabase(error))
        {
            throw PostgresErrors.AtOpen(_store, error);
        }
        finally
        {
            _gate.Release();
        }
    }

    public Task SaveAsync(StoreBatch batch, CancellationToken cancel) =>
        batch.IsEmpty ? Task.CompletedTask : WriteAsync(async writer => { await writer.SaveAsync(batch, cancel); return 0; }, cancel);

    public IAsyncEnumerable<Candle> ReadAsync(SeriesKey series, TimeRange range, int limit, bool newestFirst, CancellationToken cancel)
    {
        var sql =
            $"SELECT {Columns} FROM candle WHERE series_id = $1 AND time >= $2 AND time < $3 ORDER BY time {(newestFirst ? "DESC" : "ASC")} LIMIT $4";
        return CandlePages.ByTimeAsync(
            (part, rows, token) => ReadPageAsync(series, sql, [part.From, part.To], rows, token), range, limit, newestFirst, cancel);
    }

    public IAsyncEnumerable<Candle> ChangesSinceAsync(SeriesKey series, Rev rev, int limit, CancellationToken cancel)
    {
        // "rev >= $2" finds the place in the index, the rest drops what the page before had. A row comparison says the same, but the
        // planner takes it for rare.
        const string sql =
            $"SELECT {Columns} FROM candle WHERE series_id = $1 AND rev >= $2 AND (rev > $2 OR time > $3) ORDER BY rev, time LIMIT $4";
        return CandlePages.ByRevAsync(
            (after, time, rows, token) => ReadPageAsync(series, sql, [after.Value, time], rows, token), rev, limit, cancel);
    }

    public Task<Rev> HighestRevAsync(CancellationToken cancel) => ReadAsync(
        async connection => new Rev(await connection.ExecuteScalarAsync<long>(new CommandDefinition(
            "SELECT coalesce(max(newest.rev), 0) FROM series CROSS JOIN LATERAL (SELECT rev FROM candle WHERE series_id = series.id ORDER BY rev DESC LIMIT 1) newest", cancellationToken: cancel))),
        cancel);

    public Task<SeriesRecord?> FindSeriesAsync(SeriesKey series, CancellationToken cancel) => ReadAsync(
        async connection =>
        {
            var found = await connection.QueryFirstOrDefaultAsync<(int Id, long CompleteFrom, long ToldFrom)>(new CommandDefinition(
                "SELECT id, complete_from, told_from FROM series WHERE symbol = @Symbol AND timeframe = @Name",
                new { series.Symbol, series.Timeframe.Name }, cancellationToken: cancel));
            if (found.Id == 0) return null;
            var verified = await connection.QueryAsync<(long From, long To)>(new CommandDefinition(
                "SELECT from_ms, to_ms FROM coverage WHERE series_id = @Id ORDER BY from_ms", new { found.Id }, cancellationToken: cancel));
            return new SeriesRecord(
                TimeRangeSet.Of(verified.Select(r => new TimeRange(r.From, r.To))), new Rev(found.CompleteFrom), found.ToldFrom);
        },
        cancel);

    public Task<IReadOnlyList<SeriesKey>> ListSeriesAsync(CancellationToken cancel) => ReadAsync<IReadOnlyList<SeriesKey>>(
        async connection => [.. (await connection.QueryAsync<(string Symbol, string Timeframe)>(
            new CommandDefinition("SELECT symbol, timeframe FROM series ORDER BY symbol, timeframe", cancellationToken: cancel)))
            .Select(s => new SeriesKey(s.Symbol, Timeframe.Parse(s.Timeframe)))],
        cancel);

    public Task<SymbolList?> FindSymbolsAsync(CancellationToken cancel) => ReadAsync(
        async connection => SymbolListJson.Read(await connection.QueryFirstOrDefaultAsync<string>(new CommandDefinition(
            "SELECT value FROM meta WHERE name = @SymbolsName", new { StoreIdentity.SymbolsName }, cancellationToken: cancel))),
        cancel);

    public Task SaveSymbolsAsync(SymbolList symbols, CancellationToken cancel) => WriteAsync(
        writer => writer.ExecuteAsync("INSERT INTO meta VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", cancel,
            StoreIdentity.SymbolsName, SymbolListJson.Write(symbols)),
        cancel);

    public Task<string?> FindNoteAsync(string name, CancellationToken cancel) => ReadAsync(
        connection => connection.QueryFirstOrDefaultAsync<string?>(new CommandDefinition(
            "SELECT value FROM meta WHERE name = @name", new { name = StoreIdentity.NotePrefix + name }, cancellationToken: cancel)),
        cancel);

    public Task SaveNoteAsync(string name, string text, CancellationToken cancel) => WriteAsync(
        writer => writer.ExecuteAsync("INSERT INTO meta VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", cancel,
            StoreIdentity.NotePrefix + name, text),
        cancel);

    public Task DeleteFromRevAsync(SeriesKey series, Rev rev, CancellationToken cancel) => WriteAsync(
        writer => writer.ExecuteAsync(
            """
            WITH mended AS (
                UPDATE series SET complete_from = CASE WHEN complete_from >= $1 THEN 0 ELSE complete_from END
                WHERE symbol = $2 AND timeframe = $3 RETURNING id)
            DELETE FROM candle USING mended WHERE candle.series_id = mended.id AND candle.rev >= $1
            """,
            cancel, rev.Value, series.Symbol, series.Timeframe.Name),
        cancel);

    public async Task<DeletedCandles> DeleteBeforeAsync(SeriesKey series, long time, CancellationToken cancel)
    {
        if (await ReadAsync(connection => FindIdAsync(connection, series, cancel), cancel) is not { } id) return default;
        var highestRev = await ReadAsync(
            async connection => new Rev(await connection.ExecuteScalarAsync<long>(new CommandDefinition(
                "SELECT coalesce(max(rev), 0) FROM candle WHERE series_id = @id AND time < @time", new { id, time },
                cancellationToken: cancel))),
            cancel);
        await SaveAsync(
            new StoreBatch([], [DeletedBefore.ChangeOf(series, time, highestRev, (await FindSeriesAsync(series, cancel))!)]), cancel);
        long deleted = 0;
        while (true)
        {
            var rows = await WriteAsync(
                writer => writer.ExecuteAsync(
                    $"DELETE FROM candle WHERE series_id = $1 AND time = ANY (ARRAY(SELECT time FROM candle WHERE series_id = $1 AND time < $2 ORDER BY time LIMIT {DeletedAtOnce}))", cancel, id, time),
                cancel);
            deleted += rows;
            if (rows < DeletedAtOnce) return new DeletedCandles(deleted, highestRev);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync();
        _opened = null;
        await CloseWriterAsync();
        await _readers.DisposeAsync();
        _gate.Release();
    }

    private async Task<PostgresWriter> OpenWriterAsync(Opening opening, CancellationToken cancel)
    {
        var connection = new NpgsqlConnection(_writerSettings);
        try
        {
            await connection.OpenAsync(cancel);
            if (opening.Exclusive) await PostgresSchema.TakeServerLockAsync(connection, _options.LockWait, cancel);
            await PostgresSchema.PrepareAsync(connection, _store, opening.Source, _time, cancel);
            return new PostgresWriter(connection, _options.ImportBatchRows);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task CloseWriterAsync()
    {
        if (_writer is null) return;
        await _writer.DisposeAsync();
        _writer = null;
    }

    // Everything we write may be written twice, so work that a lost connection left in doubt is simply done again.
    private async Task<T> WriteAsync<T>(Func<PostgresWriter, Task<T>> work, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel);
        try
        {
            // Looked at within the gate: one who waited there for the store's end must not connect, and take its lock, again.
            if (_opened is not { } opened) throw NotOpen();
            return await RepeatAsync(async () => await work(await WriterAsync(opened, cancel)));
        }
        catch (StoreRefusedException error)
        {
            throw new StoreUnavailableException(error.Message, error);
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<PostgresWriter> WriterAsync(Opening opened, CancellationToken cancel)
    {
        if (_writer is { IsBroken: false } writer) return writer;
        await CloseWriterAsync();
        try
        {
            _writer = await OpenWriterAsync(opened, cancel);
        }
        catch (PostgresException error) when (!PostgresErrors.IsWorthRepeating(error))
        {
            throw PostgresErrors.AtOpen(_store, error);
        }

        LogConnectedAgain(_log, _store);
        return _writer;
    }

    private Task<T> ReadAsync<T>(Func<NpgsqlConnection, Task<T>> query, CancellationToken cancel) => _opened is null
        ? Task.FromException<T>(NotOpen())
        : RepeatAsync(async () =>
        {
            await using var connection = await _readers.OpenConnectionAsync(cancel);
            return await query(connection);
        });

    private async Task<T> RepeatAsync<T>(Func<Task<T>> work)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await work();
            }
            catch (Exception error) when (attempt < Attempts && PostgresErrors.IsWorthRepeating(error))
            {
                LogConnectionLost(_log, _store, error);
                // When one connection was lost, those resting in the pool most likely are, too.
                _readers.Clear();
                _ids.Clear();
            }
            catch (Exception error) when (PostgresErrors.IsFromDatabase(error))
            {
                throw PostgresErrors.InUse(_store, error);
            }
        }
    }

    private ValueTask<List<Candle>> ReadPageAsync(SeriesKey series, string sql, long[] bounds, int rows, CancellationToken cancel) =>
        new(ReadAsync(
        async connection =>
        {
            if (!_ids.TryGetValue(series, out var id))
            {
                if (await FindIdAsync(connection, series, cancel) is not { } found) return [];
                id = _ids[series] = found;
            }

            await using var command = new NpgsqlCommand(sql, connection);
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = id });
            foreach (var bound in bounds) command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = bound });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = rows });
            await using var reader = await command.ExecuteReaderAsync(cancel);
            var candles = new List<Candle>(rows);
            while (await reader.ReadAsync(cancel))
            {
                candles.Add(new Candle(
                    reader.GetInt64(0), reader.GetDecimal(1), reader.GetDecimal(2), reader.GetDecimal(3), reader.GetDecimal(4),
                    reader.GetDecimal(5), Closed: true,
                    new Rev(reader.GetInt64(6)), (CandleOrigin)reader.GetInt16(7), FiguresOf(reader)));
            }

            return candles;
        },
        cancel));

    private static TradeFigures FiguresOf(NpgsqlDataReader reader) => reader.IsDBNull(8)
        ? default
        : TradeFigures.Of(reader.GetInt64(8), DecimalOrNull(reader, 9), DecimalOrNull(reader, 10), DecimalOrNull(reader, 11));

    private static decimal? DecimalOrNull(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetDecimal(column);

    private static Task<int?> FindIdAsync(NpgsqlConnection connection, SeriesKey series, CancellationToken cancel) =>
        connection.QueryFirstOrDefaultAsync<int?>(new CommandDefinition(
            "SELECT id FROM series WHERE symbol = @Symbol AND timeframe = @Name", new { series.Symbol, series.Timeframe.Name },
            cancellationToken: cancel));

    private StoreUnavailableException NotOpen() => new($"{_store} is not open.");

    [LoggerMessage(1, LogLevel.Information, "Store opened: {Store}, candles of {Source}")]
    private static partial void LogOpened(ILogger log, string store, string source);

    [LoggerMessage(2, LogLevel.Warning, "{Store}: connection lost, connecting again")]
    private static partial void LogConnectionLost(ILogger log, string store, Exception error);

    [LoggerMessage(3, LogLevel.Information, "{Store}: connected again, lock and source checked")]
    private static partial void LogConnectedAgain(ILogger log, string store);
}
