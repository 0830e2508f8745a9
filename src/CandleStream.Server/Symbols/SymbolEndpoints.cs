using CandleStream.Providers;

namespace CandleStream.Server.Symbols;

/// <summary><c>GET /symbols</c> and <c>GET /timeframes</c>: what can be asked for.</summary>
internal static class SymbolEndpoints
{
    public static void MapSymbols(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/symbols", ["GET", "HEAD"],
            (ISymbolDirectory symbols) => TypedResults.Ok(new SymbolsAnswer(symbols.Symbols.Select(Describe))));
        routes.MapMethods("/timeframes", ["GET", "HEAD"], (ICandleProvider provider) => TypedResults.Ok(Describe(provider.Timeframes)));
    }

    private static TimeframesAnswer Describe(IEnumerable<Timeframe> timeframes) =>
        new([.. timeframes.Select(t => new TimeframeAnswer(t.Name, t.LengthMs == 0 ? null : t.LengthMs))]);

    private static SymbolAnswer Describe(string symbol)
    {
        var (main, quote) = SymbolNames.Split(symbol);
        return new SymbolAnswer(symbol, main, quote);
    }
}

/// <summary>The symbols that can be asked for.</summary>
internal sealed record SymbolsAnswer(IEnumerable<SymbolAnswer> Symbols);

/// <summary>A symbol and the two currencies in it.</summary>
/// <param name="Symbol">As it is asked for.</param>
/// <param name="Base">The currency that is priced.</param>
/// <param name="Quote">The currency of the price.</param>
internal sealed record SymbolAnswer(string Symbol, string Base, string Quote);

/// <summary>The timeframes that can be asked for, shortest first.</summary>
internal sealed record TimeframesAnswer(IReadOnlyList<TimeframeAnswer> Timeframes);

/// <summary>A timeframe and its length in milliseconds; null for the month, whose length varies.</summary>
internal sealed record TimeframeAnswer(string Timeframe, long? Ms);
