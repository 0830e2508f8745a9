using System.ComponentModel;
using System.Diagnostics;
using CandleStream.EndToEndTests.Server;
using CandleStream.Server.Access;
using CandleStream.Server.Limits;

namespace CandleStream.EndToEndTests.Operations;

/// <summary>The unit for systemd fits the program.</summary>
public sealed class ServiceUnitTests
{
    private const int Limit = 180_000;

    /// <summary>The server promises to end within ten seconds after SIGTERM.</summary>
    private const int StopSeconds = 10;

    private static string UnitPath => Path.Combine(Repository.Root, "ops", "systemd", "candlestream.service");

    [Fact]
    public void The_unit_leaves_the_server_time_to_stop_and_files_for_its_connections()
    {
        Assert.Equal("SIGTERM", Value("KillSignal"));
        Assert.True(int.Parse(Value("TimeoutStopSec").TrimEnd('s')) > StopSeconds);
        Assert.True(int.Parse(Value("LimitNOFILE")) > new AccessOptions().MaxConnections + OpenFiles.Others);
    }

    [Fact(Timeout = Limit)]
    public async Task Systemd_understands_the_unit_and_rates_it_well_guarded()
    {
        using var folder = new TempFolder();
        // The program is not installed where tests run; systemd asks that it is there.
        var unit = (await File.ReadAllTextAsync(UnitPath, TestContext.Current.CancellationToken)).Replace(
            Value("ExecStart"), "/bin/sh", StringComparison.Ordinal);
        await File.WriteAllTextAsync(folder.File("candlestream.service"), unit, TestContext.Current.CancellationToken);
        var verified = await AnalyzeAsync("verify", "--man=no", folder.File("candlestream.service"));
        Assert.True(verified.ExitCode == 0 && !verified.Output.Contains("candlestream.service", StringComparison.Ordinal), verified.Output);
        // In tenths, 0 is best; an unguarded service has 96.
        var rated = await AnalyzeAsync("security", "--offline=true", "--threshold=20", folder.File("candlestream.service"));
        Assert.True(rated.ExitCode == 0, rated.Output);
    }

    [Theory(Timeout = Limit)]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task The_command_health_tells_whether_a_server_is_ready(bool runs, int expected)
    {
        await using var server = runs ? await ServerProcess.StartAsync(["--demo", "--port=0"]) : null;
        await using var asked = ServerProcess.Launch(["health", server?.Client.BaseAddress?.ToString() ?? "http://127.0.0.1:1"]);
        Assert.Equal(expected, await asked.ExitAsync());
        if (!runs) Assert.Single(asked.Errors, line => line.Contains("does not answer", StringComparison.Ordinal));
    }

    private static string Value(string name) =>
        File.ReadLines(UnitPath).Single(line => line.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..];

    private static async Task<(int ExitCode, string Output)> AnalyzeAsync(params string[] arguments)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var errors = process.StandardError.ReadToEndAsync(cancel);
        await process.WaitForExitAsync(cancel);
        return (process.ExitCode, await output + await errors);
    }

    private static Process Start(string[] arguments)
    {
        try
        {
            return Process.Start(
                new ProcessStartInfo("systemd-analyze", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (Win32Exception)
        {
            Assert.Skip("systemd-analyze is not installed (Debian: apt-get install systemd)");
            throw;
        }
    }
}
