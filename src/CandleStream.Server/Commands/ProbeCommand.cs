using System.CommandLine;
using CandleStream.Exchanges.Bitfinex.Probe;
using CandleStream.Server.Hosting;

namespace CandleStream.Server.Commands;

/// <summary>
/// Checks at the exchange itself what its documentation leaves open, read-only and within its limits, and prints a report made to be sent
/// to us.
/// </summary>
internal static class ProbeCommand
{
    public static void AddTo(RootCommand root, Func<ParseResult, ServerArguments> arguments)
    {
        var defaults = new ProbeOptions();
        var record =
            new Option<FileInfo?>("--record") { Description = "Keep every frame in this file; the simulator replays it with --frames." };
        var symbol = new Option<string>(
            "--symbol")
        { Description = $"A busy symbol. Default: {defaults.Symbol}.", DefaultValueFactory = _ => defaults.Symbol };
        var quiet = new Option<string>("--quiet-symbol")
        {
            Description =
            $"A symbol that is hardly traded. Default: {defaults.QuietSymbol}.",
            DefaultValueFactory = _ => defaults.QuietSymbol
        };
        var watch = new Option<int>("--watch")
        {
            Description = "Seconds for which updates are watched. Default: 150.",
            DefaultValueFactory = _ => (int)defaults.Watch.TotalSeconds
        };
        var limit = new Option<bool>("--channel-limit")
        {
            Description =
            "Subscribe until the exchange refuses. It uses up the address's channels for a moment: not beside a running server."
        };
        var command = new Command(
            "probe", "Checks the exchange's public interface, read-only, and prints a report.") { record, symbol, quiet, watch, limit };
        command.TreatUnmatchedTokensAsErrors = false;
        command.SetAction((parsed, cancel) => CommandHost.RunAsync(
            arguments(parsed),
            (host, stop) => RunAsync(
                host, new ProbeOptions(parsed.GetValue(symbol)!, parsed.GetValue(quiet)!, TimeSpan.FromSeconds(parsed.GetValue(watch)),
                    parsed.GetValue(limit)), parsed.GetValue(record), stop),
            cancel,
            needsStore: false));
        root.Add(command);
    }

    /// <returns>0 when everything is as assumed, else 1.</returns>
    private static async Task<int> RunAsync(CommandHost host, ProbeOptions options, FileInfo? record, CancellationToken stop)
    {
        await using var frames = record?.CreateText();
        var probe = new BitfinexProbe(host.Bitfinex, host.Transport, host.Time, frames);
        var report = await probe.RunAsync(options, new Progress(), stop);
        Console.WriteLine(report);
        return report.Findings.Any(f => f.Verdict == ProbeVerdict.Different) ? 1 : 0;
    }

    // The report comes at the end; meanwhile a person sees that something happens.
    private sealed class Progress : IProgress<ProbeFinding>
    {
        public void Report(ProbeFinding value) => Console.Error.WriteLine($"{value.Topic}: {value.Question}");
    }
}
