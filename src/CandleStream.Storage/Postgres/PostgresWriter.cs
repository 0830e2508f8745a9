using Npgsql;

namespace CandleStream.Storage.Postgres;

/// <summary>
/// The one connection that writes. It also holds the server's lock, so a server that lost its lock cannot write. Not thread-safe: the store
/// lets one call in at a time.
/// </summary>
internal sealed class PostgresWriter(NpgsqlConnection connection, int copyFrom) : IAsyncDisposable
{
    private const string OnConflict = """
        ON CONFLICT (series_id, time) DO UPDATE
        SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, volume = excluded.volume,
            rev = excluded.rev, origin = excluded.origin, trades = excluded.trades, quote_volume = excluded.quote_volume,
            taker_buy_volume = excluded.taker_buy_volume, taker_buy_quote_volume = excluded.taker_buy_quote_volume
        WHERE excluded.rev > candle.rev
        """;

    private const string Upsert = $"""
        INSERT INTO candle ({CandleColumns.Names})
        SELECT * FROM unnest($1::int[], $2::bigint[], $3::numeric[], $4::numeric[], $5::numeric[], $6::numeric[], $7::numeric[],
            $8::bigint[], $9::smallint[], $10::bigint[], $11::numeric[], $12::numeric[], $13::numeric[])
        {OnConflict}
        """;

    // Series are never deleted, so an id once committed stays true as long as this connection lives.
    private readonly Dictionary<SeriesKey, int> _ids = [];

    public bool IsBroken => connection.State != System.Data.ConnectionState.Open;

    public async Task SaveAsync(StoreBatch batch, CancellationToken cancel)
    {
        var known = new Dictionary<SeriesKey, int>();
        await using var transaction = await connection.BeginTransactionAsync(cancel);
        await FindIdsAsync(batch, known, cancel);
        await using var statements = new NpgsqlBatch(connection);
        // Series before candles, in every writer: no two of them can wait for each other.
        if (batch.Changes.Count > 0) await new PostgresSeriesChanges(connection, batch.Changes, known).PrepareAsync(statements, cancel);
        if (batch.Candles.Count >= copyFrom) await CopyAsync(new CandleColumns(batch.Candles, known), cancel);
        else if (batch.Candles.Count > 0) statements.BatchCommands.Add(UpsertOf(new CandleColumns(batch.Candles, known)));
        if (statements.BatchCommands.Count > 0) await statements.ExecuteNonQueryAsync(cancel);
        await transaction.CommitAsync(cancel);
        foreach (var (series, id) in known) _ids[series] = id;
    }

    /// <summary>Runs one statement with parameters $1, $2, …; answers the number of rows it changed.</summary>
    public async Task<int> ExecuteAsync(string sql, CancellationToken cancel, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        return await command.ExecuteNonQueryAsync(cancel);
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    private static NpgsqlBatchCommand UpsertOf(CandleColumns columns)
    {
        var command = new NpgsqlBatchCommand(Upsert);
        columns.AddTo(command.Parameters);
        return command;
    }

    // Most bulk writes fill a hole: no candle of theirs is there yet, and they may go straight into the table. The others take a detour
    // that can merge.
    private async Task CopyAsync(CandleColumns columns, CancellationToken cancel)
    {
        if (!await columns.MeetStoredAsync(connection, cancel))
        {
            await columns.CopyAsync(connection, "candle", cancel);
            return;
        }

        // Every time: where the transaction that made it was rolled back, it is gone again.
        await ExecuteAsync("CREATE TEMP TABLE IF NOT EXISTS candle_staging (LIKE candle) ON COMMIT DELETE ROWS", cancel);
        await columns.CopyAsync(connection, "candle_staging", cancel);
        await ExecuteAsync(
            $"INSERT INTO candle ({CandleColumns.Names}) SELECT {CandleColumns.Names} FROM candle_staging {OnConflict}", cancel);
    }

    private async Task FindIdsAsync(StoreBatch batch, Dictionary<SeriesKey, int> known, CancellationToken cancel)
    {
        var unknown = new HashSet<SeriesKey>();
        foreach (var (series, _) in batch.Candles) Look(series);
        foreach (var change in batch.Changes) Look(change.Series);
        if (unknown.Count == 0) return;

        SeriesKey[] missing = [.. unknown];
        string[] symbols = Array.ConvertAll(missing, s => s.Symbol), timeframes = Array.ConvertAll(missing, s => s.Timeframe.Name);
        await ExecuteAsync(
            "INSERT INTO series (symbol, timeframe) SELECT * FROM unnest($1::text[], $2::text[]) ORDER BY 1, 2 ON CONFLICT DO NOTHING",
            cancel, symbols, timeframes);
        await using var command =
            new NpgsqlCommand(
                "SELECT symbol, timeframe, id FROM series JOIN unnest($1::text[], $2::text[]) wanted (symbol, timeframe) USING (symbol, timeframe)", connection);
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = symbols });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = timeframes });
        await using var reader = await command.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel))
            known[new SeriesKey(reader.GetString(0), Timeframe.Parse(reader.GetString(1)))] = reader.GetInt32(2);

        void Look(SeriesKey series)
        {
            if (known.ContainsKey(series)) return;
            if (_ids.TryGetValue(series, out var id)) known[series] = id;
            else unknown.Add(series);
        }
    }
}
