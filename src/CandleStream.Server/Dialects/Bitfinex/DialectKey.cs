using CandleStream.Server.Symbols;

namespace CandleStream.Server.Dialects.Bitfinex;

/// <summary>A candles key of the exchange, <c>trade:TIMEFRAME:tPAIR</c>. A pair may hold a colon itself.</summary>
internal static class DialectKey
{
    private const string Trades = "trade:";

    /// <summary>
    /// The week as clients before 2022 name it. It is answered with the weeks from Monday that the exchange now calls <c>1W</c>.
    /// </summary>
    private const string OldWeek = "7D";

    /// <summary>Reads a key; says which part is invalid where it cannot be served.</summary>
    public static string? TryRead(string? text, ISymbolDirectory symbols, out SeriesKey series)
    {
        series = default;
        if (text is null || !text.StartsWith(Trades, StringComparison.Ordinal)) return "key";
        var rest = text[Trades.Length..];
        var colon = rest.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0) return "key";
        var name = rest[..colon] == OldWeek ? "1W" : rest[..colon];
        if (!Timeframe.TryParse(name, out var timeframe)) return "key";
        var symbol = rest[(colon + 1)..];
        if (symbol is not ['t', ..] || !SeriesKey.IsWellFormedSymbol(symbol[1..])) return "key";
        if (Exchange.Split(symbol[1..]).Exchange != Exchange.Bitfinex) return "symbol";
        if (symbols.Check(symbol[1..]).Standing == SymbolStanding.Unknown) return "symbol";
        series = new SeriesKey(symbol[1..], timeframe);
        return null;
    }
}
