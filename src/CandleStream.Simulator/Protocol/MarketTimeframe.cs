using System.Diagnostics.CodeAnalysis;

namespace CandleStream.Simulator.Protocol;

/// <summary>
/// The exchange's timeframes and where their candles start: up to 1D on multiples from the epoch, 1W on Monday,
/// 7D (the older name of a week) and 14D on the Thursdays of the epoch, 1M on the first of the month; all UTC.
/// </summary>
public sealed record MarketTimeframe
{
    public const long Minute = 60_000;
    public const long Hour = 60 * Minute;
    public const long Day = 24 * Hour;

    // The epoch was a Thursday; the first Monday after it is day 4.
    private const long FirstMonday = 4 * Day;

    private static readonly Dictionary<string, MarketTimeframe> ByName = new MarketTimeframe[]
    {
        new("1m", Minute), new("5m", 5 * Minute), new("15m", 15 * Minute), new("30m", 30 * Minute),
        new("1h", Hour), new("3h", 3 * Hour), new("6h", 6 * Hour), new("12h", 12 * Hour),
        new("1D", Day), new("7D", 7 * Day), new("1W", 7 * Day, FirstMonday), new("14D", 14 * Day), new("1M", null),
    }.ToDictionary(timeframe => timeframe.Name);

    private readonly long? _length;
    private readonly long _origin;

    private MarketTimeframe(string name, long? length, long origin = 0)
    {
        Name = name;
        _length = length;
        _origin = origin;
    }

    public static IEnumerable<MarketTimeframe> All => ByName.Values;

    public string Name { get; }

    /// <summary>Case matters: <c>1m</c> is a minute, <c>1M</c> a month.</summary>
    public static bool TryParse(string name, [NotNullWhen(true)] out MarketTimeframe? timeframe) =>
        ByName.TryGetValue(name, out timeframe);

    /// <summary>The open time of the candle that holds <paramref name="time"/> (Unix ms).</summary>
    public long Floor(long time)
    {
        if (_length is { } length)
            return time - Modulo(time - _origin, length);
        var month = DateTimeOffset.FromUnixTimeMilliseconds(time);
        return new DateTimeOffset(month.Year, month.Month, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
    }

    /// <summary>The open time of the candle after the one that opens at <paramref name="start"/>, which is its end.</summary>
    public long Next(long start) => _length is { } length
        ? start + length
        : DateTimeOffset.FromUnixTimeMilliseconds(start).AddMonths(1).ToUnixTimeMilliseconds();

    public long Previous(long start) => Floor(start - 1);

    public override string ToString() => Name;

    private static long Modulo(long value, long length) => ((value % length) + length) % length;
}
