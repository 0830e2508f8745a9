using System.ComponentModel;
using System.Diagnostics;

namespace CandleStream.EndToEndTests.Operations;

/// <summary>
/// Prometheus' own checker; Debian package <c>prometheus</c>. Where it is not installed the running test is skipped with the reason; under
/// CI=true it fails.
/// </summary>
internal static class Promtool
{
    /// <summary>Runs it; answers the exit code and everything it said.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(IEnumerable<string> arguments, string? input = null)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var process = Start(arguments);
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var errors = process.StandardError.ReadToEndAsync(cancel);
        await process.StandardInput.WriteAsync(input.AsMemory(), cancel);
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancel);
        return (process.ExitCode, await output + await errors);
    }

    private static Process Start(IEnumerable<string> arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(
                "promtool", arguments)
            { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (Win32Exception)
        {
            const string Reason = "promtool is not installed (Debian: apt-get install prometheus)";
            Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", Reason);
            throw new InvalidOperationException(Reason);
        }
    }
}
