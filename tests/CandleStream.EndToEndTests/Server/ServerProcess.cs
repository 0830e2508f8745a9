using System.Diagnostics;
using System.Text.RegularExpressions;

namespace CandleStream.EndToEndTests.Server;

/// <summary>The real program in a folder of its own, with nothing of this machine's settings.</summary>
internal sealed partial class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly bool _ownsFolder;
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly List<string> _output = [];
    private readonly List<string> _errors = [];

    private ServerProcess(Process process, TempFolder folder, bool ownsFolder) =>
        (_process, Folder, _ownsFolder) = (process, folder, ownsFolder);

    /// <summary>The working folder; deleted at the end unless the test brought it.</summary>
    public TempFolder Folder { get; }

    /// <summary>The process's number, by which the system tells of it.</summary>
    public int Id => _process.Id;

    public HttpClient Client { get; private set; } = new();

    public IReadOnlyList<string> Errors
    {
        get
        {
            lock (_gate) return [.. _errors];
        }
    }

    public IReadOnlyList<string> Output
    {
        get
        {
            lock (_gate) return [.. _output];
        }
    }

    /// <summary>Starts the program without waiting for it.</summary>
    public static ServerProcess Launch(
        IEnumerable<string> args, IReadOnlyDictionary<string, string>? environment = null, TempFolder? folder = null, int? openFiles = null)
    {
        var ownFolder = folder is null ? new TempFolder() : null;
        folder ??= ownFolder!;
        // A shell sets the limit and becomes the program.
        var start = new ProcessStartInfo(openFiles is null ? "dotnet" : "sh",
            [.. openFiles is null ? [] : new[] { "-c", $"ulimit -n {openFiles} && exec dotnet \"$@\"", "sh" }, ProgramPath, .. args])
        {
            WorkingDirectory = folder.Path,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in (ReadOnlySpan<string>)["DATABASE_URL", "ASPNETCORE_URLS", "URLS", "HTTP_PORTS", "ASPNETCORE_HTTP_PORTS",
            "ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT"]) start.Environment.Remove(name);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        var server = new ServerProcess(new Process { StartInfo = start, EnableRaisingEvents = true }, folder, ownFolder is not null);
        server.Run();
        return server;
    }

    /// <summary>Starts the program and waits until it listens.</summary>
    public static async Task<ServerProcess> StartAsync(
        IEnumerable<string> args, IReadOnlyDictionary<string, string>? environment = null, TempFolder? folder = null, int? openFiles = null)
    {
        var server = Launch(args, environment, folder, openFiles);
        server.Client = new HttpClient { BaseAddress = await server._listening.Task.WaitAsync(TestContext.Current.CancellationToken) };
        return server;
    }

    /// <summary>Waits for the end of the program and of its output; returns the exit code.</summary>
    public async Task<int> ExitAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return _process.ExitCode;
    }

    /// <summary>Waits for a line of the log.</summary>
    public async Task UntilLogged(string text)
    {
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!Output.Any(line => line.Contains(text, StringComparison.Ordinal)))
            await pause.WaitForNextTickAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Sends SIGTERM, as a service manager does.</summary>
    public void Terminate()
    {
        using var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    public bool IsListening => _listening.Task.IsCompletedSuccessfully;

    /// <summary>Waits until the program listens.</summary>
    public Task ListensAsync() => _listening.Task.WaitAsync(TestContext.Current.CancellationToken);

    /// <summary>Sends SIGKILL, which no program can catch, and waits for the end.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        if (_ownsFolder) Folder.Dispose();
    }

    /// <summary>The program as it is built beside these tests.</summary>
    public static string ProgramPath
    {
        get
        {
            // tests/…/bin/Debug/net10.0 → src/CandleStream.Server/bin/Debug/net10.0
            var build =
                Path.GetRelativePath(Path.Combine(Repository.Root, "tests", "CandleStream.EndToEndTests"), AppContext.BaseDirectory);
            return Path.Combine(Repository.Root, "src", "CandleStream.Server", build, "CandleStream.Server.dll");
        }
    }

    private void Run()
    {
        _process.OutputDataReceived += (_, line) => Read(line.Data);
        _process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null) return;
            lock (_gate) _errors.Add(line.Data);
        };
        _process.Exited += (_, _) =>
            _listening.TrySetException(new InvalidOperationException($"The server ended: {string.Join(' ', Errors)}"));
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Read(string? line)
    {
        if (line is null) return;
        lock (_gate) _output.Add(line);
        if (Listening.Match(line) is { Success: true } match) _listening.TrySetResult(new Uri(match.Groups[1].Value));
    }

    [GeneratedRegex(@"Now listening on: (http[^\s""]+)")]
    private static partial Regex Listening { get; }
}
