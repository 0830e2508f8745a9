namespace CandleStream.Streaming.Series;

/// <summary>
/// Takes the updates of the series it is attached to. Called under the hub's lock, in rising rev per series: it must hand over and return,
/// never wait.
/// </summary>
public interface ICandleSink
{
    /// <summary>One candle changed.</summary>
    void OnUpdate(CandleUpdate update);

    /// <summary>
    /// A newly opened series merged the exchange's candles for the first time, or those of a slow store; <paramref name="changed"/> is what
    /// differs from before, oldest candle first, and is not sent candle by candle.
    /// </summary>
    void OnFirstMerge(SeriesKey series, IReadOnlyList<CandleUpdate> changed);

    /// <summary>The state or the gaps of a series changed.</summary>
    void OnStatus(SeriesStatus status);
}
