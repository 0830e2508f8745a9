using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CandleStream.EndToEndTests.Server;
using CandleStream.Server.Access;
using CandleStream.Server.Hosting;
using CandleStream.Server.Limits;

namespace CandleStream.EndToEndTests.Access;

/// <summary>The real program starts, or refuses to start, as its access settings ask for it.</summary>
public sealed class StartAccessTests
{
    private const int Limit = 300_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory(Timeout = Limit)]
    [InlineData("--Urls=http://0.0.0.0:0", null, null)]
    [InlineData("--Urls=http://127.0.0.1:0;http://[::]:0", null, null)]
    [InlineData("--host=*", null, null)]
    [InlineData("--Kestrel:Endpoints:Public:Url=http://0.0.0.0:0", null, null)]
    [InlineData("--Demo:Seed=1", "ASPNETCORE_URLS", "http://+:0")]
    [InlineData("--Demo:Seed=1", "Kestrel__Endpoints__Public__Url", "http://*:0")]
    public async Task An_address_that_others_reach_needs_keys_or_the_word_that_everybody_may_come(
        string argument, string? variable, string? value)
    {
        await using var server = ServerProcess.Launch(["--demo", argument, .. argument.StartsWith("--host", StringComparison.Ordinal)
            ? ["--port=0"]
            : Array.Empty<string>()], EnvironmentOf(variable, value));
        await AssertRefusedAsync(server, "Security:AllowAnonymous=true");
    }

    [Fact(Timeout = Limit)]
    public async Task An_address_that_others_reach_is_opened_to_everybody_on_demand()
    {
        await using var server =
            await ServerProcess.StartAsync(["--demo", "--Urls=http://127.0.0.1:0;http://0.0.0.0:0", "--Security:AllowAnonymous=true"]);
        await server.Client.JsonAsync("/timeframes");
    }

    [Fact(Timeout = Limit)]
    public async Task Keys_are_made_by_command_printed_once_kept_hashed_and_open_a_server_on_any_address()
    {
        using var folder = new TempFolder();
        string key;
        await using (var command = ServerProcess.Launch(["keys", "add", "charts", "--Security:KeyFile=keys.txt"], folder: folder))
        {
            Assert.Equal(0, await command.ExitAsync());
            key = Assert.Single(command.Output);
        }

        var file = await File.ReadAllTextAsync(folder.File("keys.txt"), Cancel);
        Assert.DoesNotContain(key, file, StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(folder.File("keys.txt")));
        await using (var again = ServerProcess.Launch(
            ["keys", "add", "charts", "--Security:KeyFile=keys.txt"], folder: folder)) await AssertRefusedAsync(again, "charts");
        await using (var nowhere = ServerProcess.Launch(["keys", "add", "bots"], folder: folder)) await AssertRefusedAsync(
            nowhere, "Security:KeyFile");

        await using var server = await ServerProcess.StartAsync(
            ["--demo", "--Urls=http://127.0.0.1:0;http://0.0.0.0:0", "--Security:KeyFile=keys.txt"], folder: folder);
        server.Client.DefaultRequestHeaders.Add("X-API-Key", key);
        await server.Client.JsonAsync("/timeframes");
        Assert.DoesNotContain(server.Output, l => l.Contains(key, StringComparison.Ordinal));
    }

    [Fact(Timeout = Limit)]
    public async Task A_key_file_that_is_spoilt_while_the_server_runs_changes_nothing_and_is_told_once()
    {
        using var folder = new TempFolder();
        var key = ApiKey.Generate();
        ApiKeyFile.Add(folder.File("keys.txt"), new ApiKey("charts", ApiScope.Read, ApiKey.HashOf(key)));
        await using var server = await ServerProcess.StartAsync(["--demo", "--port=0", "--Security:KeyFile=keys.txt"], folder: folder);
        server.Client.DefaultRequestHeaders.Add("X-API-Key", key);
        await File.WriteAllTextAsync(folder.File("keys.txt"), "charts read secretsecret\n", Cancel);
        await server.UntilLogged("line 1 is not 'name scope hash'");
        await server.Client.JsonAsync("/timeframes");
        // The next change is told, and between the two nothing was.
        File.Delete(folder.File("keys.txt"));
        await server.UntilLogged("it cannot be read");
        await server.Client.JsonAsync("/timeframes");
        Assert.Single(server.Output, l => l.Contains("line 1 is not", StringComparison.Ordinal));
        Assert.DoesNotContain(server.Output, l => l.Contains("secretsecret", StringComparison.Ordinal));
    }

    [Theory(Timeout = Limit)]
    [InlineData("nothing.txt", null, "nothing.txt")]
    [InlineData("keys.txt", "", "holds no key")]
    [InlineData("keys.txt", "charts read 00ff", "line 1")]
    [InlineData("keys.txt", "# a comment\ncharts write 0000000000000000000000000000000000000000000000000000000000000000", "line 2")]
    [InlineData(
        "keys.txt",
        "a read 0000000000000000000000000000000000000000000000000000000000000000\na read 0000000000000000000000000000000000000000000000000000000000000000", "line 2 repeats")]
    [InlineData(".", null, "cannot be read")]
    public async Task A_key_file_that_is_not_usable_stops_the_start(string name, string? content, string named)
    {
        using var folder = new TempFolder();
        if (content is not null) await File.WriteAllTextAsync(folder.File(name), content, Cancel);
        await AssertRefusedAsync(named, ("Security:KeyFile", folder.File(name)), ("Security:SealFolder", folder.File("seals")));
    }

    [Theory(Timeout = Limit)]
    [InlineData("Security:RequestsPerSecond=0")]
    [InlineData("Security:RequestBurst=-1")]
    [InlineData("Security:MaxConnections=0")]
    [InlineData("Security:MaxConnections=100")]
    [InlineData("Security:MaxConnectionsPerAddress=0")]
    [InlineData("Security:HeaderTimeout=00:00:00")]
    [InlineData("Security:MaxRequestLineBytes=10")]
    [InlineData("Security:MaxHeaderBytes=10")]
    [InlineData("Security:MaxHeaders=1")]
    [InlineData("Security:SessionLifetime=00:00:01")]
    [InlineData("Security:SealFolder=")]
    [InlineData("Security:KeyFile=")]
    [InlineData("Security:KnownProxies:0=proxy")]
    [InlineData("Security:KnownProxies:0=10.0.0.0/40")]
    [InlineData("Security:KnownProxies=127.0.0.1,proxy")]
    [InlineData("Streaming:MaxStreamsPerKey=0")]
    [InlineData("Streaming:MaxReaderMemoryMegabytes=100")]
    [InlineData("Streaming:PendingClosedCandles=100000")]
    [InlineData("Streaming:ByeTimeout=00:00:09")]
    [InlineData("Storage:Retention:1m=90d")]
    [InlineData("Storage:Retention=90.00:00:00")]
    public async Task A_limit_out_of_range_or_against_another_is_refused(string setting)
    {
        var (key, value) = (setting.Split('=')[0], setting.Split('=')[1]);
        await AssertRefusedAsync(key.Split(':')[1], (key, value));
    }

    [Fact(Timeout = Limit)]
    public async Task Keys_and_no_keys_contradict_each_other()
    {
        await AssertRefusedAsync("contradict", ("Security:KeyFile", "keys.txt"), ("Security:AllowAnonymous", "true"));
    }

    [Theory(Timeout = Limit)]
    [InlineData(-20, -10, "expired")]
    [InlineData(10, 20, "valid from")]
    public async Task A_certificate_that_is_not_valid_now_stops_the_start(int fromDays, int toDays, string named)
    {
        using var folder = new TempFolder();
        WriteCertificate(folder, fromDays, toDays);
        await AssertRefusedAsync(named, TlsIn(folder));
        await AssertRefusedAsync(named, [.. TlsIn(folder)
            .Select(s => (s.Item1.Replace(":Certificate:", ":Sni:charts.example.org:Certificate:", StringComparison.Ordinal), s.Item2))]);
    }

    [Fact(Timeout = Limit)]
    public async Task A_certificate_that_is_not_there_or_not_one_stops_the_start()
    {
        using var folder = new TempFolder();
        await AssertRefusedAsync("site.pem", TlsIn(folder));
        await File.WriteAllTextAsync(folder.File("site.pem"), "no certificate", Cancel);
        await AssertRefusedAsync("site.pem", TlsIn(folder));
        WriteCertificate(folder, -1, 1);
        File.Delete(folder.File("site.key"));
        await AssertRefusedAsync("site.key", TlsIn(folder));
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await File.WriteAllTextAsync(folder.File("site.key"), other.ExportPkcs8PrivateKeyPem(), Cancel);
        await AssertRefusedAsync("site.pem", TlsIn(folder));
    }

    [Fact(Timeout = Limit)]
    public async Task Tls_and_http2_are_configured_as_the_documentation_shows()
    {
        using var folder = new TempFolder();
        WriteCertificate(folder, -1, 30);
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(folder.File("site.pem"));
        await using var server = await ServerProcess.StartAsync(["--demo", .. TlsEndpoint], folder: folder);
        using var client = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, served, _,
            _) => served!.GetCertHashString() == certificate.GetCertHashString() }
        })
        { BaseAddress = server.Client.BaseAddress };
        var request = new HttpRequestMessage(HttpMethod.Get, "/candles/stream?symbol=BTCUSD&timeframe=1m")
        {
            Version = new Version(2, 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact
        };
        using var answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
        Assert.Equal(200, (int)answer.StatusCode);
        Assert.Equal(new Version(2, 0), answer.Version);
        Assert.True(answer.Headers.Contains("Strict-Transport-Security"));
    }

    [Fact(Timeout = Limit)]
    public async Task Too_few_open_files_for_the_limits_are_told_in_one_line()
    {
        await using var server = await ServerProcess.StartAsync(
            ["--demo", "--port=0", "--Streaming:MaxStreams=5000", "--Security:MaxConnections=6000"], openFiles: 1000);
        Assert.Single(server.Output,
            l => l.Contains("may open 1000 files", StringComparison.Ordinal) && l.Contains("needs 6500", StringComparison.Ordinal));
        Assert.Equal(1024,
            OpenFiles.Parse(["Max processes  5 5 processes", "Max open files            1024                 524288               files"]));
        Assert.Null(OpenFiles.Parse(["Max open files            unlimited            unlimited            files"]));
    }

    [Fact(Timeout = Limit)]
    public async Task Limits_that_nobody_has_set_fit_the_open_files()
    {
        await using var server = await ServerProcess.StartAsync(["--demo", "--port=0"], openFiles: 1500);
        Assert.Single(server.Output, l => l.Contains("may open 1500 files", StringComparison.Ordinal)
            && l.Contains("MaxConnections is 1000 and Streaming:MaxStreams 800", StringComparison.Ordinal));
        Assert.DoesNotContain(server.Output, l => l.Contains("raise the one or lower the other", StringComparison.Ordinal));
    }

    private static (string, string)[] TlsIn(TempFolder folder) =>
        [("Kestrel:Endpoints:Site:Url", "https://127.0.0.1:0"), ("Kestrel:Endpoints:Site:Certificate:Path", folder.File("site.pem")),
            ("Kestrel:Endpoints:Site:Certificate:KeyPath", folder.File("site.key"))];

    private static string[] TlsEndpoint =>
        ["--Kestrel:Endpoints:Site:Url=https://127.0.0.1:0", "--Kestrel:Endpoints:Site:Certificate:Path=site.pem",
            "--Kestrel:Endpoints:Site:Certificate:KeyPath=site.key", "--Kestrel:Endpoints:Site:Protocols=Http1AndHttp2"];

    private static void WriteCertificate(TempFolder folder, int fromDays, int toDays)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(
            DateTimeOffset.UtcNow.AddDays(fromDays), DateTimeOffset.UtcNow.AddDays(toDays));
        File.WriteAllText(folder.File("site.pem"), certificate.ExportCertificatePem());
        File.WriteAllText(folder.File("site.key"), key.ExportPkcs8PrivateKeyPem());
    }

    private static Dictionary<string, string> EnvironmentOf(string? variable, string? value) =>
        variable is null ? [] : new() { [variable] = value! };

    private static async Task AssertRefusedAsync(string named, params (string Key, string Value)[] settings)
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => RunningServer.StartAsync(settings));
        Assert.Contains(named, StartFailure.Describe(refused), StringComparison.Ordinal);
    }

    private static async Task AssertRefusedAsync(ServerProcess server, string named)
    {
        Assert.NotEqual(0, await server.ExitAsync());
        var line = Assert.Single(server.Errors);
        Assert.StartsWith("candlestream: ", line, StringComparison.Ordinal);
        Assert.Contains(named, line, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Output, l => l.Contains("   at ", StringComparison.Ordinal));
    }
}
