using Microsoft.Data.Sqlite;

namespace CandleStream.Tests.Truth;

/// <summary>
/// Real trouble with a real database: PostgreSQL ends its connections and takes no new ones, SQLite's file is locked by another writer.
/// </summary>
internal sealed class DatabaseTrouble(string sqlitePath, string? url) : IAsyncDisposable
{
    private SqliteConnection? _writer;
    private bool _isOn;

    public async Task BeginAsync()
    {
        if (_isOn) return;
        _isOn = true;
        if (url is not null)
        {
            await ExecuteAsync($"ALTER DATABASE {Name} ALLOW_CONNECTIONS false");
            await ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{Name}'");
            return;
        }

        _writer = new SqliteConnection($"Data Source={sqlitePath};Pooling=false");
        await _writer.OpenAsync();
        await using var begin = _writer.CreateCommand();
        begin.CommandText = "BEGIN IMMEDIATE";
        await begin.ExecuteNonQueryAsync();
    }

    public async Task EndAsync()
    {
        if (!_isOn) return;
        _isOn = false;
        if (url is not null) await ExecuteAsync($"ALTER DATABASE {Name} ALLOW_CONNECTIONS true");
        if (_writer is not null) await _writer.DisposeAsync();
        _writer = null;
    }

    public async ValueTask DisposeAsync() => await EndAsync();

    private string Name => url![(url!.LastIndexOf('/') + 1)..];

    private Task ExecuteAsync(string sql) => PostgresServer.ExecuteAsync(url![..(url!.LastIndexOf('/') + 1)] + "postgres", sql);
}
