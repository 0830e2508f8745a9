using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace CandleStream;

/// <summary>The length of a candle, as the exchange names it. Names are case-sensitive: <c>1m</c> is a minute, <c>1M</c> a month.</summary>
/// <remarks>
/// Candles start at multiples of their length since the Unix epoch (UTC), weeks on Monday where the exchange has no other day
/// (<see cref="Exchange.Align"/>), months on the first.
/// Source: Bitfinex documentation (rest-public-candles) for the names; starts as observed in recorded data.
/// A time outside the years 1 to 9999 counts as the nearest within: whatever number a client or the exchange sends, asking about it never
/// fails.
/// </remarks>
public sealed class Timeframe : IEquatable<Timeframe>
{
    private const long Minute = 60_000;
    private const long Day = 1440 * Minute;

    /// <summary>1970-01-05, the first Monday of the epoch (Unix ms).</summary>
    internal const long FirstMonday = 4 * Day;

    // The calendar's ends: 0001-01-01 and 10000-01-01 (exclusive).
    private const long Earliest = -62_135_596_800_000;
    private const long Latest = 253_402_300_800_000;

    private readonly long _origin;

    private Timeframe(string name, long lengthMs, long origin = 0) => (Name, LengthMs, _origin) = (name, lengthMs, origin);

    /// <summary>All timeframes, shortest first.</summary>
    public static IReadOnlyList<Timeframe> All { get; } =
    [
        new("1m", Minute), new("5m", 5 * Minute), new("15m", 15 * Minute), new("30m", 30 * Minute),
        new("1h", 60 * Minute), new("3h", 180 * Minute), new("6h", 360 * Minute), new("12h", 720 * Minute),
        new("1D", Day), new("1W", 7 * Day, FirstMonday), new("14D", 14 * Day), new("1M", 0),
    ];

    private static readonly FrozenDictionary<string, Timeframe> ByName = All.ToFrozenDictionary(t => t.Name, StringComparer.Ordinal);

    /// <summary>The name, such as <c>1m</c>.</summary>
    public string Name { get; }

    /// <summary>The length in milliseconds; 0 for <c>1M</c>, whose length varies.</summary>
    public long LengthMs { get; }

    /// <summary>
    /// True for 1m to 1D: their starts are known for certain, so a candle that starts elsewhere is wrong. Longer ones follow the exchange.
    /// </summary>
    public bool HasFixedStarts => LengthMs is > 0 and <= Day;

    /// <summary>Finds a timeframe by its exact name.</summary>
    public static bool TryParse([NotNullWhen(true)] string? name, [NotNullWhen(true)] out Timeframe? timeframe)
    {
        timeframe = null;
        return name is not null && ByName.TryGetValue(name, out timeframe);
    }

    /// <summary>Finds a timeframe by its exact name.</summary>
    /// <exception cref="FormatException">The name is not one of <see cref="All"/>.</exception>
    public static Timeframe Parse(string name) =>
        TryParse(name, out var timeframe) ? timeframe : throw new FormatException($"'{name}' is not a timeframe.");

    /// <summary>The same length, with candles that open at other times: one of them at <paramref name="openTime"/> (Unix ms).</summary>
    internal Timeframe StartingAt(long openTime) =>
        LengthMs == 0 || StartOf(openTime) == openTime ? this : new Timeframe(Name, LengthMs, openTime % LengthMs);

    /// <summary>The open time of the candle that contains <paramref name="time"/> (Unix ms).</summary>
    public long StartOf(long time)
    {
        time = Math.Clamp(time, Earliest, Latest - 1);
        if (LengthMs == 0)
        {
            var date = DateTimeOffset.FromUnixTimeMilliseconds(time);
            return new DateTimeOffset(date.Year, date.Month, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        }

        var offset = (time - _origin) % LengthMs;
        return time - (offset < 0 ? offset + LengthMs : offset);
    }

    /// <summary>
    /// The end (exclusive, Unix ms) of the candle that opens at <paramref name="openTime"/>, which is the earliest open time of the next.
    /// </summary>
    public long EndOf(long openTime)
    {
        openTime = Math.Clamp(openTime, Earliest, Latest - 1);
        if (LengthMs != 0) return openTime + LengthMs;
        var open = DateTimeOffset.FromUnixTimeMilliseconds(openTime);
        return open is { Year: 9999, Month: 12 } ? Latest : open.AddMonths(1).ToUnixTimeMilliseconds();
    }

    /// <summary>The open time of the candle before the one that opens at <paramref name="openTime"/>.</summary>
    public long Before(long openTime) => StartOf(Math.Max(openTime, Earliest) - 1);

    /// <summary>The first open time at or after <paramref name="time"/>.</summary>
    public long CeilingOf(long time)
    {
        var start = StartOf(time);
        return start == time ? time : EndOf(start);
    }

    public bool Equals(Timeframe? other) =>
        ReferenceEquals(this, other) || (other is not null && Name == other.Name && _origin == other._origin);

    public override bool Equals(object? obj) => Equals(obj as Timeframe);

    public override int GetHashCode() => Name.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Name;
}
