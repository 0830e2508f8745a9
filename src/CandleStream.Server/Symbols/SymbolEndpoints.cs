using System.Text.Json.Serialization;
using CandleStream.Providers;
using CandleStream.Server.Http;

namespace CandleStream.Server.Symbols;

/// <summary><c>GET /symbols</c> and <c>GET /timeframes</c>: what can be asked for.</summary>
internal static class SymbolEndpoints
{
    public static void MapSymbols(this IEndpointRouteBuilder routes)
    {
        routes.MapMethods("/symbols", ["GET", "HEAD"],
            (ISymbolDirectory symbols, string? exchange) => AnswerSymbols(symbols, exchange));
        routes.MapMethods("/timeframes", ["GET", "HEAD"],
            (ICandleProvider provider, string? symbol) => AnswerTimeframes(provider, symbol));
    }

    private static IResult AnswerSymbols(ISymbolDirectory symbols, string? name)
    {
        if (name is null) return TypedResults.Ok(new SymbolsAnswer(symbols.Symbols.Select(Describe)));
        return Exchange.All.FirstOrDefault(e => e.Name.Equals(name, StringComparison.OrdinalIgnoreCase)) is { } exchange
            ? TypedResults.Ok(new SymbolsAnswer(symbols.SymbolsOf(exchange).Select(Describe)))
            : Problems.Invalid("exchange", name, string.Join(", ", Exchange.All));
    }

    // Those that the exchange of the symbol makes itself; without a symbol those of the first exchange.
    private static IResult AnswerTimeframes(ICandleProvider provider, string? text)
    {
        if (text is null) return TypedResults.Ok(Describe(provider.Timeframes));
        return SeriesKey.TryReadSymbol(text, out var symbol)
            ? TypedResults.Ok(Describe(Exchange.Split(symbol).Exchange.Timeframes))
            : Problems.Invalid("symbol", text, "one symbol such as BTCUSD or BINANCE:BTCUSDT");
    }

    private static TimeframesAnswer Describe(IEnumerable<Timeframe> timeframes) =>
        new([.. timeframes.Select(t => new TimeframeAnswer(t.Name, t.LengthMs == 0 ? null : t.LengthMs))]);

    private static SymbolAnswer Describe(string symbol)
    {
        var (main, quote) = SymbolNames.Split(symbol);
        var exchange = Exchange.Split(symbol).Exchange;
        return new SymbolAnswer(symbol, main, quote, exchange == Exchange.Bitfinex ? null : exchange.Name);
    }
}

/// <summary>The symbols that can be asked for.</summary>
internal sealed record SymbolsAnswer(IEnumerable<SymbolAnswer> Symbols);

/// <summary>A symbol and the two currencies in it.</summary>
/// <param name="Symbol">As it is asked for.</param>
/// <param name="Base">The currency that is priced.</param>
/// <param name="Quote">The currency of the price.</param>
/// <param name="Exchange">The exchange that trades it; left out for Bitfinex, whose symbols stand bare.</param>
internal sealed record SymbolAnswer(
    string Symbol, string Base, string Quote,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Exchange);

/// <summary>The timeframes that can be asked for, shortest first.</summary>
internal sealed record TimeframesAnswer(IReadOnlyList<TimeframeAnswer> Timeframes);

/// <summary>A timeframe and its length in milliseconds; null for the month, whose length varies.</summary>
internal sealed record TimeframeAnswer(string Timeframe, long? Ms);
