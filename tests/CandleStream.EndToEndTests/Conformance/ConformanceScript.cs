using System.ComponentModel;
using System.Diagnostics;

namespace CandleStream.EndToEndTests.Conformance;

/// <summary>
/// A run of <c>scripts/conformance.mjs</c>: its exit code, and its lines by what they begin with. Where Node.js is missing the test is
/// skipped; under CI=true it fails.
/// </summary>
internal sealed record ConformanceScript(int ExitCode, IReadOnlyList<string> Lines)
{
    public IReadOnlyList<string> Passed => Of("ok    ");

    /// <summary>The checks that failed, without their reasons.</summary>
    public IReadOnlyList<string> Failed => [.. Of("FAIL  ").Select(line => line.Split(": ")[0])];

    public IReadOnlyList<string> Skipped => Of("skip  ");

    public override string ToString() => string.Join('\n', Lines);

    public static async Task<ConformanceScript> RunAsync(Uri server, params string[] arguments)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var process = Start([Path.Combine(Repository.Root, "scripts", "conformance.mjs"), server.ToString(), .. arguments]);
        var output = process.StandardOutput.ReadToEndAsync(cancel);
        var errors = process.StandardError.ReadToEndAsync(cancel);
        await process.WaitForExitAsync(cancel);
        return new ConformanceScript(process.ExitCode, $"{await output}{await errors}".Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static Process Start(IEnumerable<string> arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo("node", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (Win32Exception)
        {
            const string Reason = "Node.js is not installed";
            Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", Reason);
            throw new InvalidOperationException(Reason);
        }
    }

    private List<string> Of(string start) =>
        [.. Lines.Where(line => line.StartsWith(start, StringComparison.Ordinal)).Select(line => line[start.Length..])];
}
