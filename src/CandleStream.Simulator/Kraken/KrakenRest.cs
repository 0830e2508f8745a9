using System.Globalization;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Protocol;
using CandleStream.Simulator.Rest;
using Microsoft.AspNetCore.WebUtilities;

namespace CandleStream.Simulator.Kraken;

/// <summary>
/// Kraken's REST interface: <c>/0/public/OHLC</c>, <c>AssetPairs</c>, <c>Time</c> and <c>SystemStatus</c> (Kraken docs). Errors come with
/// HTTP 200. Only the newest 720 candles are kept, and the running one.
/// </summary>
internal sealed class KrakenRest(KrakenExchange exchange) : SimulatorRest(exchange.Market, exchange.Faults, exchange.Time)
{
    private const string Root = "/0/public/";
    private const int Depth = 720;

    private readonly SlidingLimit _calls = new(exchange.Options.KrakenRestLimit, exchange.Time);

    protected override string? KeyOf(string path, string query)
    {
        if (path != Root + "OHLC")
            return null;
        var arguments = QueryHelpers.ParseQuery(query);
        return Find(arguments.GetValueOrDefault("pair"), arguments.GetValueOrDefault("interval")) is (var key, _) ? key.Text : null;
    }

    protected override RestAnswer Answer(string path, string query)
    {
        if (Spoiled(KeyOf(path, query)) is { } spoiled)
            return spoiled;
        if (!path.StartsWith(Root, StringComparison.Ordinal))
            return RestAnswer.Html(404, "Not Found");
        if (!_calls.TryTake())
            return Error("EGeneral:Too many requests");
        var arguments = QueryHelpers.ParseQuery(query).ToDictionary(argument => argument.Key, argument => argument.Value.ToString());
        var now = exchange.Market.Now / 1000;
        return path[Root.Length..] switch
        {
            "OHLC" => Candles(arguments),
            "AssetPairs" => Result(string.Join(',', exchange.Symbols.All.Select(Describe))),
            "Time" => Result(string.Create(CultureInfo.InvariantCulture, $"\"unixtime\":{now}")),
            "SystemStatus" => Result($"\"status\":\"{(exchange.IsOperative ? "online" : "maintenance")}\""),
            _ => Error("EGeneral:Unknown method"),
        };
    }

    private static RestAnswer Error(string text) => RestAnswer.Json($$"""{"error":["{{text}}"]}""");

    private static RestAnswer Result(string fields) => RestAnswer.Json($$$"""{"error":[],"result":{{{{fields}}}}}""");

    private RestAnswer? Spoiled(string? key)
    {
        var faults = exchange.Faults;
        if (!exchange.IsOperative)
            return Error("EService:Unavailable");
        if (faults.IsEmpty)
            return null;
        bool Strikes(FaultKind kind) => faults.Strike(kind, key) is not null;
        return Strikes(FaultKind.Dns) || Strikes(FaultKind.Unreachable) || Strikes(FaultKind.RestUnreachable) ? RestAnswer.None
            : Strikes(FaultKind.Rest429) ? RestAnswer.Html(429, "Too Many Requests")
            : Strikes(FaultKind.Rest429As200) ? Error("EGeneral:Too many requests")
            : Strikes(FaultKind.Rest500) ? RestAnswer.Html(520, "Unknown Error")
            : Strikes(FaultKind.RestMaintenance) ? Error("EService:Unavailable")
            : Strikes(FaultKind.RestHtml) ? RestAnswer.Html(502, "Bad Gateway")
            : null;
    }

    private (CandleKey Key, KrakenSymbol Symbol)? Find(string? pair, string? interval) =>
        exchange.Symbols.FindByRestName(pair) is { } symbol
        && int.TryParse(interval ?? "1", NumberStyles.None, CultureInfo.InvariantCulture, out var minutes)
        && KrakenSymbols.IsInterval(minutes)
            ? (KrakenSymbols.KeyOf(symbol, minutes), symbol)
            : null;

    private RestAnswer Candles(Dictionary<string, string> arguments)
    {
        if (exchange.Symbols.FindByRestName(arguments.GetValueOrDefault("pair")) is null)
            return Error("EQuery:Unknown asset pair");
        var since = 0L;
        if (Find(arguments["pair"], arguments.GetValueOrDefault("interval")) is not (var key, var symbol)
            || (arguments.TryGetValue("since", out var text)
                && !long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out since)))
            return Error("EGeneral:Invalid arguments");
        List<KrakenBar> bars;
        lock (exchange.Gate)
            bars = Bars(key, since * 1000);
        if (exchange.Faults.Strike(FaultKind.RestCapped, key.Text) is { } capped)
            bars = [.. bars.Take(capped.Limit)];
        if (bars.Count == 0)
            return Result(string.Create(CultureInfo.InvariantCulture, $"\"{symbol.AnswerKey}\":[],\"last\":{since}"));
        int? age = null;
        if (exchange.Faults.Strike(FaultKind.RestStale, key.Text) is { } stale)
        {
            age = stale.DelayMs / 1000;
            bars = [.. bars.Where(bar => key.Timeframe.Next(bar.Candle.Time) <= exchange.Market.Now - stale.DelayMs)];
        }
        // The last whole one.
        var last = bars is [.., var whole, _] ? whole.Candle.Time / 1000 : since;
        return Result(string.Create(
            CultureInfo.InvariantCulture, $"\"{symbol.AnswerKey}\":[{string.Join(',', Write(key, bars))}],\"last\":{last}")) with
        { Age = age };
    }

    /// <summary>The bars after a time, the running one always among them; flat ones where nothing was traded.</summary>
    private List<KrakenBar> Bars(CandleKey key, long since)
    {
        var market = exchange.Market;
        var running = key.Timeframe.Floor(market.Now);
        var first = running;
        for (var i = 0; i < Depth; i++)
            first = key.Timeframe.Previous(first);
        decimal? close = market.Candles(key, 0, first - 1, 1) is [var earlier] ? earlier.Close : null;
        var candles = market.Candles(key, first, running, int.MaxValue).ToDictionary(candle => candle.Time);
        var bars = new List<KrakenBar>();
        for (var time = first; time <= running; time = key.Timeframe.Next(time))
        {
            var isTraded = candles.TryGetValue(time, out var candle);
            if (isTraded)
                close = candle.Close;
            if (close is not { } flat || (time <= since && time < running))
                continue;
            bars.Add(isTraded ? exchange.BarOf(key, candle) : KrakenBar.Flat(time, flat));
        }
        return bars;
    }

    private List<string> Write(CandleKey key, List<KrakenBar> bars)
    {
        var faults = exchange.Faults;
        if (faults.IsEmpty || bars.Count == 0)
            return [.. bars.Select(bar => KrakenText.RestRow(bar))];
        if (faults.Strike(FaultKind.RestDuplicated, key.Text) is not null)
            bars = [.. bars.SelectMany((bar, i) => i % 3 == 0 ? new[] { bar, bar } : [bar])];
        if (faults.Strike(FaultKind.RestUnsorted, key.Text) is not null)
            bars = [.. bars.Skip(bars.Count / 2), .. bars.Take(bars.Count / 2)];
        if (faults.Strike(FaultKind.RestFlatRow, key.Text) is not null && bars.FindIndex(bar => bar.Trades > 0) is >= 0 and var traded)
            bars[traded] = KrakenBar.Flat(bars[traded].Candle.Time, bars[traded].Candle.Open);
        var rows = bars.ConvertAll(bar => KrakenText.RestRow(bar));
        var place = (int)(bars[0].Candle.Time / MarketTimeframe.Minute % bars.Count);
        if (KrakenBadRows.InPlaceOf(bars[place].Candle, faults, key.Text) is { } bad)
            rows[place] = KrakenText.RestRow(bars[place], bad);
        if (KrakenBadRows.Stray(bars[place], faults, key.Text) is { } stray)
            rows.Insert(place, KrakenText.RestRow(stray));
        return rows;
    }

    private static string Describe(KrakenSymbol symbol) =>
        $$"""
        "{{symbol.AnswerKey}}":{"altname":"{{symbol.RestName}}","wsname":"{{symbol.ListedName}}","aclass_base":"currency","base":"{{symbol.Base}}","aclass_quote":"currency","quote":"{{symbol.Quote}}","pair_decimals":8,"lot_decimals":8,"tick_size":"0.00000001","status":"online"}
        """;
}
