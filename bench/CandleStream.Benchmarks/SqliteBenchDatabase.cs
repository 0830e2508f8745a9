using Microsoft.Data.Sqlite;

namespace CandleStream.Benchmarks;

/// <summary>SQLite beside the program <c>sqlite3</c>.</summary>
internal sealed class SqliteBenchDatabase(string folder) : IBenchDatabase
{
    private SqliteCommand? _latest;

    public string Name => "SQLite";

    public string SqlitePath { get; } = Path.Combine(folder, "bench.db");

    public string? Url => null;

    public Task DropAsync()
    {
        foreach (var file in Directory.GetFiles(folder, "bench.db*")) File.Delete(file);
        return Task.CompletedTask;
    }

    // .import takes one transaction for the whole file, and so does not pay for ours; the store keeps WAL in the file, synchronous is per
    // connection.
    public Task ImportAsync(string csv) =>
        BenchTool.RunAsync("sqlite3", SqlitePath, "PRAGMA synchronous = NORMAL", ".mode csv", $".import {csv} candle");

    public Task AnalyzeAsync() => Task.CompletedTask;

    public async Task BareLatestAsync(int rows)
    {
        if (_latest is null)
        {
            var connection = new SqliteConnection($"Data Source={SqlitePath}");
            await connection.OpenAsync();
            _latest = connection.CreateCommand();
            _latest.CommandText =
                "SELECT time, open, high, low, close, volume, rev FROM candle WHERE series_id = 1 ORDER BY time DESC LIMIT @rows";
            _latest.Parameters.AddWithValue("@rows", rows);
            await _latest.PrepareAsync();
        }

        await using var reader = await _latest.ExecuteReaderAsync();
        while (await reader.ReadAsync()) _ = (reader.GetInt64(0), reader.GetDecimal(1), reader.GetDecimal(2), reader.GetDecimal(3),
            reader.GetDecimal(4), reader.GetDecimal(5), reader.GetInt64(6));
    }

    public Task JsonAsync(int rows) =>
        BenchTool.RunAsync("sqlite3", "-json", SqlitePath,
            $"SELECT time, open, high, low, close, volume, rev FROM candle WHERE series_id = 1 ORDER BY time DESC LIMIT {rows}");

    public Task<long> SizeAsync() => Task.FromResult(new FileInfo(SqlitePath).Length);

    public async Task ForgetAsync()
    {
        await BenchTool.RunAsync("sqlite3", SqlitePath, "PRAGMA wal_checkpoint(TRUNCATE)");
        await BenchTool.ForgetAsync(SqlitePath);
    }

    public async ValueTask DisposeAsync()
    {
        if (_latest is null) return;
        await _latest.Connection!.DisposeAsync();
        await _latest.DisposeAsync();
    }
}
