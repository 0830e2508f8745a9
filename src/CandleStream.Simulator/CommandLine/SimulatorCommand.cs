using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using CandleStream.Simulator.Markets;

namespace CandleStream.Simulator.CommandLine;

/// <summary>The simulator's switches and how they become <see cref="SimulatorOptions"/>.</summary>
internal static class SimulatorCommand
{
    // A year in half a minute; beyond, max is meant.
    private const int MostSpeed = 1_000_000;

    // A timer's resolution.
    private const double Least = 0.001;

    private static readonly SimulatorOptions Defaults = new();

    private static readonly Option<int> Port = Number("--port", "TCP port on 127.0.0.1; 0: a free one", Defaults.Port, 0, 65_535);

    private static readonly Dictionary<string, SimulatorDialect> Dialects = new()
    {
        ["bitfinex"] = SimulatorDialect.Bitfinex,
        ["binance"] = SimulatorDialect.Binance,
        ["kraken"] = SimulatorDialect.Kraken,
    };

    private static readonly Option<string> Exchange = Choice("--exchange", "which exchange to play", [.. Dialects.Keys]);

    private static readonly Dictionary<string, MarketKind> Markets = new()
    {
        ["synthetic"] = MarketKind.Synthetic,
        ["trades"] = MarketKind.Trades,
        ["load"] = MarketKind.Load,
    };

    private static readonly Option<string> Market =
        Choice("--market", "invented trades, recorded trades, or many busy series", [.. Markets.Keys]);

    private static readonly Option<long> Seed =
        new("--seed") { Description = "the synthetic market's seed", DefaultValueFactory = _ => Defaults.Seed };

    private static readonly Option<string[]> Symbols = new("--symbols")
    {
        Description = "pairs of the synthetic market, separated by commas",
        DefaultValueFactory = _ => [.. SyntheticMarket.DefaultPairs],
        CustomParser = ParseSymbols,
        HelpName = "BTCUSD,ETHUSD",
    };

    private static readonly Option<TradesFile[]> Trades = new("--trades")
    {
        Description = "recorded trades (ts_ms,price,amount; .gz or plain) of a pair; may be given several times",
        CustomParser = ParseTrades,
        DefaultValueFactory = _ => [],
        HelpName = "BTCUSD=FILE",
    };

    private static readonly Option<string?> Frames = new(
        "--frames")
    { Description = "a recording of frames to replay instead of a market", HelpName = "FILE", CustomParser = ParseFile };

    private static readonly Option<double> Speed = new("--speed")
    {
        Description = "how much faster than recorded; max: as fast as subscribers take it",
        DefaultValueFactory = _ => Defaults.Speed,
        CustomParser = ParseSpeed,
        HelpName = "1|N|max",
    };

    private static readonly Option<string> Shift =
        Choice("--shift", "none: recorded times; now: moved by whole minutes to begin now", "none", "now");

    private static readonly Option<int> Series = Number("--series", "series of the load market", Defaults.Series, 1, 100_000);

    private static readonly Option<double> Rate =
        Positive("--rate", "updates per second of each series of the load market", Defaults.Rate, most: 1_000_000);

    private static readonly Option<int> Burst =
        Number("--burst", "updates of a series sent back to back by the load market; 1: spread evenly", Defaults.Burst, 1, 100_000);

    private static readonly Option<int> ChannelLimit =
        Number("--channel-limit", "channels of one connection; 0: no limit", Defaults.ChannelLimit, 0, int.MaxValue);

    private static readonly Option<int> AddressLimit =
        Number("--address-limit", "channels of all connections; 0: no limit", Defaults.AddressChannelLimit, 0, int.MaxValue);

    private static readonly Option<int> ConnectLimit =
        Number("--connect-limit", "new connections a minute; 0: no limit", Defaults.ConnectLimit, 0, int.MaxValue);

    private static readonly Option<int> RestLimit =
        Number("--rest-limit", "REST calls a minute and endpoint; 0: no limit", Defaults.RestLimit, 0, int.MaxValue / 3);

    private static readonly Option<double> Heartbeat =
        Positive("--heartbeat", "seconds between two heartbeats of a channel", Defaults.Heartbeat.TotalSeconds, most: 86_400);

    public static RootCommand Create(Func<SimulatorOptions, CancellationToken, Task<int>> run)
    {
        var command =
            new RootCommand(
                "An exchange on loopback, at its own paths (Bitfinex: WebSocket at /ws/2, REST under /v2), control under /control. Its prices are invented or recorded.")
        {
            Exchange, Port, Market, Seed, Symbols, Trades, Frames, Speed, Shift, Series, Rate, Burst, ChannelLimit, AddressLimit,
            ConnectLimit, RestLimit, Heartbeat,
        };
        command.Validators.Add(CheckTogether);
        command.SetAction((parsed, stopping) => run(ToOptions(parsed), stopping));
        return command;
    }

    public static SimulatorOptions ToOptions(ParseResult parsed) => new()
    {
        Dialect = Dialects[parsed.GetValue(Exchange)!],
        Port = parsed.GetValue(Port),
        Market = Markets[parsed.GetValue(Market)!],
        Seed = parsed.GetValue(Seed),
        Symbols = parsed.GetValue(Symbols)!,
        Trades = parsed.GetValue(Trades)!,
        Frames = parsed.GetValue(Frames),
        Speed = parsed.GetValue(Speed),
        ShiftToNow = parsed.GetValue(Shift) == "now",
        Series = parsed.GetValue(Series),
        Rate = parsed.GetValue(Rate),
        Burst = parsed.GetValue(Burst),
        ChannelLimit = parsed.GetValue(ChannelLimit),
        AddressChannelLimit = parsed.GetValue(AddressLimit),
        ConnectLimit = parsed.GetValue(ConnectLimit),
        RestLimit = parsed.GetValue(RestLimit),
        Heartbeat = TimeSpan.FromSeconds(parsed.GetValue(Heartbeat)),
    };

    private static void CheckTogether(CommandResult command)
    {
        var trades = command.GetResult(Trades) is { Implicit: false };
        // As text: where it is none of the markets its value must not be asked for.
        var market = command.GetResult(Market)?.Tokens is [.., var token] ? token.Value : "synthetic";
        if (market == "trades" && !trades)
            command.AddError("--market trades needs a recording: --trades BTCUSD=FILE.");
        var isBitfinex = command.GetResult(Exchange)?.Tokens is not [.., var exchange] || exchange.Value == "bitfinex";
        if (!isBitfinex && (market == "load" || command.GetResult(Frames) is { Implicit: false }))
            command.AddError("--market load and --frames are Bitfinex' only.");
        if (trades && market != "trades")
            command.AddError("--trades belongs to --market trades.");
    }

    private static string[] ParseSymbols(ArgumentResult result)
    {
        string[] pairs = [.. result.Tokens.SelectMany(
            token => token.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
        if (pairs.Length == 0)
            result.AddError("--symbols: no pair is named.");
        if (pairs.GroupBy(pair => pair).FirstOrDefault(same => same.Count() > 1) is { } twice)
            result.AddError($"--symbols: '{twice.Key}' is named twice.");
        return pairs;
    }

    private static string? ParseFile(ArgumentResult result)
    {
        var path = result.Tokens[0].Value;
        if (path.Length == 0)
            result.AddError("--frames: no file is named.");
        return path;
    }

    private static TradesFile[] ParseTrades(ArgumentResult result)
    {
        var files = new List<TradesFile>();
        foreach (var token in result.Tokens)
        {
            if (token.Value.Split('=', 2) is [{ Length: > 0 } pair, { Length: > 0 } path])
                files.Add(new TradesFile(pair, path));
            else
                result.AddError($"--trades: '{token.Value}' is not PAIR=FILE.");
        }
        return [.. files];
    }

    private static double ParseSpeed(ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (text == "max")
            return double.PositiveInfinity;
        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var speed)
            && speed is > 0 and <= MostSpeed)
            return speed;
        result.AddError($"--speed: '{text}' is neither max nor a number above 0 and at most {MostSpeed}.");
        return 1;
    }

    /// <summary>One of several words, the first of them where the switch is left out.</summary>
    private static Option<string> Choice(string name, string description, params string[] words)
    {
        var option =
            new Option<string>(name) { Description = description, DefaultValueFactory = _ => words[0], HelpName = string.Join('|', words) };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [.., var token] && !words.Contains(token.Value))
                result.AddError($"{name}: '{token.Value}' is not one of {string.Join(", ", words)}.");
        });
        return option;
    }

    private static Option<int> Number(string name, string description, int fallback, int least, int most)
    {
        var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => fallback };
        option.Validators.Add(result =>
        {
            if (ValueIfParsed<int>(result) is { } value && (value < least || value > most))
                result.AddError($"{name}: {value} is not in {least}..{most}.");
        });
        return option;
    }

    private static Option<double> Positive(string name, string description, double fallback, double most)
    {
        var option = new Option<double>(name) { Description = description, DefaultValueFactory = _ => fallback };
        option.Validators.Add(result =>
        {
            if (ValueIfParsed<double>(result) is { } value && !(value >= Least && value <= most))
                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name}: {value} is not in {Least}..{most}."));
        });
        return option;
    }

    /// <summary>The value; null where the text is none: the library reports that itself, and throws when asked for the value.</summary>
    private static T? ValueIfParsed<T>(OptionResult result)
        where T : struct, IParsable<T> =>
        result.Tokens.Count == 0 || T.TryParse(result.Tokens[^1].Value, CultureInfo.InvariantCulture, out _)
            ? result.GetValueOrDefault<T>()
            : null;
}
