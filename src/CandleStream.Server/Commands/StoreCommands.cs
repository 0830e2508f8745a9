using System.CommandLine;
using System.Globalization;
using CandleStream.Server.Hosting;

namespace CandleStream.Server.Commands;

/// <summary>
/// The server program's commands: work on the store and the exchange without serving. Each shares the store with a running server.
/// </summary>
internal static class StoreCommands
{
    private static readonly Argument<SeriesKey> Series =
        new("series") { Description = "The series, such as BTCUSD:1m.", CustomParser = ParseSeries };
    private static readonly Option<long?> From =
        new("--from") { Description = "First time, such as 2024-01-01 or 2024-01-01T12:00Z (UTC).", CustomParser = ParseTime };
    private static readonly Option<long?> To =
        new("--to") { Description = "End of the range, not included; default: now.", CustomParser = ParseTime };

    public static void AddTo(RootCommand root, Func<ParseResult, ServerArguments> arguments)
    {
        foreach (var command in (Command[])[
            Backfill(arguments), Verify(arguments), Export(arguments), Import(arguments), CopyTo(arguments)])
        {
            command.TreatUnmatchedTokensAsErrors = false;
            root.Add(command);
        }
    }

    private static Command Backfill(Func<ParseResult, ServerArguments> arguments)
    {
        var command =
            new Command(
                "backfill",
                "Fetches the history of a series from the exchange into the store. When run again, it continues where it stopped.") { Series, From, To };
        command.Validators.Add(RequireFrom);
        command.SetAction((parsed, cancel) => CommandHost.RunAsync(
            arguments(parsed), (host, stop) => new BackfillCommand(host).RunAsync(parsed.GetValue(Series), RangeOf(parsed), stop), cancel));
        return command;
    }

    private static Command Verify(Func<ParseResult, ServerArguments> arguments)
    {
        var repair = new Option<bool>("--repair") { Description = "Take the exchange's candles where the store differs." };
        var command =
            new Command("verify", "Compares the store with the exchange and prints each difference.") { Series, From, To, repair };
        command.Validators.Add(RequireFrom);
        command.SetAction((parsed, cancel) => CommandHost.RunAsync(
            arguments(parsed), (host, stop) =>
                new VerifyCommand(host).RunAsync(parsed.GetValue(Series), RangeOf(parsed), parsed.GetValue(repair), stop), cancel));
        return command;
    }

    private static Command Export(Func<ParseResult, ServerArguments> arguments)
    {
        var file = new Option<FileInfo?>(
            "--out")
        { Description = "The file to write; default: standard output. A name that ends in .gz is compressed." };
        var format =
            new Option<string?>("--format") { Description = "csv or parquet. Default: parquet where the file's name ends so, else csv." };
        format.AcceptOnlyFromAmong(ExportCommand.Formats);
        var command = new Command("export", "Writes the stored candles of a series as CSV or Parquet.") { Series, From, To, file, format };
        command.SetAction((parsed, cancel) => CommandHost.RunAsync(
            arguments(parsed), (host, stop) => new ExportCommand(host).RunAsync(
                parsed.GetValue(Series), RangeOf(parsed), parsed.GetValue(file), parsed.GetValue(format)
                    ?? (parsed.GetValue(file)?.Extension == ".parquet" ? "parquet" : "csv"), stop), cancel));
        return command;
    }

    private static Command Import(Func<ParseResult, ServerArguments> arguments)
    {
        var file =
            new Argument<FileInfo>(
                "file")
            {
                Description =
                    "CSV or Parquet with columns named time (or mts), open, high, low, close, volume and perhaps closed; a public archive of Binance or Kraken, a file of CryptoDataDownload. CSV may be packed by gzip or zip."
            };
        var complete =
            new Option<bool>(
                "--complete")
            {
                Description =
                    "The file is complete between its ends: a candle that is not in it was never traded. A file of our export says itself where it is."
            };
        var skipBad = new Option<bool>("--skip-bad") { Description = "Leave out rows that are no candles, instead of refusing the file." };
        var format = new Option<string>(
            "--format")
        { Description = "Told by the content (auto). Naming it refuses any other.", DefaultValueFactory = _ => "auto" };
        format.AcceptOnlyFromAmong(CandleFile.Formats);
        var command =
            new Command("import", "Reads candles of a series from a file into the store.") { Series, file, complete, skipBad, format };
        command.SetAction((parsed, cancel) => CommandHost.RunAsync(
            arguments(parsed), (host, stop) => ImportCommand.RunAsync(
                host, parsed.GetValue(Series), parsed.GetValue(file)!,
                new ImportOptions(parsed.GetValue(complete), parsed.GetValue(skipBad), parsed.GetValue(format)!), stop), cancel));
        return command;
    }

    private static Command CopyTo(Func<ParseResult, ServerArguments> arguments)
    {
        var url = new Argument<string>("url") { Description = "The other store: postgresql://user:password@host:port/database." };
        var command = new Command("copy-to",
            "Copies everything into another store, such as from SQLite to PostgreSQL. May be run again: it adds what is new.") { url };
        command.SetAction((parsed, cancel) => CommandHost.RunAsync(
            arguments(parsed), (host, stop) => new CopyToCommand(host).RunAsync(parsed.GetValue(url)!, stop), cancel));
        return command;
    }

    private static TimeRange RangeOf(ParseResult parsed) => new(parsed.GetValue(From) ?? 0, parsed.GetValue(To) ?? long.MaxValue);

    private static void RequireFrom(System.CommandLine.Parsing.CommandResult command)
    {
        if (command.GetResult(From) is null or { Implicit: true })
            command.AddError("--from is missing: the first time, such as --from 2024-01-01.");
        else if (command.GetValue(To) <= command.GetValue(From)) command.AddError("--to must be after --from.");
    }

    private static SeriesKey ParseSeries(System.CommandLine.Parsing.ArgumentResult result)
    {
        if (SeriesKey.TryParse(result.Tokens[0].Value, out var series)) return series;
        result.AddError($"'{result.Tokens[0].Value}' is not a series such as BTCUSD:1m.");
        return default;
    }

    private static long? ParseTime(System.CommandLine.Parsing.ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out var time)) return time.ToUnixTimeMilliseconds();
        result.AddError($"'{text}' is not a time such as 2024-01-01 or 2024-01-01T12:00Z.");
        return null;
    }
}
