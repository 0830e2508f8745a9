using CandleStream.Server.Symbols;

namespace CandleStream.Server.Udf;

/// <summary>
/// Symbols as TradingView's library writes them. A colon there stands between exchange and name, so a symbol that holds one itself
/// has a dash instead: <c>BTCF0:USTF0</c> is <c>BTCF0-USTF0</c>.
/// </summary>
internal static class UdfNames
{
    /// <summary>The exchange of every symbol of this server.</summary>
    public const string Exchange = "BITFINEX";

    /// <summary>The symbol's ticker: what the library sends back in every request.</summary>
    public static string TickerOf(string symbol) => symbol.Replace(':', '-');

    public static string FullNameOf(string symbol) => $"{Exchange}:{TickerOf(symbol)}";

    public static string DescriptionOf(string symbol, bool isSimulated)
    {
        var (main, quote) = SymbolNames.Split(symbol);
        return $"{main} / {quote}{(isSimulated ? " (SIMULATED)" : "")}";
    }

    /// <summary>Reads a name, a ticker or <c>EXCHANGE:NAME</c>, in any case; null where it is no symbol that can be asked for.</summary>
    public static string? Find(string? text, ISymbolDirectory symbols)
    {
        if (text is not { Length: > 0 and <= 2 * SeriesKey.MaxSymbolLength }) return null;
        var name = text.ToUpperInvariant();
        return SeriesKey.TryReadSymbol(name.Replace('-', ':'), out var symbol) && symbols.Check(symbol).Standing != SymbolStanding.Unknown
            ? symbol
            : null;
    }
}
