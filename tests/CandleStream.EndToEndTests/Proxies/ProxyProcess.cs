using System.ComponentModel;
using System.Diagnostics;
using CandleStream.EndToEndTests.Server;
using CandleStream.EndToEndTests.Stream;

namespace CandleStream.EndToEndTests.Proxies;

/// <summary>
/// A proxy that runs its recipe in front of a server, from here to its end. Where the program is not installed the running test is skipped
/// with the reason; under CI=true it fails.
/// </summary>
internal sealed class ProxyProcess : IAsyncDisposable
{
    private const int Attempts = 5;

    private static readonly TimeSpan AskLimit = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly ProxySite _site;
    private readonly Lock _gate = new();
    private readonly List<string> _output = [];

    private ProxyProcess(Process process, ProxySite site) => (_process, _site) = (process, site);

    public Uri Address => new($"https://127.0.0.1:{_site.Port}");

    /// <summary>Everything it has logged so far, wherever.</summary>
    public string Log
    {
        get
        {
            var files = string.Concat(new[] { _site.AccessLog, _site.ErrorLog }.Where(File.Exists).Select(File.ReadAllText));
            lock (_gate) return files + string.Join('\n', _output);
        }
    }

    /// <param name="kind">The program.</param>
    /// <param name="server">The server behind it.</param>
    /// <param name="path">A path of the server.</param>
    /// <param name="answer">What this server alone answers there.</param>
    /// <param name="timeLimit">Of silence, instead of the recipe's; null: as committed.</param>
    public static async Task<ProxyProcess> StartAsync(ProxyKind kind, Uri server, string path, string answer, TimeSpan? timeLimit)
    {
        for (var attempt = 1; ; attempt++)
        {
            var proxy = Launch(kind, new ProxySite(new TempFolder(), FreePort.Take(), server.Authority, timeLimit));
            if (await proxy.AnswersAsync(path, answer)) return proxy;
            await proxy.DisposeAsync();
            if (attempt == Attempts) throw new InvalidOperationException($"{kind.Program} does not start: {proxy.Log}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _site.Folder.Dispose();
    }

    private static ProxyProcess Launch(ProxyKind kind, ProxySite site)
    {
        site.WriteCertificate();
        // Not everybody's search path has the folder of the servers.
        var program = Path.Combine("/usr/sbin", kind.Program);
        var start = new ProcessStartInfo(File.Exists(program) ? program : kind.Program,
            kind.Prepare(site))
        { WorkingDirectory = site.Folder.Path, RedirectStandardOutput = true, RedirectStandardError = true };
        // Caddy looks for its own folders even where it needs none.
        start.Environment["HOME"] = site.Folder.Path;
        var proxy = new ProxyProcess(new Process { StartInfo = start }, site);
        try
        {
            proxy.Run();
            return proxy;
        }
        catch (Win32Exception)
        {
            site.Folder.Dispose();
            var reason = $"{kind.Program} is not installed (Debian: apt-get install {kind.Program})";
            Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", reason);
            throw new InvalidOperationException(reason);
        }
    }

    private void Run()
    {
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_gate) _output.Add(line);
    }

    // Another program, another test's proxy too, may have taken the port meanwhile: only what our server says shows that this is the way to
    // it. False when the proxy ended.
    private async Task<bool> AnswersAsync(string path, string answer)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var look = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        using var http =
            new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = TestCertificate.Trusted }) { Timeout = AskLimit };
        while (!_process.HasExited)
        {
            try
            {
                if (await http.GetStringAsync(new Uri(Address, path), cancel) == answer) return true;
            }
            catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                // Not yet, or somebody else.
            }

            await look.WaitForNextTickAsync(cancel);
        }

        return false;
    }
}
