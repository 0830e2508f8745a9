using System.Diagnostics;
using Npgsql;

namespace CandleStream.Testing;

/// <summary>
/// A throw-away PostgreSQL server on a free port of this machine, started for the tests that ask for it and stopped at the end. Where it
/// cannot start, those tests are skipped with the reason; under CI=true they fail.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private static readonly TimeSpan CommandLimit = TimeSpan.FromMinutes(1);

    private readonly string _folder = Path.Combine(Path.GetTempPath(), "candlestream-pg-" + Guid.NewGuid().ToString("N")[..8]);
    private readonly Lazy<Task<string?>> _start;
    private int _port;
    private int _databases;

    public PostgresServer() => _start = new Lazy<Task<string?>>(StartAsync);

    /// <summary>The folder of its Unix socket.</summary>
    public string SocketFolder => _folder;

    public int Port => _port;

    /// <summary>Starts the server if need be; skips the running test where that is impossible.</summary>
    public async Task RequireAsync()
    {
        if (await _start.Value is not { } reason) return;
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", "PostgreSQL cannot be started: " + reason);
        Assert.Fail("PostgreSQL cannot be started: " + reason);
    }

    /// <summary>A new, empty database; answers its DATABASE_URL.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        await RequireAsync();
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync(Url("postgres"), $"CREATE DATABASE {name}");
        return Url(name);
    }

    public static async Task<NpgsqlConnection> ConnectAsync(string url)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(
            CandleStream.Storage.DatabaseUrl.Parse(url).ConnectionString)
        { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        return connection;
    }

    public static async Task ExecuteAsync(string url, string sql)
    {
        await using var connection = await ConnectAsync(url);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    public Task StopAsync() => ControlAsync("-m", "fast", "stop");

    // fsync off: these databases need not outlive a power cut.
    public Task StartAgainAsync() => ControlAsync(
        "-l", Path.Combine(_folder, "log"), "-o",
        $"-p {_port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={_folder} -c fsync=off -c max_connections=200", "start");

    public async ValueTask DisposeAsync()
    {
        if (!_start.IsValueCreated) return;
        if (await _start.Value is null) await ControlAsync("-m", "immediate", "stop");
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    private string Url(string database) => $"postgresql://postgres@127.0.0.1:{_port}/{database}";

    private async Task<string?> StartAsync()
    {
        try
        {
            Directory.CreateDirectory(_folder);
            if (Environment.IsPrivilegedProcess) await RunAsync("chown", "postgres", _folder);
            _port = FreePort.Take();
            await RunAsServerUserAsync(
                "initdb", "-D", Path.Combine(_folder, "data"), "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale=C");
            await StartAgainAsync();
            return null;
        }
        catch (Exception error)
            when (error is InvalidOperationException or System.ComponentModel.Win32Exception or IOException or OperationCanceledException)
        {
            return error.Message;
        }
    }

    private Task ControlAsync(params string[] arguments) =>
        RunAsServerUserAsync("pg_ctl", ["-D", Path.Combine(_folder, "data"), "-w", .. arguments]);

    // PostgreSQL refuses to run as root.
    private static Task RunAsServerUserAsync(string program, params string[] arguments)
    {
        var path = FindProgram(program);
        return Environment.IsPrivilegedProcess
            ? RunAsync("runuser", ["-u", "postgres", "--", path, .. arguments])
            : RunAsync(path, arguments);
    }

    private static string FindProgram(string program)
    {
        const string versions = "/usr/lib/postgresql";
        if (!Directory.Exists(versions)) return program;
        return Directory.GetDirectories(versions).OrderByDescending(d => Path.GetFileName(d), StringComparer.Ordinal)
            .Select(d => Path.Combine(d, "bin", program)).FirstOrDefault(File.Exists) ?? program;
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        // The server that pg_ctl leaves behind keeps its output open, so output is not waited for and goes nowhere.
        using var process = Process.Start(new ProcessStartInfo(
            program, arguments)
        { WorkingDirectory = "/", RedirectStandardOutput = true, RedirectStandardError = true })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        using var limit = new CancellationTokenSource(CommandLimit);
        await process.WaitForExitAsync(limit.Token).WaitAsync(limit.Token);
        if (process.ExitCode != 0) throw new InvalidOperationException(
            $"{Path.GetFileName(program)} ended with {process.ExitCode}: {await process.StandardError.ReadToEndAsync(limit.Token)}");
    }
}
