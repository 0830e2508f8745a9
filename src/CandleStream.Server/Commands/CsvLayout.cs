using System.Globalization;
using System.Text.RegularExpressions;

namespace CandleStream.Server.Commands;

/// <summary>Where a CSV file has what, and whose file it is: found by its first lines.</summary>
/// <param name="Format">csv, binance, kraken or cryptodatadownload.</param>
/// <param name="Separator">What parts its fields.</param>
/// <param name="Fields">Fields of each row.</param>
/// <param name="Time">The column of the open time.</param>
/// <param name="Values">The columns of open, high, low, close and volume.</param>
/// <param name="Closed">The column that says whether a candle is closed.</param>
/// <param name="Trades">The column of the number of trades.</param>
/// <param name="HasHeader">False where the rows begin at once.</param>
/// <param name="Preface">Lines before the header that are none of the table.</param>
internal sealed partial record CsvLayout(
    string Format, char Separator, int Fields, int Time, int[] Values, int? Closed, int? Trades, bool HasHeader, int Preface)
{
    private const string Separators = ",;\t|";

    private static readonly string[] TimeNames = ["time", "mts", "open_time", "unix", "timestamp"];
    private static readonly string[] ValueNames = ["open", "high", "low", "close", "volume"];
    private static readonly string[] TradeNames = ["trades", "count", "tradecount"];

    /// <exception cref="CommandException">A column is missing, or there is no header and the rows are nobody's that we know.</exception>
    public static CsvLayout Find(IReadOnlyList<string> firstLines, string file)
    {
        if (firstLines.Count == 0) throw new CommandException($"{file} is empty: a header line is missing.");
        var preface = CryptoDataDownload().IsMatch(firstLines[0]) ? 1 : 0;
        if (firstLines.Count == preface) throw new CommandException($"{file} is empty: a header line is missing.");
        var header = firstLines[preface];
        var separator = Separators.MaxBy(s => header.Count(c => c == s));
        var fields = header.Split(separator).Select(f => f.Trim().Trim('"').Trim().ToLowerInvariant()).ToArray();
        if (long.TryParse(fields[0], NumberStyles.None, CultureInfo.InvariantCulture, out _))
            return WithoutHeader(fields.Length, separator, file);
        return WithHeader(fields, separator, preface, file);
    }

    private static CsvLayout WithoutHeader(int fields, char separator, string file) => fields switch
    {
        12 => new("binance", separator, fields, 0, [1, 2, 3, 4, 5], null, 8, HasHeader: false, 0),
        7 => new("kraken", separator, fields, 0, [1, 2, 3, 4, 5], null, 6, HasHeader: false, 0),
        _ => throw new CommandException(
            $"{file} has no header line, and its {fields} columns are neither Binance's (12) nor Kraken's (7): add a line such as time,open,high,low,close,volume."),
    };

    private static CsvLayout WithHeader(string[] names, char separator, int preface, string file)
    {
        var time = Array.FindIndex(names, TimeNames.Contains);
        if (time < 0) throw new CommandException($"{file}: no column is named time or mts.");
        // CryptoDataDownload has two columns of volume, of the base currency and of the quote.
        var values =
            Array.ConvertAll(ValueNames, name => Find(names, name) ?? throw new CommandException($"{file}: no column is named {name}."));
        var closed = Array.IndexOf(names, "closed");
        var trades = Array.FindIndex(names, TradeNames.Contains);
        var format = preface > 0 || (names[time] == "unix" && names.Contains("symbol")) ? "cryptodatadownload"
            : names.Contains("open_time") && names.Contains("close_time") ? "binance" : "csv";
        return new(format, separator, names.Length, time, values, closed < 0 ? null : closed, trades < 0 ? null : trades, HasHeader: true,
            preface);
    }

    private static int? Find(string[] names, string name)
    {
        var exact = Array.IndexOf(names, name);
        if (exact < 0) exact = Array.FindIndex(names, n => n.StartsWith(name + " ", StringComparison.Ordinal));
        return exact < 0 ? null : exact;
    }

    [GeneratedRegex("^\"?(https?://)?(www\\.)?cryptodatadownload\\.com", RegexOptions.IgnoreCase)]
    private static partial Regex CryptoDataDownload();
}

/// <summary>
/// Whose candles a foreign archive holds, as far as its name tells. An archive of an exchange goes into that exchange's series only.
/// </summary>
/// <param name="Exchange">Such as BINANCE; null where the name does not tell.</param>
/// <param name="Symbol">The symbol as the archive writes it, letters and digits only; null where the name does not tell.</param>
/// <param name="Timeframe">The timeframe in our words; null where the name does not tell.</param>
internal sealed partial record ArchiveName(string? Exchange, string? Symbol, string? Timeframe)
{
    private const string Ours = "BITFINEX";

    public static ArchiveName Read(string format, string file)
    {
        switch (format)
        {
            case "binance":
                var binance = BinanceName().Match(file);
                return new("BINANCE", binance.Success ? binance.Groups[1].Value : null,
                    binance.Success ? TimeframeOf(binance.Groups[2].Value) : null);
            case "kraken":
                var kraken = KrakenName().Match(file);
                return new("KRAKEN", kraken.Success ? Traded(kraken.Groups[1].Value) : null,
                    kraken.Success ? TimeframeOf(kraken.Groups[2].Value + "m") : null);
            case "cryptodatadownload":
                var other = CryptoDataDownloadName().Match(file);
                return other.Success
                    ? new(other.Groups[1].Value.ToUpperInvariant(), Traded(other.Groups[2].Value), TimeframeOf(other.Groups[3].Value))
                    : new(null, null, null);
            default:
                return new(null, null, null);
        }
    }

    /// <exception cref="CommandException">The candles are not those of the series.</exception>
    public void Check(SeriesKey series, string file)
    {
        var (exchange, symbol) = ExchangeOf(series.Symbol);
        if (Exchange is not null && Exchange != exchange)
            throw new CommandException(
                $"{file} is an archive of {Exchange}, and {series} is a series of {exchange}: import it as {(Exchange == Ours ? "" : Exchange + ":")}{NameThere()}:{series.Timeframe}.");
        if (series.Exchange.WritesSlash && !symbol.Contains('/', StringComparison.Ordinal))
            throw new CommandException(
                $"{series}: symbols of {exchange} are written with a slash, as in {exchange}:BTC/USD:{series.Timeframe}.");
        if (Symbol is not null && Symbol != Plain(symbol))
            throw new CommandException($"{file} holds candles of {Symbol}, not of {symbol}.");
        if (Timeframe is not null && Timeframe != series.Timeframe.Name)
            throw new CommandException($"{file} holds candles of {Timeframe}, not of {series.Timeframe}.");
    }

    // Where the exchange writes a slash, the name of its archive does not tell where.
    private string NameThere() =>
        CandleStream.Exchange.All.Any(e => e.Name == Exchange && e.WritesSlash) ? "BASE/QUOTE" : Symbol ?? "SYMBOL";

    // The prefix counts only where it names an exchange whose archives are read; DUSK:USD is a symbol.
    private static (string Exchange, string Symbol) ExchangeOf(string symbol)
    {
        foreach (var exchange in (ReadOnlySpan<string>)["BINANCE", "KRAKEN", Ours])
        {
            if (symbol.StartsWith(exchange + ":", StringComparison.Ordinal)) return (exchange, symbol[(exchange.Length + 1)..]);
        }

        return (Ours, symbol);
    }

    private static string Plain(string symbol) => new([.. symbol.ToUpperInvariant().Where(char.IsAsciiLetterOrDigit)]);

    // Kraken's own name of bitcoin and dogecoin; ours is the traders'.
    private static string Traded(string symbol) =>
        Plain(symbol).Replace("XBT", "BTC", StringComparison.Ordinal).Replace("XDG", "DOGE", StringComparison.Ordinal);

    private static string? TimeframeOf(string text)
    {
        if (text is "1mo" or "1M") return "1M";
        var lower = text.ToLowerInvariant().Replace("minute", "1m", StringComparison.Ordinal);
        return lower switch
        {
            "60m" => "1h",
            "180m" => "3h",
            "240m" => "4h",
            "360m" => "6h",
            "720m" => "12h",
            "1d" or "d" or "1440m" => "1D",
            "1w" or "10080m" => "1W",
            _ => lower,
        };
    }

    [GeneratedRegex(@"^([A-Z0-9]+)-(\d+[a-zA-Z]+)-\d{4}")]
    private static partial Regex BinanceName();

    [GeneratedRegex(@"^([A-Z0-9]+)_(\d+)\.", RegexOptions.IgnoreCase)]
    private static partial Regex KrakenName();

    [GeneratedRegex(@"^([A-Za-z]+)_([A-Za-z0-9]+)_(?:\d{4}_)?(\d+[mhd]|d|minute)\b", RegexOptions.IgnoreCase)]
    private static partial Regex CryptoDataDownloadName();
}
