using System.Collections.Concurrent;
using CandleStream.Simulator.Faults;
using Microsoft.AspNetCore.WebUtilities;

namespace CandleStream.Simulator.Rest;

/// <summary>
/// The REST side of the exchange, without HTTP: path and query in, answer out. Kestrel and the in-process handler both ask here.
/// </summary>
internal sealed class SimulatorRest
{
    private readonly SimulatorExchange _exchange;
    private readonly CandleCalls _candles;
    private readonly ReferenceCalls _reference;
    private readonly ConcurrentDictionary<string, SlidingLimit> _limits = [];
    private int _answering;

    public SimulatorRest(SimulatorExchange exchange)
    {
        _exchange = exchange;
        _candles = new CandleCalls(exchange);
        _reference = new ReferenceCalls(exchange);
    }

    public RestCallLog Calls { get; } = new();

    /// <summary>True while a call is being answered that does not wait for the clock.</summary>
    public bool IsBusy => Volatile.Read(ref _answering) > 0;

    /// <param name="path">From the root: <c>/v2/candles/trade:1m:tBTCUSD/hist</c>, decoded.</param>
    /// <param name="query">With or without its question mark.</param>
    /// <param name="gone">Ends the wait of a slow answer.</param>
    public async Task<RestAnswer> AnswerAsync(string path, string? query, CancellationToken gone)
    {
        if (_exchange.Faults.Strike(FaultKind.RestSlow, KeyOf(path)) is { } slow)
            await Task.Delay(TimeSpan.FromMilliseconds(slow.DelayMs), _exchange.Time, gone);
        Interlocked.Increment(ref _answering);
        try
        {
            // Read before the content: an answer must not claim to be newer than what it holds, even if the clock moves in between.
            var date = DateTimeOffset.FromUnixTimeMilliseconds(_exchange.Market.Now + WrongBy(KeyOf(path)));
            var answer = Answer(path, query ?? "") with { Date = date };
            if (answer.Status != 0 && _exchange.Faults.Strike(FaultKind.RestBadGzip, KeyOf(path)) is not null)
                answer = answer.AsSpoiledGzip();
            Calls.Add(new RestCall(_exchange.Time.GetUtcNow(), path, (query ?? "").TrimStart('?'), answer.Status));
            return answer;
        }
        finally
        {
            Interlocked.Decrement(ref _answering);
        }
    }

    private RestAnswer Answer(string path, string query)
    {
        if (Spoiled(KeyOf(path)) is { } spoiled)
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

    private int WrongBy(string? key) =>
        _exchange.Faults.Strike(FaultKind.RestDateAhead, key) is { } ahead ? ahead.DelayMs
        : _exchange.Faults.Strike(FaultKind.RestDateBehind, key) is { } behind ? -behind.DelayMs
        : 0;

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

    private static string? KeyOf(string path) => path.Split('/') is ["", "v2", "candles", var key, ..] ? key : null;
}
