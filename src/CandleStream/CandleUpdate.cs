namespace CandleStream;

/// <summary>
/// A change of one candle of one series, numbered by the candle's <see cref="Candle.Rev"/>; its JSON is made once for all readers.
/// </summary>
/// <param name="series">The series the candle belongs to.</param>
/// <param name="candle">The candle as it is after the change.</param>
/// <param name="receivedAt">When the frame that caused it was received, as a <see cref="TimeProvider"/> timestamp; 0 where no frame
/// did.</param>
public sealed class CandleUpdate(SeriesKey series, in Candle candle, long receivedAt = 0)
{
    private readonly Candle _candle = candle;

    // Readers may race to fill it: each would make the same bytes, so the last one wins without harm.
    private byte[]? _json;

    public SeriesKey Series { get; } = series;

    public ref readonly Candle Candle => ref _candle;

    public Rev Rev => _candle.Rev;

    public long ReceivedAt { get; } = receivedAt;

    /// <summary>The whole candle as JSON, UTF-8.</summary>
    public ReadOnlyMemory<byte> Json => _json ??= CandleJson.Encode(Series, _candle);

    public override string ToString() => $"{Series} {_candle}";
}
