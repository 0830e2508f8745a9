namespace CandleStream.Server.Commands;

/// <summary>The units in which files count times.</summary>
internal enum TimeUnit
{
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

/// <summary>
/// Judges the values of rows, one after the other: the time's unit, its order and its place on the grid, and whether there can be such a
/// candle. The unit is that of the column as a whole; a row in another one is refused.
/// </summary>
internal sealed class CandleRowCheck(Timeframe timeframe, long now, TimeUnit unit, bool isFalling)
{
    // As for candles of the exchange: clocks differ.
    private const long ToleranceMs = 60_000;

    private static readonly string[] UnitNames = ["s", "ms", "µs", "ns"];

    private long? _previous;

    /// <summary>The unit in which a number is a time of candles; null where it is none in any.</summary>
    public static TimeUnit? UnitOf(long value, long now)
    {
        // Milliseconds first: what is a time in them is taken for one.
        foreach (var unit in (ReadOnlySpan<TimeUnit>)[TimeUnit.Milliseconds, TimeUnit.Seconds, TimeUnit.Microseconds, TimeUnit.Nanoseconds])
        {
            if (ToMs(value, unit) is { } time && time >= Candle.FirstTime && time <= now + ToleranceMs) return unit;
        }

        return null;
    }

    /// <summary>Judges one row.</summary>
    /// <param name="line">Its place in the file.</param>
    /// <param name="raw">Its time, in the column's unit.</param>
    /// <param name="values">Open, high, low, close and volume.</param>
    /// <param name="isClosed">False where the file says that the candle still formed.</param>
    /// <param name="isEmpty">True where the file says that nothing was traded.</param>
    public CandleRow Judge(long line, long raw, ReadOnlySpan<decimal> values, bool isClosed, bool isEmpty)
    {
        var ms = ToMs(raw, unit);
        var time = ms ?? raw;
        // A running candle is left out whatever it says; its time may lie a little ahead of the one we know.
        var refusal = (isClosed ? RefuseTime(raw, ms) : null) ?? RefuseOrder(time);
        if (refusal is not null) return new CandleRow(line, default, refusal, false);
        // A refused row says nothing of the order of the others; any other does.
        var end = timeframe.EndOf(time);
        var candle =
            new Candle(time, values[0], values[1], values[2], values[3], values[4], Closed: true, Rev.At(end), CandleOrigin.File);
        var isRunning = !isClosed || end > now;
        if (!isRunning && !candle.IsConsistent)
            return new CandleRow(line, default, "no real candle looks like that (low ≤ open, close ≤ high, volume ≥ 0)", false);
        if (!isRunning && !candle.IsPlausible(timeframe)) return new CandleRow(line, default, "no real candle looks like that", false);
        _previous = time;
        return new CandleRow(line, candle, null, isRunning) { IsEmpty = isEmpty && !isRunning };
    }

    private string? RefuseOrder(long time)
    {
        if (_previous is not { } previous) return null;
        if (isFalling ? time < previous : time > previous) return null;
        return isFalling ? $"times must fall, as the first ones do, {time} does not" : $"times must rise, {time} does not";
    }

    private string? RefuseTime(long raw, long? ms)
    {
        var isPlausible = ms >= Candle.FirstTime && ms <= now + ToleranceMs;
        if (!isPlausible && UnitOf(raw, now) is { } other && other != unit)
            return $"{raw} is a time in {UnitNames[(int)other]}; it must be in {UnitNames[(int)unit]}, as the others";
        if (ms is not { } time || time > now + ToleranceMs) return $"{raw} has not come yet";
        if (time < Candle.FirstTime) return $"{raw} is before 2010";
        if (unit == TimeUnit.Microseconds && raw % 1000 != 0) return $"{raw} is no whole millisecond";
        return timeframe.HasFixedStarts && timeframe.StartOf(time) != time ? $"{raw} is no start of a {timeframe} candle" : null;
    }

    private static long? ToMs(long value, TimeUnit unit) => unit switch
    {
        TimeUnit.Seconds => value is > long.MinValue / 1000 and < long.MaxValue / 1000 ? value * 1000 : null,
        TimeUnit.Microseconds => value / 1000,
        TimeUnit.Nanoseconds => value / 1_000_000,
        _ => value,
    };
}

/// <summary>Finds out what a column of times is like as a whole: its unit, and whether the file begins with the newest.</summary>
internal sealed class TimeColumn(long now)
{
    private readonly int[] _counts = new int[Enum.GetValues<TimeUnit>().Length];
    private TimeUnit? _first;
    private long? _firstTime;

    /// <summary>
    /// The unit of most times; of the first one where as many are in another; ms where none is a time. Nanoseconds are not taken.
    /// </summary>
    public TimeUnit Unit
    {
        get
        {
            var most = _first is null or TimeUnit.Nanoseconds ? TimeUnit.Milliseconds : _first.Value;
            foreach (var unit in (ReadOnlySpan<TimeUnit>)[TimeUnit.Seconds, TimeUnit.Milliseconds, TimeUnit.Microseconds])
            {
                if (_counts[(int)unit] > _counts[(int)most]) most = unit;
            }

            return most;
        }
    }

    /// <summary>True where the second time is before the first.</summary>
    public bool IsFalling { get; private set; }

    private bool _hasOrder;

    public void Add(long value)
    {
        if (CandleRowCheck.UnitOf(value, now) is not { } unit) return;
        _counts[(int)unit]++;
        if (!_hasOrder && _firstTime is { } first && unit == _first && value != first) (_hasOrder, IsFalling) = (true, value < first);
        _first ??= unit;
        _firstTime ??= value;
    }
}
