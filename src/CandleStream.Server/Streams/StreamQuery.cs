using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using CandleStream.Server.Access;
using CandleStream.Server.Http;
using CandleStream.Streaming;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;

namespace CandleStream.Server.Streams;

/// <summary>What <c>GET /candles/stream</c> was asked for. Read purely from query and headers, before anything is opened.</summary>
/// <param name="Series">1 to 100, in the order asked for, none twice.</param>
/// <param name="Snapshot">Candles per series; null where the client did not say.</param>
/// <param name="MaxRate">Forming candles a second and series; null: no limit; 0: none.</param>
/// <param name="Deltas">Whether forming candles may come as deltas.</param>
/// <param name="LastEventId">As sent, readable or not; null where the client comes for the first time.</param>
internal sealed record StreamQuery(IReadOnlyList<SeriesKey> Series, int? Snapshot, decimal? MaxRate, bool Deltas, string? LastEventId)
{
    public const int MaxSeries = 100;
    public const int MaxSnapshot = 1000;
    public const int MaxSnapshotTotal = 10_000;
    public const int DefaultSnapshot = 1;
    public const decimal MinRate = 0.1m;
    public const decimal TopRate = 1000;

    private static readonly string Timeframes = string.Join(' ', Timeframe.All);

    public int SnapshotCount => Snapshot ?? DefaultSnapshot;

    /// <summary>
    /// How this client joins a series. An id that cannot be read is no error: a browser would never come back after a 4xx.
    /// </summary>
    public JoinRequest JoinRequest
    {
        get
        {
            Rev? rev = long.TryParse(LastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? new Rev(id) : null;
            return new JoinRequest(rev, IsUnreadable: LastEventId is not null && rev is null, SnapshotCount, Snapshot is not null);
        }
    }

    public static bool TryParse(
        HttpRequest request, [NotNullWhen(true)] out StreamQuery? query, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        query = null;
        if (!TryReadSeries(request.Query, out var series, out problem)) return false;
        if (!TryReadSnapshot(request.Query["snapshot"], series.Count, out var snapshot, out problem)) return false;
        if (!TryReadMaxRate(request.Query["max_rate"], out var maxRate, out problem)) return false;
        if (!TryReadDelta(request.Query["delta"], out var deltas, out problem)) return false;
        query = new StreamQuery(series, snapshot, maxRate, deltas, ReadLastEventId(request));
        return true;
    }

    private static bool TryReadSeries(IQueryCollection query, [NotNullWhen(true)]
        out IReadOnlyList<SeriesKey>? series, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        series = null;
        var lists = query["series"];
        var (symbol, timeframe) = (query["symbol"], query["timeframe"]);
        if (lists.Count == 0) return TryReadOne(symbol, timeframe, out series, out problem);
        if (symbol.Count > 0 || timeframe.Count > 0)
        {
            problem = Problems.Invalid("series", lists.ToString(), "either 'series', or 'symbol' with 'timeframe', not both");
            return false;
        }

        var keys = new List<SeriesKey>();
        var seen = new HashSet<SeriesKey>();
        foreach (var text in lists.SelectMany(list => list!.Split(',')))
        {
            if (!SeriesKey.TryParse(text, out var key))
            {
                problem = Problems.Invalid("series", text,
                    $"SYMBOL:TIMEFRAME such as BTCUSD:1m, with a timeframe of {AllowedTimeframes(text)}; several with commas or repeated");
                return false;
            }

            if (seen.Add(key)) keys.Add(key);
        }

        problem = keys.Count <= MaxSeries
            ? null
            : Problems.Invalid("series", $"{keys.Count} series", $"at most {MaxSeries} series on one stream");
        series = keys;
        return problem is null;
    }

    // Those of the exchange that is named, where one is.
    private static string AllowedTimeframes(string? text) =>
        string.Join(' ', Exchange.Split((text ?? "").ToUpperInvariant()).Exchange.Timeframes);

    private static bool TryReadOne(StringValues symbols, StringValues timeframe, [NotNullWhen(true)]
        out IReadOnlyList<SeriesKey>? series, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        series = null;
        if (symbols.Count != 1 || !SeriesKey.TryReadSymbol(symbols[0], out var symbol))
        {
            problem =
                Problems.Invalid(
                    "symbol", symbols.Count == 0
                        ? null
                        : symbols.ToString(),
                        $"one symbol such as BTCUSD, of 2 to {SeriesKey.MaxSymbolLength} upper-case letters and digits with at most one inner colon");
            return false;
        }

        if (timeframe.Count != 1 || !Timeframe.TryParse(timeframe[0], out var parsed))
        {
            problem = Problems.Invalid(
                "timeframe", timeframe.Count == 0 ? null : timeframe.ToString(), $"{Timeframes} (1m is a minute, 1M a month)");
            return false;
        }

        var exchange = Exchange.Split(symbol).Exchange;
        problem = exchange.Makes(parsed)
            ? null
            : Problems.Invalid("timeframe", timeframe.ToString(), $"on {exchange}: {string.Join(' ', exchange.Timeframes)}");
        series = [new SeriesKey(symbol, parsed)];
        return problem is null;
    }

    private static bool TryReadSnapshot(
        StringValues text, int series, out int? snapshot, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        (snapshot, problem) = (null, null);
        if (text.Count == 0) return true;
        if (text.Count == 1 && int.TryParse(text[0], NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            && count <= MaxSnapshot && count * series <= MaxSnapshotTotal)
        {
            snapshot = count;
            return true;
        }

        problem = Problems.Invalid("snapshot", text.ToString(),
            $"0 to {Math.Min(MaxSnapshot, MaxSnapshotTotal / series)} candles per series (at most {MaxSnapshotTotal} on one stream)");
        return false;
    }

    private static bool TryReadMaxRate(StringValues text, out decimal? maxRate, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        (maxRate, problem) = (null, null);
        if (text.Count == 0) return true;
        if (text.Count == 1 && decimal.TryParse(text[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate)
            && rate is 0 or >= MinRate and <= TopRate)
        {
            maxRate = rate;
            return true;
        }

        problem = Problems.Invalid(
            "max_rate", text.ToString(), $"0 (closed candles only) or {MinRate} to {TopRate} forming candles a second and series");
        return false;
    }

    private static bool TryReadDelta(StringValues text, out bool deltas, [NotNullWhen(false)] out ProblemHttpResult? problem)
    {
        deltas = text == "1";
        problem = text.Count == 0 || deltas || text == "0" ? null : Problems.Invalid("delta", text.ToString(), "0 or 1");
        return problem is null;
    }

    // A page keeps the address it was given, and a polyfill adds its own parameter at each reconnect: the last one is the newest.
    private static string? ReadLastEventId(HttpRequest request)
    {
        if (request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } header) return header;
        string? last = null;
        foreach (var pair in new QueryStringEnumerable(request.QueryString.Value))
        {
            if (pair.EncodedValue.Length > 0 && StreamTickets.LastEventIdNames.Contains(
                pair.DecodeName().ToString(), StringComparer.OrdinalIgnoreCase)) last = pair.DecodeValue().ToString();
        }

        return last;
    }
}
