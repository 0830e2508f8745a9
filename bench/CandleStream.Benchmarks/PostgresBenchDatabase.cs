using CandleStream.Storage;
using Npgsql;

namespace CandleStream.Benchmarks;

/// <summary>PostgreSQL beside the program <c>psql</c>.</summary>
internal sealed class PostgresBenchDatabase(string url) : IBenchDatabase
{
    private NpgsqlCommand? _latest;

    public string Name => "PostgreSQL";

    public string? SqlitePath => null;

    public string Url { get; } = url;

    public Task DropAsync() => BenchTool.RunAsync(
        "psql", "-q", Url, "-c", "SET client_min_messages = error; DROP TABLE IF EXISTS candle, coverage, series, meta, schema_version");

    public Task ImportAsync(string csv) => BenchTool.RunAsync(
        "psql", Url, "-c", $"\\copy candle (series_id, time, open, high, low, close, volume, rev) FROM '{csv}' WITH (FORMAT csv)");

    public Task AnalyzeAsync() => BenchTool.RunAsync("psql", "-q", Url, "-c", "VACUUM ANALYZE candle");

    public async Task BareLatestAsync(int rows)
    {
        if (_latest is null)
        {
            var connection = new NpgsqlConnection(DatabaseUrl.Parse(Url).ConnectionString);
            await connection.OpenAsync();
            _latest = new NpgsqlCommand(
                "SELECT time, open, high, low, close, volume, rev FROM candle WHERE series_id = 1 ORDER BY time DESC LIMIT $1", connection);
            _latest.Parameters.Add(new NpgsqlParameter<int> { TypedValue = rows });
            await _latest.PrepareAsync();
        }

        await using var reader = await _latest.ExecuteReaderAsync();
        while (await reader.ReadAsync()) _ = (reader.GetInt64(0), reader.GetDecimal(1), reader.GetDecimal(2), reader.GetDecimal(3),
            reader.GetDecimal(4), reader.GetDecimal(5), reader.GetInt64(6));
    }

    public Task JsonAsync(int rows) => BenchTool.RunAsync(
        "psql", "-At", Url, "-c",
        $"SELECT json_agg(c) FROM (SELECT time, open, high, low, close, volume, rev FROM candle WHERE series_id = 1 ORDER BY time DESC LIMIT {rows}) c");

    public async Task<long> SizeAsync()
    {
        await using var connection = new NpgsqlConnection(DatabaseUrl.Parse(Url).ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(
            "SELECT sum(pg_total_relation_size(inhrelid))::bigint FROM pg_inherits WHERE inhparent = 'candle'::regclass", connection);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public async Task ForgetAsync()
    {
        await BenchTool.RunAsync("psql", "-q", Url, "-c", "CHECKPOINT");
        await using var connection = new NpgsqlConnection(DatabaseUrl.Parse(Url).ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("SELECT current_setting('data_directory')", connection);
        foreach (var file in Directory.GetFiles(Path.Combine((string)(await command.ExecuteScalarAsync())!, "base"), "*",
            SearchOption.AllDirectories)) await BenchTool.ForgetAsync(file);
    }

    public async ValueTask DisposeAsync()
    {
        if (_latest is null) return;
        await _latest.Connection!.DisposeAsync();
        await _latest.DisposeAsync();
    }
}
