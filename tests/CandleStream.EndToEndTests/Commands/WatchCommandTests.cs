using System.Diagnostics;
using System.Text.Json;
using CandleStream.EndToEndTests.History;
using CandleStream.EndToEndTests.Server;
using CandleStream.EndToEndTests.Stream;

namespace CandleStream.EndToEndTests.Commands;

/// <summary><c>watch</c> as a user runs it: the real program in a real pipe.</summary>
public sealed class WatchCommandTests
{
    private const int Limit = 120_000;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = Limit)]
    public async Task It_prints_a_line_a_candle_and_ends_with_its_pipe()
    {
        await using var market = await FastMarket.StartAsync(seed: 5, seconds: 600);
        await using var server =
            await ServerProcess.StartAsync(["--Urls=http://127.0.0.1:0", .. market.Settings.Select(s => $"--{s.Key}={s.Value}")]);
        var (lines, errors, code) = await PipedAsync($"BTCUSD:1m ETHUSD:1m --url {server.Client.BaseAddress} --closed-only", lines: 20);
        Assert.Equal((20, 0, ""), (lines.Count, code, errors));
        foreach (var line in lines)
        {
            var candle = JsonElement.Parse(line);
            Assert.True(candle.GetProperty("closed").GetBoolean());
            Assert.Equal($"{candle.GetProperty("symbol").GetString()}:1m", candle.GetProperty("series").GetString());
            Assert.Contains(market.Ledger(SeriesKey.Parse(candle.GetProperty("series").GetString()!)),
                c => c.Time == candle.GetProperty("time").GetInt64());
        }
    }

    [Fact(Timeout = Limit)]
    public async Task It_ends_with_its_pipe_though_no_candle_comes()
    {
        // A month that has just begun closes no candle for long.
        var (lines, _, code) = await PipedAsync("BTCUSD:1M --demo --snapshot 2 --closed-only", lines: 1);
        Assert.Equal((1, 0), (lines.Count, code));
    }

    [Fact(Timeout = Limit)]
    public async Task Without_a_server_it_is_one_itself_and_leaves_nothing_behind()
    {
        using var folder = new TempFolder();
        var (lines, errors, code) = await PipedAsync("BTCUSD:1m --demo", lines: 3, folder.Path);
        Assert.Equal((3, 0, ""), (lines.Count, code, errors));
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact(Timeout = Limit)]
    public async Task Without_the_server_that_is_named_it_says_so_and_goes_on()
    {
        await using var program = ServerProcess.Launch(["watch", "BTCUSD:1m", "--url", $"http://127.0.0.1:{FreePort.Take()}"]);
        await Eventually.TrueAsync(() => program.Errors.Count(line => line.Contains("Connection refused", StringComparison.Ordinal)) >= 2);
        Assert.Empty(program.Output);
    }

    [Theory(Timeout = Limit)]
    [InlineData("NOSUCH:1m --demo", 1, "does not list 'NOSUCH'")]
    [InlineData("BTCUSD", 2, "'BTCUSD' is not a series such as BTCUSD:1m.")]
    [InlineData("BTCUSD:1m --url nonsense", 1, "'nonsense' is not an address such as http://127.0.0.1:8000.")]
    [InlineData("BTCUSD:1m --url http://127.0.0.1:1 --demo", 1, "either --url or --demo")]
    public async Task What_cannot_be_had_ends_it_with_a_line(string arguments, int code, string words)
    {
        await using var program = ServerProcess.Launch(["watch", .. arguments.Split(' ')]);
        Assert.Equal(code, await program.ExitAsync());
        Assert.Empty(program.Output);
        Assert.Contains(words, Assert.Single(program.Errors), StringComparison.Ordinal);
    }

    // The shell's own pipe: `head` takes its lines and leaves. The exit code is that of watch.
    private static async Task<(IReadOnlyList<string> Lines, string Errors, int Code)> PipedAsync(
        string arguments, int lines, string? folder = null)
    {
        var script =
            $"exec 3>&1; code=$( {{ {{ dotnet {ServerProcess.ProgramPath} watch {arguments}; echo $? >&4; }} | head -n {lines} >&3; }} 4>&1 ); exit $code";
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", script])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        })!;
        var (output, errors) = (shell.StandardOutput.ReadToEndAsync(Cancel), shell.StandardError.ReadToEndAsync(Cancel));
        await shell.WaitForExitAsync(Cancel);
        return ((await output).Split('\n', StringSplitOptions.RemoveEmptyEntries), await errors, shell.ExitCode);
    }
}
