using System.Diagnostics;

namespace CandleStream.Benchmarks;

/// <summary>Runs a database's own program to its end, its output read and dropped.</summary>
internal static class BenchTool
{
    public static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        await process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {process.ExitCode}.");
    }

    /// <summary>Lets the operating system forget what it holds of a file; what was not written yet is written first.</summary>
    public static Task ForgetAsync(string file) =>
        RunAsync("dd", $"of={file}", "oflag=nocache", "conv=notrunc,fdatasync", "count=0", "status=none");
}
