using System.Globalization;
using CandleStream.Server.Http;
using CandleStream.Streaming;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CandleStream.Server.History;

/// <summary>Reads the parameters of <c>GET /candles</c>; the first one that is not allowed becomes the answer.</summary>
internal ref struct CandleQueryReader(IQueryCollection query)
{
    public const int DefaultLimit = 500;
    public const int MaxLimit = 10_000;

    /// <summary>The end of year 9999 in Unix ms: the last time that has a calendar month.</summary>
    private const long MaxTime = 253_402_300_799_999;

    private const string AllowedSymbol = "upper-case letters and digits with at most one inner colon, such as BTCUSD or DUSK:USD";

    /// <summary>The first refusal; null while everything was allowed.</summary>
    public ProblemHttpResult? Refusal { get; private set; }

    public HistoryQuery? Read()
    {
        var series = ReadSeries();
        var start = ReadNumber("start", 0, MaxTime, "Unix milliseconds");
        var end = ReadNumber("end", 0, MaxTime, "Unix milliseconds");
        var limit = ReadNumber("limit", 1, MaxLimit, "a whole number") ?? DefaultLimit;
        var descending = ReadChoice("sort", "asc", "desc") == "desc";
        var since = ReadNumber("since", 0, long.MaxValue, "a rev (microseconds)");
        if (end < start) Refuse("end", end.Value.ToString(CultureInfo.InvariantCulture), $"not before start ({start})");
        return Refusal is null
            ? new HistoryQuery(series, start, end, (int)limit, descending, since is null ? null : new Rev(since.Value))
            : null;
    }

    private SeriesKey ReadSeries()
    {
        var text = ReadSingle("symbol");
        if (!SeriesKey.TryReadSymbol(text, out var symbol)) Refuse("symbol", text, AllowedSymbol);
        var name = ReadSingle("timeframe");
        if (!Timeframe.TryParse(name, out var timeframe)) Refuse("timeframe", name, string.Join(", ", Timeframe.All));
        if (Refusal is not null) return default;
        var exchange = Exchange.Split(symbol!).Exchange;
        if (!exchange.Makes(timeframe!)) Refuse("timeframe", name, $"on {exchange}: {string.Join(", ", exchange.Timeframes)}");
        return new SeriesKey(symbol!, timeframe!);
    }

    private long? ReadNumber(string field, long min, long max, string unit)
    {
        if (ReadSingle(field) is not { } text) return null;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= min
            && number <= max) return number;
        Refuse(field, text, $"{unit}, {min}..{max}");
        return null;
    }

    private string ReadChoice(string field, params ReadOnlySpan<string> allowed)
    {
        if (ReadSingle(field) is not { } text) return allowed[0];
        if (!allowed.Contains(text)) Refuse(field, text, string.Join(", ", allowed!));
        return text;
    }

    private string? ReadSingle(string field)
    {
        var values = query[field];
        if (values.Count > 1) Refuse(field, values.ToString(), "one value");
        return values.Count == 0 ? null : values[0];
    }

    private void Refuse(string field, string? value, string allowed) => Refusal ??= Problems.Invalid(field, value, allowed);
}
