using System.Collections.Concurrent;
using CandleStream.Simulator.Faults;
using Microsoft.AspNetCore.WebUtilities;

namespace CandleStream.Simulator.Rest;

/// <summary>Bitfinex' REST interface.</summary>
internal sealed class BitfinexRest : SimulatorRest
{
    private readonly SimulatorExchange _exchange;
    private readonly CandleCalls _candles;
    private readonly ReferenceCalls _reference;
    private readonly ConcurrentDictionary<string, SlidingLimit> _limits = [];

    public BitfinexRest(SimulatorExchange exchange)
        : base(exchange.Market, exchange.Faults, exchange.Time)
    {
        _exchange = exchange;
        _candles = new CandleCalls(exchange);
        _reference = new ReferenceCalls(exchange);
    }

    protected override RestAnswer Answer(string path, string query)
    {
        if (Spoiled(KeyOf(path, query)) is { } spoiled)
            return spoiled;
        var parts = path.Trim('/').Split('/');
        if (parts.Length < 2 || parts[0] != "v2")
            return RestAnswer.Html(404, "Not Found");
        if (!LimitOf(parts[1]).TryTake())
            return RestAnswer.Error(429, 11010, "ratelimit: error");
        if (!_exchange.IsOperative && parts[1] != "platform")
            return RestAnswer.Error(500, 20060, "maintenance");
        var arguments = QueryHelpers.ParseQuery(query).ToDictionary(argument => argument.Key, argument => argument.Value.ToString());
        return parts switch
        {
            [_, "candles", var key, var section] => _candles.Answer(key, section, arguments),
            [_, "platform", "status"] => RestAnswer.Json(_exchange.IsOperative ? "[1]" : "[0]"),
            [_, "conf", var labels] => _reference.Conf(labels),
            [_, "tickers"] => _reference.Tickers(arguments.GetValueOrDefault("symbols")),
            [_, "ticker", var symbol] => _reference.Ticker(symbol),
            _ => RestAnswer.Html(404, "Not Found"),
        };
    }

    private RestAnswer? Spoiled(string? key)
    {
        var faults = _exchange.Faults;
        if (faults.IsEmpty)
            return null;
        bool Strikes(FaultKind kind) => faults.Strike(kind, key) is not null;
        return Strikes(FaultKind.Dns) || Strikes(FaultKind.Unreachable) || Strikes(FaultKind.RestUnreachable) ? RestAnswer.None
            : Strikes(FaultKind.Rest429) ? RestAnswer.Error(429, 11010, "ratelimit: error")
            : Strikes(FaultKind.Rest429As200) ? RestAnswer.Error(200, 11010, "ratelimit: error")
            : Strikes(FaultKind.Rest500) ? RestAnswer.Error(500, 10001, "generic: error")
            : Strikes(FaultKind.RestMaintenance)
            ? RestAnswer.Json(
                """{"code":503,"error":"temporarily_unavailable","error_description":"Sorry, the service is temporarily unavailable."}""",
                503)
            : Strikes(FaultKind.RestHtml) ? RestAnswer.Html(502, "Bad Gateway")
            : null;
    }

    // Documented: conf 90 a minute, the others 30.
    private SlidingLimit LimitOf(string endpoint) => _limits.GetOrAdd(endpoint, name =>
        new SlidingLimit(_exchange.Options.RestLimit * (name == "conf" ? 3 : 1), _exchange.Time));

    protected override string? KeyOf(string path, string query) => path.Split('/') is ["", "v2", "candles", var key, ..] ? key : null;
}
