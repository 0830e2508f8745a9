namespace CandleStream;

/// <summary>
/// An exchange that this server can follow. Its name stands before a symbol, as traders write it: <c>BINANCE:BTCUSDT</c>; the symbols of
/// the first exchange stand bare. A prefix counts only where it names one of <see cref="All"/>: <c>BTCF0:USTF0</c> is a symbol.
/// </summary>
public sealed class Exchange
{
    private readonly long _weekStart;

    /// <param name="name">In upper-case letters, as it stands before a symbol.</param>
    /// <param name="firstWeek">Some week of it opened at this time, Unix ms.</param>
    internal Exchange(string name, long firstWeek) => (Name, _weekStart) = (name, firstWeek);

    /// <summary>The exchange whose symbols stand bare.</summary>
    public static Exchange Bitfinex { get; } = new("BITFINEX", Timeframe.FirstMonday);

    /// <summary>Every exchange that is known, Bitfinex first. A new one gets its line here.</summary>
    public static IReadOnlyList<Exchange> All { get; } = [Bitfinex];

    /// <summary>The name as it stands before a symbol, in upper-case letters.</summary>
    public string Name { get; }

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
