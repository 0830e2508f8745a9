using System.Globalization;
using CandleStream.Simulator.Faults;
using CandleStream.Simulator.Protocol;

namespace CandleStream.Simulator.Rest;

/// <summary><c>GET /candles/{key}/hist|last</c> (Bitfinex docs, rest-public-candles).</summary>
internal sealed class CandleCalls(SimulatorExchange exchange)
{
    private const int DefaultLimit = 100;
    private const int MostCandles = 10_000;

    public RestAnswer Answer(string keyText, string section, IReadOnlyDictionary<string, string> arguments)
    {
        if (section is not ("hist" or "last"))
            return Invalid("section");
        if (!CandleKey.TryParse(keyText, out var key))
            return Invalid("key");
        if (!exchange.Market.Lists(key))
            return Invalid("symbol");
        if (!TryRead(arguments, "limit", DefaultLimit, out var limit) || limit is < 1 or > MostCandles)
            return Invalid("limit");
        if (!TryRead(arguments, "start", 0, out var start))
            return Invalid("start");
        if (!TryRead(arguments, "end", long.MaxValue, out var end))
            return Invalid("end");
        if (!TryRead(arguments, "sort", -1, out var sort) || sort is not (1 or -1))
            return Invalid("sort");
        return section == "last" ? Last(key) : History(key, start, end, (int)limit, oldest: sort == 1);
    }

    private RestAnswer Last(CandleKey key)
    {
        var last = Read(key, 0, long.MaxValue, 1, oldest: false);
        return RestAnswer.Json(last.Count == 0 ? "[]"u8.ToArray() : WireText.Candle(last[0], StyleFor(key)));
    }

    private RestAnswer History(CandleKey key, long start, long end, int limit, bool oldest)
    {
        var faults = exchange.Faults;
        if (faults.Strike(FaultKind.RestCapped, key.Text) is { } capped)
            limit = Math.Min(limit, capped.Limit);
        IReadOnlyList<MarketCandle> candles = Read(key, start, end, limit, oldest);
        if (faults.IsEmpty)
            return Write(key, candles, oldest);

        int? age = null;
        if (faults.Strike(FaultKind.RestStale, key.Text) is { } stale)
        {
            age = stale.DelayMs / 1000;
            candles = LyingHistory.AsOf(candles, key.Timeframe, exchange.Market.Now - stale.DelayMs);
        }
        if (faults.Strike(FaultKind.RestOutsideRange, key.Text) is not null)
            candles = [.. Read(key, 0, start - 1, 2, oldest: false), .. candles,
                .. Read(key, end == long.MaxValue ? end : end + 1, long.MaxValue, 2, oldest: true)];
        if (faults.Strike(FaultKind.RestDuplicated, key.Text) is not null)
            candles = LyingHistory.Duplicated(candles);
        var answer = faults.Strike(FaultKind.RestUnsorted, key.Text) is not null
            ? Write(key, LyingHistory.Unsorted(candles), oldest: true)
            : Write(key, candles, oldest);
        return answer with { Age = age };
    }

    private IReadOnlyList<MarketCandle> Read(CandleKey key, long start, long end, int limit, bool oldest)
    {
        lock (exchange.Gate)
            return exchange.Market.Candles(key, start, end, limit, oldest);
    }

    private RestAnswer Write(CandleKey key, IReadOnlyList<MarketCandle> ascending, bool oldest) =>
        RestAnswer.Json(BadRows.Page(oldest ? ascending : [.. ascending.Reverse()], StyleFor(key), exchange.Faults, key.Text));

    private CandleStyle StyleFor(CandleKey key) =>
        exchange.Faults.Strike(FaultKind.ExtraElements, key.Text) is not null ? CandleStyle.ExtraElements
        : exchange.Faults.Strike(FaultKind.Exponents, key.Text) is not null ? CandleStyle.Exponents
        : CandleStyle.Plain;

    private static RestAnswer Invalid(string what) => RestAnswer.Error(500, 10020, $"{what}: invalid");

    private static bool TryRead(IReadOnlyDictionary<string, string> arguments, string name, long fallback, out long value)
    {
        value = fallback;
        return !arguments.TryGetValue(name, out var text) || text.Length == 0
            || long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }
}
