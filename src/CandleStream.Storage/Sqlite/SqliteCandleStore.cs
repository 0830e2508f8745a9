using CandleStream.Storage.Shared;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace CandleStream.Storage.Sqlite;

/// <summary>Candles in a SQLite file: one connection writes, a pool of them reads beside it (WAL).</summary>
public sealed partial class SqliteCandleStore : ICandleStore, INoteStore
{
    private const int DeletedAtOnce = 10_000;

    private readonly StorageOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly string _path;
    private readonly string _store;
    private readonly string _readers;

    // One writer at a time; also guards opening and closing.
    private readonly SemaphoreSlim _gate = new(1, 1);
    private IDisposable? _serverLock;
    private volatile SqliteWriter? _writer;

    public SqliteCandleStore(StorageOptions options, TimeProvider time, ILogger<SqliteCandleStore> log)
    {
        (_options, _time, _log) = (options, time, log);
        var path = Path.GetFullPath(options.SqlitePath);
        // Two names of one file must meet at one lock.
        _path = new FileInfo(path) is { LinkTarget: not null } link ? link.ResolveLinkTarget(returnFinalTarget: true)!.FullName : path;
        _store = $"The store {options.SqlitePath}";
        _readers = ConnectionString(pooling: true);
    }

    public Task OpenAsync(string source, bool exclusive, CancellationToken cancel) => WithGateAsync(() => Open(source, exclusive), cancel);

    public Task SaveAsync(StoreBatch batch, CancellationToken cancel) =>
        batch.IsEmpty ? Task.CompletedTask : WriteAsync(writer => writer.Save(batch, cancel), cancel);

    public IAsyncEnumerable<Candle> ReadAsync(SeriesKey series, TimeRange range, int limit, bool newestFirst, CancellationToken cancel)
    {
        var sql =
            $"SELECT {SqliteCandleReader.Columns} FROM candle WHERE series_id = @id AND time >= @from AND time < @to ORDER BY time {(newestFirst ? "DESC" : "ASC")} LIMIT @limit";
        return CandlePages.ByTimeAsync(
            (part, rows, _) => ReadPageAsync(series,
                (connection, id) => SqliteCandleReader.Read(connection, sql, rows, [("@id", id), ("@from", part.From), ("@to", part.To)])),
            range, limit, newestFirst, cancel);
    }

    public IAsyncEnumerable<Candle> ChangesSinceAsync(SeriesKey series, Rev rev, int limit, CancellationToken cancel)
    {
        const string sql =
            $"SELECT {SqliteCandleReader.Columns} FROM candle WHERE series_id = @id AND (rev, time) > (@rev, @time) ORDER BY rev, time LIMIT @limit";
        return CandlePages.ByRevAsync(
            (after, time, rows, _) => ReadPageAsync(series,
                (connection, id) => SqliteCandleReader.Read(connection, sql, rows, [("@id", id), ("@rev", after.Value), ("@time", time)])),
            rev, limit, cancel);
    }

    public Task<Rev> HighestRevAsync(CancellationToken cancel) => ReadAsync(connection => new Rev(connection.ExecuteScalar<long>(
        "SELECT coalesce(max((SELECT rev FROM candle WHERE series_id = series.id ORDER BY rev DESC LIMIT 1)), 0) FROM series")));

    public Task<SeriesRecord?> FindSeriesAsync(SeriesKey series, CancellationToken cancel) => ReadAsync(connection =>
    {
        if (FindId(connection, series) is not { } id) return null;
        var (completeFrom, toldFrom) =
            connection.QuerySingle<(long, long)>("SELECT complete_from, told_from FROM series WHERE id = @id", new { id });
        var verified = connection.Query<(long From, long To)>(
            "SELECT from_ms, to_ms FROM coverage WHERE series_id = @id ORDER BY from_ms", new { id });
        return new SeriesRecord(TimeRangeSet.Of(verified.Select(r => new TimeRange(r.From, r.To))), new Rev(completeFrom), toldFrom);
    });

    public Task<IReadOnlyList<SeriesKey>> ListSeriesAsync(CancellationToken cancel) => ReadAsync<IReadOnlyList<SeriesKey>>(connection =>
        [.. connection.Query<(string Symbol, string Timeframe)>("SELECT symbol, timeframe FROM series ORDER BY symbol, timeframe")
            .Select(s => new SeriesKey(s.Symbol, Timeframe.Parse(s.Timeframe)))]);

    public Task<SymbolList?> FindSymbolsAsync(CancellationToken cancel) => ReadAsync(connection =>
        SymbolListJson.Read(
            connection.QueryFirstOrDefault<string>("SELECT value FROM meta WHERE name = @SymbolsName", new { StoreIdentity.SymbolsName })));

    public Task SaveSymbolsAsync(SymbolList symbols, CancellationToken cancel) => WriteAsync(
        writer => writer.InTransaction(connection => connection.Execute(
            "INSERT INTO meta VALUES (@SymbolsName, @json) ON CONFLICT DO UPDATE SET value = excluded.value",
            new { StoreIdentity.SymbolsName, json = SymbolListJson.Write(symbols) })),
        cancel);

    public Task<string?> FindNoteAsync(string name, CancellationToken cancel) => ReadAsync(connection =>
        connection.QueryFirstOrDefault<string>(
            "SELECT value FROM meta WHERE name = @name", new { name = StoreIdentity.NotePrefix + name }));

    public Task SaveNoteAsync(string name, string text, CancellationToken cancel) => WriteAsync(
        writer => writer.InTransaction(connection => connection.Execute(
            "INSERT INTO meta VALUES (@name, @text) ON CONFLICT DO UPDATE SET value = excluded.value",
            new { name = StoreIdentity.NotePrefix + name, text })),
        cancel);

    public Task DeleteFromRevAsync(SeriesKey series, Rev rev, CancellationToken cancel) => WriteAsync(
        writer => writer.InTransaction(connection => connection.Execute(
            """
            DELETE FROM candle WHERE rev >= @rev AND series_id = (SELECT id FROM series WHERE symbol = @Symbol AND timeframe = @Name);
            UPDATE series SET complete_from = 0 WHERE complete_from >= @rev AND symbol = @Symbol AND timeframe = @Name;
            """,
            new { rev = rev.Value, series.Symbol, series.Timeframe.Name })),
        cancel);

    public async Task<DeletedCandles> DeleteBeforeAsync(SeriesKey series, long time, CancellationToken cancel)
    {
        if (await ReadAsync(connection => FindId(connection, series)) is not { } id) return default;
        var highestRev = await ReadAsync(connection => new Rev(connection.ExecuteScalar<long>(
            "SELECT coalesce(max(rev), 0) FROM candle WHERE series_id = @id AND time < @time", new { id, time })));
        await SaveAsync(
            new StoreBatch([], [DeletedBefore.ChangeOf(series, time, highestRev, (await FindSeriesAsync(series, cancel))!)]), cancel);
        long deleted = 0;
        while (true)
        {
            var rows = 0;
            await WriteAsync(writer => rows = writer.InTransaction(connection => connection.Execute(
                "DELETE FROM candle WHERE series_id = @id AND time IN (SELECT time FROM candle WHERE series_id = @id AND time < @time ORDER BY time LIMIT @DeletedAtOnce)",
                new { id, time, DeletedAtOnce })), cancel);
            deleted += rows;
            if (rows < DeletedAtOnce) return new DeletedCandles(deleted, highestRev);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync();
        Close();
        _gate.Release();
    }

    private void Open(string source, bool exclusive)
    {
        Close();
        CreateFolder();
        // Root may write any file, but one marked read-only was meant to be left alone.
        if (File.Exists(_path) && new FileInfo(_path).IsReadOnly) throw SqliteErrors.CannotWrite(_store);
        if (exclusive) _serverLock = SqliteServerLock.Take(_path, _store);
        try
        {
            _writer = OpenWriter(source);
            LogOpened(_log, _path, source);
        }
        catch (SqliteException error)
        {
            Close();
            throw SqliteErrors.AtOpen(_store, error);
        }
        catch
        {
            Close();
            throw;
        }
    }

    private SqliteWriter OpenWriter(string source)
    {
        var connection = new SqliteConnection(ConnectionString(pooling: false));
        try
        {
            connection.Open();
            connection.Execute($"PRAGMA busy_timeout = {(int)_options.BusyTimeout.TotalMilliseconds}");
            connection.Execute("PRAGMA synchronous = NORMAL");
            connection.Execute("PRAGMA journal_size_limit = 67108864");
            SqliteSchema.Prepare(connection, _store, source, _time);
            if (_options.SqliteMaxSizeMb > 0)
                connection.Execute(
                    $"PRAGMA max_page_count = {_options.SqliteMaxSizeMb * 1048576L / connection.ExecuteScalar<long>("PRAGMA page_size")}");
            return new SqliteWriter(connection);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void CreateFolder()
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw SqliteErrors.CannotWrite(_store, error);
        }
    }

    private void Close()
    {
        _writer?.Dispose();
        _writer = null;
        using (var pool = new SqliteConnection(_readers)) SqliteConnection.ClearPool(pool);
        _serverLock?.Dispose();
        _serverLock = null;
    }

    private Task WriteAsync(Action<SqliteWriter> work, CancellationToken cancel) => WithGateAsync(
        () =>
        {
            try
            {
                work(_writer ?? throw NotOpen());
            }
            catch (SqliteException error)
            {
                throw SqliteErrors.InUse(_store, error);
            }
        },
        cancel);

    // SQLite knows no asynchronous calls: a write runs on a pool thread, so that its caller never waits for the disk to take it.
    private async Task WithGateAsync(Action work, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel);
        try
        {
            await Task.Run(work, cancel);
        }
        finally
        {
            _gate.Release();
        }
    }

    // Reads run on the thread that asks, and are over when this returns: code that may not wait for a disk, as under a lock, asks from
    // elsewhere.
    private Task<T> ReadAsync<T>(Func<SqliteConnection, T> query)
    {
        try
        {
            if (_writer is null) throw NotOpen();
            using var connection = new SqliteConnection(_readers);
            connection.Open();
            return Task.FromResult(query(connection));
        }
        catch (SqliteException error)
        {
            return Task.FromException<T>(SqliteErrors.InUse(_store, error));
        }
        catch (StoreUnavailableException error)
        {
            return Task.FromException<T>(error);
        }
    }

    private ValueTask<List<Candle>> ReadPageAsync(SeriesKey series, Func<SqliteConnection, int, List<Candle>> query) =>
        new(ReadAsync(connection => FindId(connection, series) is { } id ? query(connection, id) : []));

    private static int? FindId(SqliteConnection connection, SeriesKey series) =>
        connection.QueryFirstOrDefault<int?>("SELECT id FROM series WHERE symbol = @Symbol AND timeframe = @Timeframe",
            new { series.Symbol, Timeframe = series.Timeframe.Name });

    private StoreUnavailableException NotOpen() => new($"{_store} is not open.");

    private string ConnectionString(bool pooling) => new SqliteConnectionStringBuilder
    {
        DataSource = _path,
        Pooling = pooling,
        // Beside busy_timeout the driver repeats busy statements itself for this long, in whole seconds; 0 would be for ever.
        DefaultTimeout = Math.Max(1, (int)_options.BusyTimeout.TotalSeconds),
    }.ToString();

    [LoggerMessage(1, LogLevel.Information, "Store opened: SQLite file {Path}, candles of {Source}")]
    private static partial void LogOpened(ILogger log, string path, string source);
}
