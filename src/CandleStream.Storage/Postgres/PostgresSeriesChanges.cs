using Npgsql;

namespace CandleStream.Storage.Postgres;

/// <summary>Saves the changes of any number of series in five statements, within the caller's transaction.</summary>
internal sealed class PostgresSeriesChanges(NpgsqlConnection connection, IReadOnlyList<SeriesChange> changes, Dictionary<SeriesKey, int> ids)
{
    private readonly Dictionary<int, SeriesChange[]> _bySeries = changes.GroupBy(c => ids[c.Series]).ToDictionary(g => g.Key, g => g.ToArray());

    public async Task SaveAsync(CancellationToken cancel)
    {
        var seriesIds = _bySeries.Keys.Order().ToArray();
        // Ranges are read, merged and written back: another writer of the same series must wait for us.
        await ExecuteAsync("SELECT FROM series WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", cancel, seriesIds);
        await SaveCoverageAsync(cancel);
        await ExecuteAsync(
            """
            UPDATE series SET complete_from = coalesce(change.complete_from, series.complete_from), followed_until = coalesce(change.followed_until, series.followed_until)
            FROM unnest($1::int[], $2::bigint[], $3::bigint[]) change (id, complete_from, followed_until)
            WHERE series.id = change.id AND (change.complete_from IS NOT NULL OR change.followed_until IS NOT NULL)
            """,
            cancel,
            seriesIds,
            Array.ConvertAll(seriesIds, id => Array.FindLast(_bySeries[id], c => c.CompleteFrom is not null)?.CompleteFrom),
            Array.ConvertAll(seriesIds, id => Array.FindLast(_bySeries[id], c => c.FollowedUntil is not null)?.FollowedUntil));
    }

    private async Task SaveCoverageAsync(CancellationToken cancel)
    {
        var windows = _bySeries.Select(s => (Id: s.Key, Window: CoverageEdit.WindowOf(s.Value))).Where(s => !s.Window.IsEmpty).ToArray();
        if (windows.Length == 0) return;
        var stored = await ReadAsync(windows, cancel);
        var edits = windows.Select(w => (w.Id, Edit: CoverageEdit.Of(stored.GetValueOrDefault(w.Id, []), _bySeries[w.Id]))).ToArray();
        var deleted = edits.SelectMany(e => e.Edit.Deleted.Select(r => (e.Id, Range: r))).ToArray();
        var inserted = edits.SelectMany(e => e.Edit.Inserted.Select(r => (e.Id, Range: r))).ToArray();
        if (deleted.Length > 0)
        {
            await ExecuteAsync(
                "DELETE FROM coverage USING unnest($1::int[], $2::bigint[]) gone (series_id, from_ms) WHERE coverage.series_id = gone.series_id AND coverage.from_ms = gone.from_ms",
                cancel, Array.ConvertAll(deleted, d => d.Id), Array.ConvertAll(deleted, d => d.Range.From));
        }

        if (inserted.Length > 0)
        {
            await ExecuteAsync(
                "INSERT INTO coverage SELECT * FROM unnest($1::int[], $2::bigint[], $3::bigint[])",
                cancel, Array.ConvertAll(inserted, i => i.Id), Array.ConvertAll(inserted, i => i.Range.From), Array.ConvertAll(inserted, i => i.Range.To));
        }
    }

    // Of each series: the last range that starts before the window, and those that start within.
    private async Task<Dictionary<int, List<TimeRange>>> ReadAsync((int Id, TimeRange Window)[] windows, CancellationToken cancel)
    {
        await using var command = Command(
            """
            SELECT w.id, c.from_ms, c.to_ms
            FROM unnest($1::int[], $2::bigint[], $3::bigint[]) w (id, from_ms, to_ms)
            CROSS JOIN LATERAL (
                SELECT from_ms, to_ms FROM coverage
                WHERE series_id = w.id AND from_ms <= w.to_ms
                  AND from_ms >= coalesce((SELECT max(p.from_ms) FROM coverage p WHERE p.series_id = w.id AND p.from_ms <= w.from_ms), w.from_ms)) c
            ORDER BY w.id, c.from_ms
            """,
            Array.ConvertAll(windows, w => w.Id), Array.ConvertAll(windows, w => w.Window.From), Array.ConvertAll(windows, w => w.Window.To));
        var stored = new Dictionary<int, List<TimeRange>>();
        await using var reader = await command.ExecuteReaderAsync(cancel);
        while (await reader.ReadAsync(cancel))
        {
            var id = reader.GetInt32(0);
            if (!stored.TryGetValue(id, out var ranges)) stored[id] = ranges = [];
            ranges.Add(new TimeRange(reader.GetInt64(1), reader.GetInt64(2)));
        }

        return stored;
    }

    private async Task ExecuteAsync(string sql, CancellationToken cancel, params object[] values)
    {
        await using var command = Command(sql, values);
        await command.ExecuteNonQueryAsync(cancel);
    }

    private NpgsqlCommand Command(string sql, params object[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        return command;
    }
}
