using System.Text.Json.Serialization;

namespace CandleStream.Server.Udf;

/// <summary>What the server can do, as the library asks at its start.</summary>
internal sealed record UdfConfig(
    IReadOnlyList<string> SupportedResolutions, IReadOnlyList<UdfExchange> Exchanges, IReadOnlyList<UdfSymbolType> SymbolsTypes)
{
    public bool SupportsSearch { get; } = true;

    public bool SupportsGroupRequest { get; }

    public bool SupportsMarks { get; } = true;

    public bool SupportsTimescaleMarks { get; }

    public bool SupportsTime { get; } = true;
}

internal sealed record UdfExchange(string Value, string Name, string Desc);

internal sealed record UdfSymbolType(string Name, string Value);

/// <summary>A symbol among those that a search found.</summary>
internal sealed record UdfFound(string Symbol, string FullName, string Description, string Exchange, string Ticker, string Type);

/// <summary>A symbol as the library resolves it. No member may be named <c>s</c>: the adapter would take that for an error.</summary>
internal sealed record UdfSymbol(string Name, string Ticker, string Description, long Pricescale)
{
    public string FullName { get; } = $"{UdfNames.Exchange}:{Ticker}";

    public string Type { get; } = "crypto";

    public string Session { get; } = "24x7";

    public string Timezone { get; } = "Etc/UTC";

    public string Exchange { get; } = UdfNames.Exchange;

    public string ListedExchange { get; } = UdfNames.Exchange;

    /// <summary>The older name of <see cref="Minmov"/>: the adapter reads it first.</summary>
    public int Minmovement { get; } = 1;

    public int Minmov { get; } = 1;

    /// <summary>Amounts of the base currency have up to eight decimals.</summary>
    public int VolumePrecision { get; } = 8;

    public bool HasIntraday { get; } = true;

    public bool HasDaily { get; } = true;

    public bool HasWeeklyAndMonthly { get; } = true;

    /// <summary>A minute without a trade has no bar, and the library must not draw one.</summary>
    public bool HasEmptyBars { get; }

    public string[] IntradayMultipliers { get; } = UdfResolution.Minutes;

    public string[] DailyMultipliers { get; } = UdfResolution.Days;

    public string[] WeeklyMultipliers { get; } = ["1"];

    public string[] MonthlyMultipliers { get; } = ["1"];

    public string[] SupportedResolutions { get; } = UdfResolution.All;

    public string Format { get; } = "price";

    public string VisiblePlotsSet { get; } = "ohlcv";

    public string DataStatus { get; } = "streaming";
}

/// <summary>Bars in columns, oldest first; times in seconds.</summary>
internal sealed record UdfColumns(long[] T, decimal[] O, decimal[] H, decimal[] L, decimal[] C, decimal[] V)
{
    public string S { get; } = "ok";

    public static UdfColumns Of(IReadOnlyList<Candle> bars) => new(
        [.. bars.Select(b => b.Time / 1000)],
        [.. bars.Select(b => b.Open)],
        [.. bars.Select(b => b.High)],
        [.. bars.Select(b => b.Low)],
        [.. bars.Select(b => b.Close)],
        [.. bars.Select(b => b.Volume)]);
}

/// <summary>
/// No bars in the asked range; <paramref name="NextTime"/> (seconds) is the newest older one, and without it there is none.
/// </summary>
internal sealed record UdfNoData(
    [property: JsonPropertyName("nextTime"), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? NextTime)
{
    public string S { get; } = "no_data";
}

/// <summary>A mark on a bar.</summary>
internal sealed record UdfMark(string Id, long Time, string Color, string Text, string Label)
{
    [JsonPropertyName("labelFontColor")]
    public string LabelFontColor { get; } = "white";

    [JsonPropertyName("minSize")]
    public int MinSize { get; } = 14;
}

/// <summary>Prices of several symbols, in the order they were asked for.</summary>
internal sealed record UdfQuotes(IReadOnlyList<UdfQuote> D)
{
    public string S { get; } = "ok";
}

/// <summary>The price of one symbol; <paramref name="S"/> is <c>error</c> where none is live.</summary>
internal sealed record UdfQuote(
    string S,
    string N,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Errmsg,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] UdfQuoteValues? V);

/// <summary>Figures of the running day (UTC). Bid, ask and spread are not known here.</summary>
internal sealed record UdfQuoteValues(
    decimal Lp, decimal OpenPrice, decimal HighPrice, decimal LowPrice, decimal Volume, string ShortName, string OriginalName,
    string Description,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] decimal? PrevClosePrice,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] decimal? Ch,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] decimal? Chp)
{
    public string Exchange { get; } = UdfNames.Exchange;
}
