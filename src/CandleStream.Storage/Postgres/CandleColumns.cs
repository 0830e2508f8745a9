using Npgsql;
using NpgsqlTypes;

namespace CandleStream.Storage.Postgres;

/// <summary>
/// A batch of candles as PostgreSQL takes it: sorted by series and time, so that two writers lock rows in the same order and the indexes
/// are walked in theirs, and with only the newest version of each, since one statement may not touch a row twice.
/// </summary>
internal sealed class CandleColumns
{
    /// <summary>The columns of the table, in the order used here.</summary>
    public const string Names =
        "series_id, time, open, high, low, close, volume, rev, origin, trades, quote_volume, taker_buy_volume, taker_buy_quote_volume";

    private readonly (int SeriesId, Candle Candle)[] _rows;

    public CandleColumns(IReadOnlyList<StoredCandle> candles, Dictionary<SeriesKey, int> ids)
    {
        var rows = new (int SeriesId, Candle Candle)[candles.Count];
        for (var i = 0; i < rows.Length; i++) rows[i] = (ids[candles[i].Series], candles[i].Candle);
        Array.Sort(rows, static (a, b) =>
            a.SeriesId != b.SeriesId ? a.SeriesId.CompareTo(b.SeriesId) : a.Candle.Time != b.Candle.Time
                ? a.Candle.Time.CompareTo(b.Candle.Time)
                : b.Candle.Rev.CompareTo(a.Candle.Rev));
        _rows = [.. rows.Where((row, i) => i == 0 || row.SeriesId != rows[i - 1].SeriesId || row.Candle.Time != rows[i - 1].Candle.Time)];
    }

    /// <summary>The columns as arrays, for unnest, in the order of <see cref="Names"/>.</summary>
    public void AddTo(NpgsqlParameterCollection parameters)
    {
        Add(parameters, r => r.SeriesId);
        Add(parameters, r => r.Candle.Time);
        Add(parameters, r => r.Candle.Open);
        Add(parameters, r => r.Candle.High);
        Add(parameters, r => r.Candle.Low);
        Add(parameters, r => r.Candle.Close);
        Add(parameters, r => r.Candle.Volume);
        Add(parameters, r => r.Candle.Rev.Value);
        Add(parameters, r => (short)r.Candle.Origin);
        Add(parameters, r => r.Candle.Figures.Trades);
        Add(parameters, r => r.Candle.Figures.QuoteVolume);
        Add(parameters, r => r.Candle.Figures.TakerBuyVolume);
        Add(parameters, r => r.Candle.Figures.TakerBuyQuoteVolume);
    }

    /// <summary>True when the table holds a candle between the first and the last of any series here.</summary>
    public async Task<bool> MeetStoredAsync(NpgsqlConnection connection, CancellationToken cancel)
    {
        // The rows are sorted, so each group is, too.
        var series = _rows.GroupBy(r => r.SeriesId).Select(g => (Id: g.Key, First: g.First().Candle.Time, Last: g.Last().Candle.Time))
            .ToArray();
        await using var command = new NpgsqlCommand(
            """
            SELECT EXISTS (
                SELECT FROM unnest($1::int[], $2::bigint[], $3::bigint[]) w (id, first, last)
                CROSS JOIN LATERAL (SELECT FROM candle WHERE series_id = w.id AND time BETWEEN w.first AND w.last LIMIT 1) met)
            """,
            connection);
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = Array.ConvertAll(series, s => s.Id) });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = Array.ConvertAll(series, s => s.First) });
        command.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = Array.ConvertAll(series, s => s.Last) });
        return (bool)(await command.ExecuteScalarAsync(cancel))!;
    }

    /// <summary>Appends the rows to a table by binary COPY.</summary>
    public async Task CopyAsync(NpgsqlConnection connection, string table, CancellationToken cancel)
    {
        await using var importer = await connection.BeginBinaryImportAsync($"COPY {table} ({Names}) FROM STDIN (FORMAT binary)", cancel);
        foreach (var (seriesId, candle) in _rows)
        {
            await importer.StartRowAsync(cancel);
            await importer.WriteAsync(seriesId, NpgsqlDbType.Integer, cancel);
            await importer.WriteAsync(candle.Time, NpgsqlDbType.Bigint, cancel);
            await importer.WriteAsync(candle.Open, NpgsqlDbType.Numeric, cancel);
            await importer.WriteAsync(candle.High, NpgsqlDbType.Numeric, cancel);
            await importer.WriteAsync(candle.Low, NpgsqlDbType.Numeric, cancel);
            await importer.WriteAsync(candle.Close, NpgsqlDbType.Numeric, cancel);
            await importer.WriteAsync(candle.Volume, NpgsqlDbType.Numeric, cancel);
            await importer.WriteAsync(candle.Rev.Value, NpgsqlDbType.Bigint, cancel);
            await importer.WriteAsync((short)candle.Origin, NpgsqlDbType.Smallint, cancel);
            await WriteAsync(importer, candle.Figures.Trades, NpgsqlDbType.Bigint, cancel);
            await WriteAsync(importer, candle.Figures.QuoteVolume, NpgsqlDbType.Numeric, cancel);
            await WriteAsync(importer, candle.Figures.TakerBuyVolume, NpgsqlDbType.Numeric, cancel);
            await WriteAsync(importer, candle.Figures.TakerBuyQuoteVolume, NpgsqlDbType.Numeric, cancel);
        }

        await importer.CompleteAsync(cancel);
    }

    private static Task WriteAsync<T>(NpgsqlBinaryImporter importer, T? value, NpgsqlDbType type, CancellationToken cancel)
        where T : struct =>
        value is { } told ? importer.WriteAsync(told, type, cancel) : importer.WriteNullAsync(cancel);

    private void Add<T>(NpgsqlParameterCollection parameters, Func<(int SeriesId, Candle Candle), T> column) =>
        parameters.Add(new NpgsqlParameter<T[]> { TypedValue = Array.ConvertAll(_rows, r => column(r)) });
}
