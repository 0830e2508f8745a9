using System.Diagnostics;
using CandleStream.EndToEndTests.Server;
using CandleStream.EndToEndTests.Stream;
using CandleStream.Simulator.Faults;

namespace CandleStream.EndToEndTests.History;

/// <summary>
/// Our clients side by side, each in its own language: C#, TypeScript in Node, Python, and <c>watch</c>. The server is killed and loses the
/// exchange; candles are corrected all the while. In the end all four hold the same closed candles, and they are the exchange's. Resets
/// have tests of their own in each client.
/// </summary>
public sealed class FourClientsTests
{
    private const int Seed = 31_415;

    /// <summary>How long the market lasts, in seconds by the clock; CANDLESTREAM_CLIENTS_SECONDS names another length.</summary>
    private static int Seconds =>
        int.TryParse(Environment.GetEnvironmentVariable("CANDLESTREAM_CLIENTS_SECONDS"), out var seconds)
            ? seconds
            : TestSize.Of(normal: 12, full: 3600);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact(Timeout = 2 * 3600 * 1000)]
    public async Task All_hold_the_same_closed_candles_and_they_are_the_exchanges()
    {
        await using var end = TestSize.EndAfter(TimeSpan.FromMinutes(8));
        await BuildTypeScriptAsync();
        var random = new Random(Seed);
        using var folder = new TempFolder();
        await using var market = await FastMarket.StartAsync(Seed, Seconds);
        var address = new Uri($"http://127.0.0.1:{FreePort.Take()}");
        var server = await StartAsync();
        await using var own = new ClientFollower(address);
        LineFollower[] programs =
        [
            new("watch", folder.Path, new Dictionary<string, string>(),
                ["dotnet", ServerProcess.ProgramPath, "watch", .. Names, "--url", $"{address}"]),
            new("python", Path.Combine(Repository.Root, "clients", "python"), new Dictionary<string, string>(),
                ["python3", "-m", "candlestream", "watch", .. Names, "--url", $"{address}", "--delta"]),
            new("node", Path.Combine(Repository.Root, "frontend"), new Dictionary<string, string> { ["CANDLESTREAM_URL"] = $"{address}" },
                ["node", "packages/candle-stream/examples/node/watch.mjs", .. Names]),
        ];
        try
        {
            for (var trouble = 0; !market.IsOver; trouble++)
            {
                var seen = programs.Select(p => p.Lines + random.Next(200)).ToList();
                await Eventually.TrueAsync(() => market.IsOver || programs.Zip(seen).All(p => p.First.Lines > p.Second));
                if (!market.IsOver) server = await TroubleAsync(trouble % 3, server);
            }

            foreach (var series in FastMarket.Series)
            {
                await market.UntilSameAsync("C#", series, () => own.Closed(series));
                foreach (var program in programs) await market.UntilSameAsync(program.Name, series, () => program.Closed(series));
            }

            Assert.All(programs, p => Assert.True(p.Lines > 100, $"{p.Name} printed {p.Lines} lines"));
        }
        finally
        {
            foreach (var program in programs) await program.DisposeAsync();
            await server.DisposeAsync();
        }

        Task<ServerProcess> StartAsync() => ServerProcess.StartAsync(
            [$"--Urls={address}", $"--Storage:SqlitePath={folder.File("candles.db")}",
                .. market.Settings.Select(s => $"--{s.Key}={s.Value}")], folder: folder);

        async Task<ServerProcess> TroubleAsync(int kind, ServerProcess running)
        {
            if (kind == 0)
            {
                market.Exchange.Faults.Add(new Fault(FaultKind.Cut));
                return running;
            }

            if (kind == 1)
            {
                market.Exchange.Faults.Add(new Fault(FaultKind.Unreachable) { ForMs = 700 });
                return running;
            }

            await running.KillAsync();
            await running.DisposeAsync();
            return await StartAsync();
        }
    }

    private static IEnumerable<string> Names => FastMarket.Series.Select(s => s.ToString());

    private static async Task BuildTypeScriptAsync()
    {
        using var build = Process.Start(new ProcessStartInfo("npm", ["run", "--silent", "build", "-w", "candle-stream"])
        {
            WorkingDirectory = Path.Combine(Repository.Root, "frontend"),
            RedirectStandardOutput = true,
        })!;
        var output = await build.StandardOutput.ReadToEndAsync(Cancel);
        await build.WaitForExitAsync(Cancel);
        Assert.True(build.ExitCode == 0, output);
    }
}
