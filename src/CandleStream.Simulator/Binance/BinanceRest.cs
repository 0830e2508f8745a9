using System.Globalization;
using System.Text;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Protocol;
using CandleStream.Simulator.Rest;
using Microsoft.AspNetCore.WebUtilities;

namespace CandleStream.Simulator.Binance;

/// <summary>
/// Binance's REST interface: <c>/api/v3/klines</c>, <c>exchangeInfo</c>, <c>time</c> and <c>ping</c> (Binance docs, rest-api).
/// </summary>
internal sealed class BinanceRest(BinanceExchange exchange) : SimulatorRest(exchange.Market, exchange.Faults, exchange.Time)
{
    private const int DefaultLimit = 500, MostCandles = 1000;

    private readonly BinanceWeights _weights = new(exchange.Options.WeightLimit, exchange.Time);

    protected override string? KeyOf(string path, string query)
    {
        if (path != "/api/v3/klines")
            return null;
        var arguments = QueryHelpers.ParseQuery(query);
        return exchange.Symbols.KeyOf(arguments.GetValueOrDefault("symbol"), arguments.GetValueOrDefault("interval"))?.Text;
    }

    protected override RestAnswer Answer(string path, string query)
    {
        if (Spoiled(KeyOf(path, query)) is { } spoiled)
            return spoiled;
        if (!path.StartsWith("/api/v3/", StringComparison.Ordinal))
            return RestAnswer.Html(404, "Not Found");
        var call = path["/api/v3/".Length..];
        var weight = call switch
        {
            "klines" => 2,
            "exchangeInfo" => 20,
            _ => 1,
        };
        if (_weights.Refuse(weight) is { } refusal)
            return refusal;
        var arguments = QueryHelpers.ParseQuery(query).ToDictionary(argument => argument.Key, argument => argument.Value.ToString());
        var answer = call switch
        {
            "klines" => Klines(arguments),
            "exchangeInfo" => ExchangeInfo(arguments.GetValueOrDefault("symbol")),
            "time" => RestAnswer.Json(string.Create(CultureInfo.InvariantCulture, $$"""{"serverTime":{{exchange.Market.Now}}}""")),
            "ping" => RestAnswer.Json("{}"),
            _ => RestAnswer.Html(404, "Not Found"),
        };
        return answer with { Headers = _weights.Headers };
    }

    private static RestAnswer Error(int code, string text, int status = 400) =>
        RestAnswer.Json($$"""{"code":{{code.ToString(CultureInfo.InvariantCulture)}},"msg":"{{text}}"}""", status);

    private RestAnswer? Spoiled(string? key)
    {
        var faults = exchange.Faults;
        if (faults.IsEmpty)
            return null;
        bool Strikes(FaultKind kind) => faults.Strike(kind, key) is not null;
        return Strikes(FaultKind.Dns) || Strikes(FaultKind.Unreachable) || Strikes(FaultKind.RestUnreachable) ? RestAnswer.None
            : faults.Strike(FaultKind.Rest429, key) is { } slow ? BinanceWeights.Refusal(429, slow.RetryAfter)
            : faults.Strike(FaultKind.Rest418, key) is { } ban ? BinanceWeights.Refusal(418, ban.RetryAfter)
            : Strikes(FaultKind.Rest500) ? Error(-1000, "An unknown error occurred while processing the request.", 500)
            : Strikes(FaultKind.RestMaintenance) ? Error(-1016, "This service is no longer available.", 503)
            : Strikes(FaultKind.RestHtml) ? RestAnswer.Html(502, "Bad Gateway")
            : null;
    }

    private RestAnswer Klines(Dictionary<string, string> arguments)
    {
        if (!arguments.TryGetValue("symbol", out var symbol))
            return Error(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.");
        if (!symbol.All(c => char.IsAsciiLetterUpper(c) || char.IsAsciiDigit(c)))
            return Error(-1100, "Illegal characters found in parameter 'symbol'.");
        if (exchange.Symbols.Find(symbol) is null)
            return Error(-1121, "Invalid symbol.");
        if (exchange.Symbols.KeyOf(symbol, arguments.GetValueOrDefault("interval")) is not { } key)
            return Error(-1120, "Invalid interval.");
        if (!TryRead(arguments, "startTime", out var start) || !TryRead(arguments, "endTime", out var end)
            || !TryRead(arguments, "limit", out var asked) || asked < 1)
            return Error(-1102, "A parameter was not sent, was empty/null, or malformed.");
        var limit = (int)Math.Min(asked ?? DefaultLimit, MostCandles);
        var faults = exchange.Faults;
        if (faults.Strike(FaultKind.RestCapped, key.Text) is { } capped)
            limit = Math.Min(limit, capped.Limit);
        List<BinanceBar> bars;
        lock (exchange.Gate)
            bars = Bars(key, start, end, limit);
        int? age = null;
        if (faults.Strike(FaultKind.RestStale, key.Text) is { } stale)
        {
            age = stale.DelayMs / 1000;
            bars = AsOf(key, bars, exchange.Market.Now - stale.DelayMs);
        }
        return RestAnswer.Json(Write(key, bars)) with { Age = age };
    }

    /// <summary>The bars of a range, flat ones where nothing was traded: the first of them from a start, else the newest.</summary>
    private List<BinanceBar> Bars(CandleKey key, long? start, long? end, int limit)
    {
        var market = exchange.Market;
        var now = market.Now;
        var last = key.Timeframe.Floor(Math.Min(end ?? now, now));
        var first = start is { } from ? key.Timeframe.Floor(from) : last;
        if (start is { } exact && first < exact)
            first = key.Timeframe.Next(first);
        for (var i = 1; start is null && i < limit; i++)
            first = key.Timeframe.Previous(first);
        var before = market.Candles(key, 0, first - 1, 1);
        var candles = market.Candles(key, first, last, start is null ? int.MaxValue : limit, oldest: start is not null)
            .ToDictionary(candle => candle.Time);
        decimal? close = before is [var earlier] ? earlier.Close : null;
        var bars = new List<BinanceBar>();
        for (var time = first; time <= last && bars.Count < limit; time = key.Timeframe.Next(time))
        {
            if (candles.TryGetValue(time, out var candle))
            {
                bars.Add(new BinanceBar(candle, market.Figures(key, candle, now)));
                close = candle.Close;
            }
            else if (close is { } flat)
            {
                bars.Add(BinanceBar.Flat(time, flat));
            }
            else if (candles.Count == 0)
            {
                break;
            }
        }
        return bars;
    }

    private string Write(CandleKey key, List<BinanceBar> bars)
    {
        var faults = exchange.Faults;
        if (faults.IsEmpty || bars.Count == 0)
            return Join(bars.Select(bar => Row(key, bar)));
        if (faults.Strike(FaultKind.RestOutsideRange, key.Text) is not null)
        {
            var outside = BinanceBar.Flat(key.Timeframe.Previous(bars[0].Candle.Time), bars[0].Candle.Open);
            bars = [outside with { Figures = bars[0].Figures with { Trades = 1 } }, .. bars];
        }
        if (faults.Strike(FaultKind.RestDuplicated, key.Text) is not null)
            bars = [.. bars.SelectMany((bar, i) => i % 3 == 0 ? new[] { bar, bar } : [bar])];
        if (faults.Strike(FaultKind.RestUnsorted, key.Text) is not null)
            bars = [.. bars.Skip(bars.Count / 2), .. bars.Take(bars.Count / 2)];
        if (faults.Strike(FaultKind.RestFlatRow, key.Text) is not null
            && bars.FindIndex(bar => bar.Figures.Trades > 0) is >= 0 and var traded)
            bars[traded] = BinanceBar.Flat(bars[traded].Candle.Time, bars[traded].Candle.Open);
        var rows = bars.Select(bar => Row(key, bar)).ToList();
        var place = (int)(bars[0].Candle.Time / MarketTimeframe.Minute % bars.Count);
        if (BinanceBadRows.InPlaceOf(bars[place], faults, key.Text,
            (in bar, high, close, volume) => BinanceText.Row(bar, key.Timeframe.Next(bar.Candle.Time), high, close, volume)) is { } bad)
            rows[place] = bad;
        if (BinanceBadRows.Stray(bars[place], faults, key.Text) is { } stray)
            rows.Insert(place, Row(key, stray));
        return Join(rows);
    }

    // As a cache would have kept it: what opened later is missing, what was forming then stands at its first trade.
    private static List<BinanceBar> AsOf(CandleKey key, List<BinanceBar> bars, long moment) =>
    [
        .. bars.Where(bar => bar.Candle.Time <= moment)
            .Select(bar => key.Timeframe.Next(bar.Candle.Time) <= moment || bar.Figures.Trades == 0
                ? bar
                : new BinanceBar(
                    MarketCandle.FromTrade(bar.Candle.Time, bar.Candle.Open, bar.Candle.Volume / 4),
                    MarketFigures.Invented(bar.Candle, 1, bar.Figures.FirstTrade))),
    ];

    private static string Row(CandleKey key, in BinanceBar bar) => BinanceText.Row(bar, key.Timeframe.Next(bar.Candle.Time));

    private static string Join(IEnumerable<string> rows) => $"[{string.Join(',', rows)}]";

    private RestAnswer ExchangeInfo(string? symbol)
    {
        if (symbol is not null && exchange.Symbols.Find(symbol) is null)
            return Error(-1121, "Invalid symbol.");
        var text = new StringBuilder();
        text.Append(
            CultureInfo.InvariantCulture,
            $$$"""{"timezone":"UTC","serverTime":{{{exchange.Market.Now}}},"simulator":"CandleStream","rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":{{{exchange.Options.WeightLimit}}}}],"exchangeFilters":[],"symbols":[""");
        text.AppendJoin(',', exchange.Symbols.All.Where(listed => symbol is null || listed.Name == symbol).Select(Describe));
        return RestAnswer.Json(text.Append("]}").ToString());
    }

    private static string Describe(BinanceSymbol symbol) =>
        $$"""{"symbol":"{{symbol.Name}}","status":"TRADING","baseAsset":"{{symbol.Base}}","baseAssetPrecision":8,"quoteAsset":"{{symbol.Quote}}","quotePrecision":8,"quoteAssetPrecision":8,"baseCommissionPrecision":8,"quoteCommissionPrecision":8,"orderTypes":["LIMIT","MARKET"],"icebergAllowed":true,"ocoAllowed":true,"isSpotTradingAllowed":true,"isMarginTradingAllowed":false,"filters":[{"filterType":"PRICE_FILTER","minPrice":"0.00000001","maxPrice":"1000000.00000000","tickSize":"0.00000001"},{"filterType":"LOT_SIZE","minQty":"0.00000001","maxQty":"9000.00000000","stepSize":"0.00000001"}],"permissions":["SPOT"],"permissionSets":[["SPOT"]]}""";

    private static bool TryRead(Dictionary<string, string> arguments, string name, out long? value)
    {
        value = null;
        if (!arguments.TryGetValue(name, out var text))
            return true;
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return false;
        value = number;
        return true;
    }
}
