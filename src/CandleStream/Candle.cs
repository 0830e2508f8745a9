namespace CandleStream;

/// <summary>One OHLCV bar of a series. Values are exact decimals, as the exchange sent them.</summary>
/// <param name="Time">Open time, Unix milliseconds UTC.</param>
/// <param name="Open">Price of the first trade.</param>
/// <param name="High">Highest price.</param>
/// <param name="Low">Lowest price.</param>
/// <param name="Close">Price of the last trade.</param>
/// <param name="Volume">Traded amount in the base currency.</param>
/// <param name="Closed">False while the candle forms; true as parsed only where the exchange itself says that it is over.</param>
/// <param name="Rev">The number of this version of the candle; <see cref="CandleStream.Rev.None"/> where none was given yet.</param>
/// <param name="Origin">Who told us these values. No part of what the candle is: two that differ in it alone are equal.</param>
/// <param name="Figures">What the exchange tells of its trades, where it does.</param>
public readonly record struct Candle(
    long Time, decimal Open, decimal High, decimal Low, decimal Close, decimal Volume, bool Closed = false, Rev Rev = default,
    CandleOrigin Origin = CandleOrigin.Push, TradeFigures Figures = default)
{
    public bool Equals(Candle other) => Time == other.Time && Rev == other.Rev && Closed == other.Closed && HasSameValues(other);

    public override int GetHashCode() => HashCode.Combine(Time, Rev);

    /// <summary>True when both have the same prices, volume and figures; time, closed and rev are not looked at.</summary>
    public bool HasSameValues(in Candle other) =>
        Open == other.Open && High == other.High && Low == other.Low && Close == other.Close && Volume == other.Volume
        && Figures == other.Figures;

    /// <summary>No candle opens before 2010 (Unix ms): no market of the exchanges is older.</summary>
    public const long FirstTime = 1_262_304_000_000;

    // The last instant of year 9999: calendar arithmetic can handle no later one.
    private const long LastTime = 253_402_300_799_999;

    /// <summary>True when 0 &lt; low ≤ open, close ≤ high and the volume is not negative: what every real candle fulfils.</summary>
    public bool IsConsistent => Low > 0 && Low <= Open && Low <= Close && Open <= High && Close <= High && Volume >= 0;

    /// <summary>
    /// True when a real candle of this timeframe may look like that: consistent, of 2010 or later, and opened at a boundary of the
    /// timeframe.
    /// </summary>
    public bool IsPlausible(Timeframe timeframe) =>
        IsConsistent && Time is >= FirstTime and <= LastTime && (!timeframe.HasFixedStarts || timeframe.StartOf(Time) == Time);
}

/// <summary>Where the values of a candle came from. The numbers are those of the store.</summary>
public enum CandleOrigin : byte
{
    /// <summary>The exchange's socket: they were seen live.</summary>
    Push = 0,

    /// <summary>The exchange's REST interface.</summary>
    Rest = 1,

    /// <summary>A file that was imported.</summary>
    File = 2,

    /// <summary>Stored by a version that kept no origin.</summary>
    Unknown = 3,
}
