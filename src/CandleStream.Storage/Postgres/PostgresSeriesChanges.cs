using CandleStream.Storage.Shared;
using Npgsql;

namespace CandleStream.Storage.Postgres;

/// <summary>
/// The changes of any number of series, in two round trips within the caller's transaction: one to lock and read, one (the caller's batch)
/// to write.
/// </summary>
internal sealed class PostgresSeriesChanges(
    NpgsqlConnection connection, IReadOnlyList<SeriesChange> changes, Dictionary<SeriesKey, int> ids)
{
    private readonly Dictionary<int, SeriesChange[]> _bySeries = changes.GroupBy(c => ids[c.Series])
        .ToDictionary(g => g.Key, g => g.ToArray());

    /// <summary>
    /// Locks the series, then reads the ranges that change and adds the statements that write them to <paramref name="batch"/>.
    /// </summary>
    public async Task PrepareAsync(NpgsqlBatch batch, CancellationToken cancel)
    {
        var seriesIds = _bySeries.Keys.Order().ToArray();
        AddCoverage(batch, await LockAndReadAsync(seriesIds, cancel));
        var promises = Array.ConvertAll(seriesIds, id => CoverageEdit.PromiseOf(_bySeries[id]));
        // As SeriesRecord.With says.
        batch.BatchCommands.Add(Command(
            """
            UPDATE series
            SET told_from = CASE WHEN change.complete_from > series.complete_from THEN change.told_from ELSE least(series.told_from, change.told_from) END,
                complete_from = greatest(series.complete_from, change.complete_from)
            FROM unnest($1::int[], $2::bigint[], $3::bigint[]) change (id, complete_from, told_from)
            WHERE series.id = change.id AND (change.complete_from > series.complete_from OR change.told_from < series.told_from)
            """,
            seriesIds, Array.ConvertAll(promises, p => p.CompleteFrom.Value), Array.ConvertAll(promises, p => p.ToldFrom)));
    }

    private void AddCoverage(NpgsqlBatch batch, Dictionary<int, List<TimeRange>> stored)
    {
        var edits = _bySeries.Select(s => (Id: s.Key, Edit: CoverageEdit.Of(stored.GetValueOrDefault(s.Key, []), s.Value))).ToArray();
        var deleted = edits.SelectMany(e => e.Edit.Deleted.Select(r => (e.Id, Range: r))).ToArray();
        var inserted = edits.SelectMany(e => e.Edit.Inserted.Select(r => (e.Id, Range: r))).ToArray();
        if (deleted.Length > 0)
        {
            batch.BatchCommands.Add(Command(
                "DELETE FROM coverage USING unnest($1::int[], $2::bigint[]) gone (series_id, from_ms) WHERE coverage.series_id = gone.series_id AND coverage.from_ms = gone.from_ms",
                Array.ConvertAll(deleted, d => d.Id), Array.ConvertAll(deleted, d => d.Range.From)));
        }

        if (inserted.Length > 0)
        {
            batch.BatchCommands.Add(Command(
                "INSERT INTO coverage SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[])",
                Array.ConvertAll(inserted, i => i.Id), Array.ConvertAll(inserted, i => i.Range.From),
                Array.ConvertAll(inserted, i => i.Range.To)));
        }
    }

    // Ranges are read, merged and written back: another writer of the same series must wait for us. The second statement sees what it
    // waited for.
    private async Task<Dictionary<int, List<TimeRange>>> LockAndReadAsync(int[] seriesIds, CancellationToken cancel)
    {
        var windows = Array.ConvertAll(seriesIds, id => CoverageEdit.WindowOf(_bySeries[id]));
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(Command("SELECT FROM series WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", seriesIds));
        // Of each series: the last range that starts before the window, and those that start within; an empty window finds nothing.
        batch.BatchCommands.Add(Command(
            """
            SELECT w.id, c.from_ms, c.to_ms
            FROM unnest($1::int[], $2::bigint[], $3::bigint[]) w (id, from_ms, to_ms)
            CROSS JOIN LATERAL (
                SELECT from_ms, to_ms FROM coverage
                WHERE series_id = w.id AND w.from_ms < w.to_ms AND from_ms <= w.to_ms
                  AND from_ms >= coalesce((SELECT max(p.from_ms) FROM coverage p WHERE p.series_id = w.id AND p.from_ms <= w.from_ms), w.from_ms)) c
            ORDER BY w.id, c.from_ms
            """,
            seriesIds, Array.ConvertAll(windows, w => w.From), Array.ConvertAll(windows, w => w.To)));
        await using var reader = await batch.ExecuteReaderAsync(cancel);
        await reader.NextResultAsync(cancel);
        var stored = new Dictionary<int, List<TimeRange>>();
        while (await reader.ReadAsync(cancel))
        {
            var id = reader.GetInt32(0);
            if (!stored.TryGetValue(id, out var ranges)) stored[id] = ranges = [];
            ranges.Add(new TimeRange(reader.GetInt64(1), reader.GetInt64(2)));
        }

        return stored;
    }

    private static NpgsqlBatchCommand Command(string sql, params object[] values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }
}
