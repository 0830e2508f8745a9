using System.Globalization;
using CandleStream.Providers;
using CandleStream.Server.Doors;
using CandleStream.Server.Http;
using CandleStream.Streaming;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CandleStream.Server.Udf;

/// <summary>
/// <c>/udf/…</c>: the protocol that TradingView's charting library speaks through its own adapter, and OpenBB with it. Times are in
/// seconds. The adapter ignores the status of an answer, so a refusal is told in the body, with status 200 where only the question was
/// wrong.
/// </summary>
internal static class UdfEndpoints
{
    public const string Path = "/udf";

    private const int DefaultFound = 30;
    private const int MaxFound = 1000;
    private const int MaxQuotes = 50;
    private const long MaxSeconds = 253_402_300_799;
    private const int MaxDecimals = 8;
    private const int ClosesLookedAt = 100;

    private static readonly string[] Methods = ["GET", "HEAD"];

    private static readonly UdfConfig Config = new(
        UdfResolution.All,
        [new UdfExchange("", "All exchanges", ""), new UdfExchange(UdfNames.Exchange, "Bitfinex", "Bitfinex")],
        [new UdfSymbolType("All types", ""), new UdfSymbolType("Crypto", "crypto")]);

    public static void AddUdf(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<UdfHistory>();
        builder.Services.AddSingleton<ErrorForm, UdfErrors>();
    }

    public static void MapUdf(this IEndpointRouteBuilder routes)
    {
        // Prices change and are corrected: nothing of it may be kept on the way.
        var udf = routes.MapGroup(Path).AddEndpointFilter((context, next) =>
        {
            context.HttpContext.Response.Headers.CacheControl = "no-store";
            return next(context);
        });
        udf.MapMethods("/config", Methods, () => TypedResults.Ok(Config));
        udf.MapMethods("/time", Methods,
            (TimeProvider time) => TypedResults.Text(time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture)));
        udf.MapMethods("/search", Methods, Search);
        udf.MapMethods("/symbols", Methods, ResolveAsync);
        udf.MapMethods("/history", Methods, ReadBarsAsync);
        udf.MapMethods("/marks", Methods, ReadMarksAsync);
        udf.MapMethods("/quotes", Methods, ReadQuotesAsync);
        routes.MapMethods(UdfWidgets.Path, Methods, () => TypedResults.Ok(UdfWidgets.All));
    }

    private static IResult Search(string? query, string? type, string? exchange, string? limit, CandleDoor door)
    {
        if (!TryReadNumber(limit, 1, MaxFound, out var most)) return Refuse($"'limit' must be a whole number, 1..{MaxFound}.");
        var isOurs = type is null or "" or "crypto"
            && (string.IsNullOrEmpty(exchange) || exchange.Equals(UdfNames.Exchange, StringComparison.OrdinalIgnoreCase));
        if (!isOurs) return TypedResults.Ok(Array.Empty<UdfFound>());
        var text = (query ?? "").ToUpperInvariant();
        if (text.StartsWith(UdfNames.Exchange + ":", StringComparison.Ordinal)) text = text[(UdfNames.Exchange.Length + 1)..];
        // A person leaves the separator out, or writes another one.
        text = Letters(text);
        var found = door.Symbols.Symbols.Where(s => Letters(s).Contains(text, StringComparison.Ordinal))
            .OrderBy(s => Letters(s).StartsWith(text, StringComparison.Ordinal) ? 0 : 1)
            .Take((int)(most ?? DefaultFound))
            .Select(s => new UdfFound(UdfNames.TickerOf(s), UdfNames.FullNameOf(s), UdfNames.DescriptionOf(s, door.IsSimulated),
                UdfNames.Exchange, UdfNames.TickerOf(s), "crypto"));
        return TypedResults.Ok(found);

        static string Letters(string symbol) => string.Concat(symbol.Where(char.IsAsciiLetterOrDigit));
    }

    private static async Task<IResult> ResolveAsync(string? symbol, CandleDoor door, CancellationToken cancel)
    {
        if (UdfNames.Find(symbol, door.Symbols) is not { } name) return UnknownSymbol();
        var ticker = UdfNames.TickerOf(name);
        return TypedResults.Ok(
            new UdfSymbol(ticker, ticker, UdfNames.DescriptionOf(name, door.IsSimulated), await PriceScaleAsync(name, door, cancel)));
    }

    // The exchange names no tick: the scale is what recent closes need. Without any, all decimals that a price can have are shown.
    private static async Task<long> PriceScaleAsync(string symbol, CandleDoor door, CancellationToken cancel)
    {
        var recent = await door.ReadAsync(
            new HistoryQuery(new SeriesKey(symbol, Timeframe.Parse("1h")), null, null, ClosesLookedAt, Descending: false, null), cancel);
        var decimals = recent.History.Candles.Count == 0 ? MaxDecimals : recent.History.Candles.Max(c => DecimalsOf(c.Close));
        return (long)Math.Pow(10, Math.Min(decimals, MaxDecimals));
    }

    // Dividing by one with all its decimals takes trailing zeros away.
    private static int DecimalsOf(decimal value) => (value / 1.0000000000000000000000000000m).Scale;

    private static async Task<IResult> ReadBarsAsync(string? symbol, string? resolution, string? from, string? to, string? countback,
        CandleDoor door, UdfHistory history, CancellationToken cancel)
    {
        if (FindSeries(symbol, resolution, door, out var series) is { } refusal) return refusal;
        if (!TryReadSeconds(from, out var first)) return RefuseTime("from");
        if (!TryReadSeconds(to, out var end) || end is null) return RefuseTime("to");
        if (!TryReadNumber(countback, 0, UdfHistory.MaxBars, out var count))
            return Refuse($"'countback' must be a whole number, 0..{UdfHistory.MaxBars}.");
        if (count is 0) count = null;
        if (first is null && count is null) return Refuse("'from' or 'countback' is needed.");
        var answer = await history.ReadAsync(new UdfBarsQuery(series, first * 1000, end.Value * 1000, (int?)count), cancel);
        if (answer.Trouble is { } trouble) return Refuse(trouble);
        return answer.Bars.Count > 0 ? TypedResults.Ok(UdfColumns.Of(answer.Bars)) : TypedResults.Ok(new UdfNoData(answer.Older / 1000));
    }

    private static async Task<IResult> ReadMarksAsync(
        string? symbol, string? resolution, string? from, string? to, CandleDoor door, CancellationToken cancel)
    {
        if (FindSeries(symbol, resolution, door, out var series) is { } refusal) return refusal;
        if (!TryReadSeconds(from, out var first) || first is null) return RefuseTime("from");
        if (!TryReadSeconds(to, out var last) || last is null) return RefuseTime("to");
        if (last < first) return Refuse("'to' must not be before 'from'.");
        var start = Math.Max(0, first.Value * 1000);
        var answer = (await door.ReadAsync(new HistoryQuery(
            series, null, Math.Max(start, last.Value * 1000), UdfHistory.MaxBars, Descending: false, null), cancel)).History;
        return TypedResults.Ok(UdfMarks.Of(answer, start));
    }

    private static async Task<IResult> ReadQuotesAsync(string? symbols, CandleDoor door, CancellationToken cancel)
    {
        var names = (symbols ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.Length is 0 or > MaxQuotes) return Refuse($"'symbols' must name 1 to {MaxQuotes} symbols, between commas.");
        return TypedResults.Ok(new UdfQuotes(await Task.WhenAll(names.Select(name => QuoteAsync(name, door, cancel)))));
    }

    private static async Task<UdfQuote> QuoteAsync(string name, CandleDoor door, CancellationToken cancel)
    {
        if (UdfNames.Find(name, door.Symbols) is not { } symbol) return new UdfQuote("error", name, "unknown_symbol", null);
        var day = new SeriesKey(symbol, Timeframe.Parse("1D"));
        var answer = (await door.ReadAsync(new HistoryQuery(day, null, null, 2, Descending: true, null), cancel)).History;
        // A price that may be old must not pass for the present one.
        if (door.StatusOf(day) is not { Feed.State: SeriesState.Live or SeriesState.Polling })
            return new UdfQuote("error", name, "The price is not live at the moment.", null);
        if (answer.Candles is not [var today, ..]) return new UdfQuote("error", name, "Nothing was traded yet.", null);
        var before = answer.Candles.Count > 1 && answer.Gaps.Count == 0 ? answer.Candles[1].Close : (decimal?)null;
        var change = today.Close - before;
        return new UdfQuote("ok", name, null, new UdfQuoteValues(
            today.Close, today.Open, today.High, today.Low, today.Volume, UdfNames.TickerOf(symbol), UdfNames.FullNameOf(symbol),
            UdfNames.DescriptionOf(symbol, door.IsSimulated),
            before, change, before is null ? null : decimal.Round(change!.Value / before.Value * 100, 4)));
    }

    private static Ok<UdfError>? FindSeries(string? symbol, string? resolution, CandleDoor door, out SeriesKey series)
    {
        series = default;
        if (UdfNames.Find(symbol, door.Symbols) is not { } name) return UnknownSymbol();
        if (UdfResolution.Find(resolution) is not { } timeframe)
            return Refuse($"'resolution' must be one of {string.Join(", ", UdfResolution.All)}.");
        series = new SeriesKey(name, timeframe);
        return null;
    }

    // The library asks for times before 1970 when it scrolls far back over months.
    private static bool TryReadSeconds(string? text, out long? seconds) => TryReadNumber(text, -MaxSeconds, MaxSeconds, out seconds);

    private static bool TryReadNumber(string? text, long min, long max, out long? number)
    {
        number = null;
        if (string.IsNullOrEmpty(text)) return true;
        if (!long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) || value < min || value > max)
            return false;
        number = value;
        return true;
    }

    private static Ok<UdfError> RefuseTime(string field) => Refuse($"'{field}' must be a time in seconds since 1970, not in milliseconds.");

    private static Ok<UdfError> UnknownSymbol() => Refuse("unknown_symbol");

    private static Ok<UdfError> Refuse(string why) => TypedResults.Ok(new UdfError(why));
}
