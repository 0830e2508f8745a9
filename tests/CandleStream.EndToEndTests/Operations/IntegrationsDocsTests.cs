using System.Diagnostics;
using CandleStream.EndToEndTests.Server;

namespace CandleStream.EndToEndTests.Operations;

/// <summary>What docs/integrations.md says to type is typed here, against a server of this process.</summary>
public sealed class IntegrationsDocsTests(ServerFixture fixture) : IClassFixture<ServerFixture>
{
    private const string DocumentedAddress = "http://127.0.0.1:8000";

    [Theory(Timeout = 180_000)]
    [InlineData("TradingView's charting library")]
    [InlineData("OpenBB Workspace")]
    [InlineData("An agent's host (Model Context Protocol)")]
    [InlineData("Bots that speak Bitfinex")]
    [InlineData("freqtrade")]
    [InlineData("Grafana")]
    public async Task Every_shell_command_of_a_section_works(string section)
    {
        var commands = ShellCommands(section);
        Assert.NotEmpty(commands);
        await UntilHeldAsync();
        foreach (var command in commands)
        {
            var start = new ProcessStartInfo("bash", ["-c",
                command.Replace(DocumentedAddress, fixture.Server.Client.BaseAddress!.ToString().TrimEnd('/'), StringComparison.Ordinal)])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using var shell = Process.Start(start)!;
            var errors = shell.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(shell.ExitCode == 0, $"{command}\n{output}\n{await errors}");
            Assert.False(string.IsNullOrWhiteSpace(output), $"{command} answers nothing");
            Assert.DoesNotContain("\"s\":\"error\"", output, StringComparison.Ordinal);
            Assert.DoesNotContain("\"isError\":true", output, StringComparison.Ordinal);
        }
    }

    [Theory(Timeout = 180_000)]
    [InlineData("ccxt", "[[", ".mjs")]
    [InlineData("The exchange's own Node clients", "mts", ".cjs")]
    public async Task The_sample_of_a_section_prints_candles(string section, string printed, string extension)
    {
        var sample = Path.Combine(Repository.Root, "tests", "clients", $"sample-{Guid.NewGuid():n}{extension}");
        var code = Block(section, "js").Replace("127.0.0.1:8000", fixture.Server.Client.BaseAddress!.Authority, StringComparison.Ordinal);
        await File.WriteAllTextAsync(sample, code.Replace("console.log(", "print(", StringComparison.Ordinal)
            + "\nfunction print(it) { process.stdout.write(JSON.stringify(it) + '\\n') }\n", TestContext.Current.CancellationToken);
        try
        {
            using var client = Doors.OtherClient.Start(sample);
            try
            {
                // Two lines: what was there, and what came.
                for (var i = 0; i < 2; i++)
                {
                    var line = await client.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
                    if (line is null) Assert.Fail(await client.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
                    if (i == 0) Assert.Contains(printed, line, StringComparison.Ordinal);
                }
            }
            finally
            {
                client.Kill();
            }
        }
        finally
        {
            File.Delete(sample);
        }
    }

    // A server that has just started may answer that it waits for the exchange: what the commands ask for is there before.
    private async Task UntilHeldAsync()
    {
        var client = fixture.Server.Client;
        foreach (var series in (string[])["symbol=BTCUSD&timeframe=1m", "symbol=BTCUSD&timeframe=1h", "symbol=ETHUSD&timeframe=1m"])
        {
            await client.UntilAsync($"/candles?{series}&limit=500",
                a => a["candles"]!.AsArray().Count == 500 && a["gaps"]!.AsArray().Count == 0);
        }

        await client.UntilAsync("/udf/quotes?symbols=BTCUSD,ETHUSD", a => a["d"]!.AsArray().All(quote => (string?)quote!["s"] == "ok"));
    }

    private static string Block(string section, string language)
    {
        var text = Section(section);
        var start = text.IndexOf($"```{language}\n", StringComparison.Ordinal) + language.Length + 4;
        return text[start..text.IndexOf("```", start, StringComparison.Ordinal)];
    }

    private static string Section(string section)
    {
        var text = File.ReadAllText(Path.Combine(Repository.Root, "docs", "integrations.md"));
        var start = text.IndexOf($"\n## {section}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"docs/integrations.md has no section '{section}'");
        var end = text.IndexOf("\n## ", start + 4, StringComparison.Ordinal);
        return end < 0 ? text[start..] : text[start..end];
    }

    /// <summary>The lines of the section's <c>sh</c> blocks.</summary>
    internal static IReadOnlyList<string> ShellCommands(string section)
    {
        var blocks = Section(section).Split("```sh\n").Skip(1).Select(b => b[..b.IndexOf("```", StringComparison.Ordinal)]);
        return [.. blocks.SelectMany(b => b.Split('\n', StringSplitOptions.RemoveEmptyEntries))];
    }
}
