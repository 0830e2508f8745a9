using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;

namespace CandleStream.EndToEndTests.Doors;

/// <summary>
/// A script of tests/clients: another program's own client, run by Node.js. Where it is not installed the test is skipped; under CI=true it
/// fails.
/// </summary>
internal static class OtherClient
{
    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "clients");

    /// <summary>Starts a script whose output the caller reads.</summary>
    public static Process Start(string script, params IEnumerable<string> arguments)
    {
        if (!Directory.Exists(Path.Combine(Folder, "node_modules"))) Missing("npm --prefix tests/clients ci --ignore-scripts");
        try
        {
            return Process.Start(new ProcessStartInfo("node", [Path.Combine(Folder, script), .. arguments])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = Folder,
            })!;
        }
        catch (Win32Exception)
        {
            Missing("Node.js");
            throw;
        }
    }

    /// <summary>Runs a script to its end; its last line of output is JSON.</summary>
    public static async Task<JsonNode> RunAsync(string script, params IEnumerable<string> arguments)
    {
        var cancel = TestContext.Current.CancellationToken;
        using var client = Start(script, arguments);
        var errors = client.StandardError.ReadToEndAsync(cancel);
        var output = await client.StandardOutput.ReadToEndAsync(cancel);
        await client.WaitForExitAsync(cancel);
        Assert.True(client.ExitCode == 0, $"{script}: {output}\n{await errors}");
        return JsonNode.Parse(output.TrimEnd().Split('\n')[^1])!;
    }

    private static void Missing(string what)
    {
        var reason = $"{what} is missing";
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CI") == "true", reason);
        throw new InvalidOperationException(reason);
    }
}
