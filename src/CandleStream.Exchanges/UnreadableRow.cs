namespace CandleStream.Exchanges;

/// <summary>A row of candles that could not be read.</summary>
/// <param name="Time">Its open time, where at least that could be read.</param>
/// <param name="At">How many readable candles stood before it in its frame.</param>
internal readonly record struct UnreadableRow(long? Time, int At)
{
    /// <summary>The open times that it may have had; null where nothing is known of them.</summary>
    /// <param name="candles">The readable candles of its frame, newest first.</param>
    /// <param name="timeframe">The series' timeframe.</param>
    /// <param name="exchangeTime">When the frame was sent, where that is known.</param>
    public TimeRange? TimesAmong(List<Candle> candles, Timeframe timeframe, long? exchangeTime)
    {
        if (Time is { } time) return Candles(time, time);

        // Without a time of its own it lies between its neighbours. They are checked with it: the order alone is no proof.
        if (At > 0 && At < candles.Count) return Candles(candles[At].Time, candles[At - 1].Time);
        return At == 0 && candles.Count > 0 && exchangeTime > candles[0].Time ? Candles(candles[0].Time, exchangeTime.Value) : null;

        TimeRange Candles(long first, long last) =>
            new(timeframe.StartOf(Math.Min(first, last)), timeframe.EndOf(timeframe.StartOf(Math.Max(first, last))));
    }
}
