namespace CandleStream;

/// <summary>
/// An exchange that this server can follow. Its name stands before a symbol, as traders write it: <c>BINANCE:BTCUSDT</c>; the symbols of
/// the first exchange stand bare. A prefix counts only where it names one of <see cref="All"/>: <c>BTCF0:USTF0</c> is a symbol.
/// </summary>
public sealed class Exchange
{
    private readonly long _weekStart;
    private readonly string[]? _timeframes;
    private readonly (string Listed, string Name)[] _otherNames;

    /// <param name="name">In upper-case letters, as it stands before a symbol.</param>
    /// <param name="firstWeek">Some week of it opened at this time, Unix ms.</param>
    /// <param name="timeframes">The names of the timeframes that it makes candles of; null for all.</param>
    /// <param name="tellsTradeFigures">True where its candles tell of their trades.</param>
    /// <param name="otherNames">Currencies that it lists under a name of its own, and the name that traders use; null for none. Its symbols
    /// are written with a slash, <c>BTC/USD</c>, where this is given.</param>
    internal Exchange(
        string name, long firstWeek, string[]? timeframes = null, bool tellsTradeFigures = false,
        (string Listed, string Name)[]? otherNames = null)
    {
        (Name, _weekStart, _timeframes, TellsTradeFigures) = (name, firstWeek, timeframes, tellsTradeFigures);
        (_otherNames, WritesSlash) = (otherNames ?? [], otherNames is not null);
    }

    /// <summary>The exchange whose symbols stand bare.</summary>
    public static Exchange Bitfinex { get; } = new("BITFINEX", Timeframe.FirstMonday);

    /// <summary>Binance's spot market.</summary>
    public static Exchange Binance { get; } = new(
        "BINANCE", Timeframe.FirstMonday, ["1m", "5m", "15m", "30m", "1h", "6h", "12h", "1D", "1W", "1M"], tellsTradeFigures: true);

    /// <summary>Kraken's spot market. Its weeks begin on Thursday, as the epoch did.</summary>
    public static Exchange Kraken { get; } = new(
        "KRAKEN", 0, ["1m", "5m", "15m", "30m", "1h", "1D", "1W"], tellsTradeFigures: true, otherNames: [("XBT", "BTC"), ("XDG", "DOGE")]);

    /// <summary>Every exchange that is known, Bitfinex first. A new one gets its line here.</summary>
    public static IReadOnlyList<Exchange> All { get; } = [Bitfinex, Binance, Kraken];

    /// <summary>The name as it stands before a symbol, in upper-case letters.</summary>
    public string Name { get; }

    /// <summary>True where its candles tell of their trades, see <see cref="TradeFigures"/>.</summary>
    public bool TellsTradeFigures { get; }

    /// <summary>True where its symbols are written with a slash between their currencies, <c>BTC/USD</c>.</summary>
    public bool WritesSlash { get; }

    /// <summary>The timeframes whose candles the exchange itself makes, shortest first.</summary>
    public IReadOnlyList<Timeframe> Timeframes =>
        field ??= [.. Timeframe.All.Where(t => _timeframes is null || _timeframes.Contains(t.Name)).Select(Align)];

    /// <summary>True where the exchange makes candles of this timeframe.</summary>
    public bool Makes(Timeframe timeframe) => _timeframes is null || _timeframes.Contains(timeframe.Name);

    /// <summary>
    /// The symbol as its candles are named: where the exchange also lists it under another name, <c>XBT/USD</c> is <c>BTC/USD</c>.
    /// </summary>
    public string Named(string pair)
    {
        if (pair.Split('/') is not [var main, var quote]) return pair;
        return $"{NameOf(main)}/{NameOf(quote)}";

        string NameOf(string currency) => Array.Find(_otherNames, n => n.Listed == currency).Name ?? currency;
    }

    public override string ToString() => Name;

    /// <summary>The exchange of a symbol, and the symbol as that exchange names it.</summary>
    public static (Exchange Exchange, string Pair) Split(string symbol) => Split(symbol, All);

    /// <summary>The timeframe as this exchange's candles open: weeks do not begin on the same day everywhere.</summary>
    public Timeframe Align(Timeframe timeframe) => timeframe.Name == "1W" ? timeframe.StartingAt(_weekStart) : timeframe;

    internal static (Exchange Exchange, string Pair) Split(string symbol, IReadOnlyList<Exchange> known)
    {
        foreach (var exchange in known)
        {
            if (symbol.Length > exchange.Name.Length && symbol[exchange.Name.Length] == ':'
                && symbol.StartsWith(exchange.Name, StringComparison.Ordinal))
                return (exchange, symbol[(exchange.Name.Length + 1)..]);
        }

        return (Bitfinex, symbol);
    }
}
