using System.Collections.Frozen;

namespace CandleStream.Server.Udf;

/// <summary>Timeframes as TradingView's library writes them: minutes without a letter, no hours, <c>1D</c>, <c>1W</c>, <c>1M</c>.</summary>
internal static class UdfResolution
{
    private const long Minute = 60_000;
    private const long Day = 1440 * Minute;

    private static readonly FrozenDictionary<string, Timeframe> ByName = Timeframe.All.ToFrozenDictionary(NameOf, StringComparer.Ordinal);

    /// <summary>Every resolution that can be asked for, shortest first.</summary>
    public static string[] All { get; } = [.. Timeframe.All.Select(NameOf)];

    /// <summary>The minutes among them.</summary>
    public static string[] Minutes { get; } = [.. Timeframe.All.Where(t => t.LengthMs is > 0 and < Day).Select(NameOf)];

    /// <summary>The days among them, without their letter.</summary>
    public static string[] Days { get; } = [.. Timeframe.All.Where(t => t.Name.EndsWith('D')).Select(t => t.Name[..^1])];

    /// <summary>
    /// Reads <c>1</c>, <c>60</c>, <c>1D</c>, and the short forms <c>D</c>, <c>W</c>, <c>M</c>; null for what is none of <see cref="All"/>.
    /// </summary>
    public static Timeframe? Find(string? resolution) =>
        resolution is null ? null : ByName.GetValueOrDefault(resolution is "D" or "W" or "M" ? "1" + resolution : resolution);

    private static string NameOf(Timeframe timeframe) =>
        timeframe.LengthMs is > 0 and < Day ? $"{timeframe.LengthMs / Minute}" : timeframe.Name;
}
