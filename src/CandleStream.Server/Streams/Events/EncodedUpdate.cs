namespace CandleStream.Server.Streams.Events;

/// <summary>
/// One update on its way to the readers of one sender; its frames are built when the first reader needs them. Owned by the sender thread.
/// </summary>
internal sealed class EncodedUpdate(CandleUpdate update, CandleUpdate? @base)
{
    private Frame? _candle;
    private Frame? _delta;

    public CandleUpdate Update { get; } = update;

    public Rev Rev => Update.Rev;

    public bool IsClosed => Update.Candle.Closed;

    /// <summary>The version of the same forming candle before this one; <see cref="CandleStream.Rev.None"/> where there is none, and then
    /// no delta.</summary>
    public Rev BaseRev => @base?.Rev ?? Rev.None;

    public Frame Candle => _candle ??= StreamEvents.Candle(Update);

    /// <summary>Only where there is a <see cref="BaseRev"/>.</summary>
    public Frame Delta => _delta ??= StreamEvents.Delta(Update.Series, @base!.Candle, Update.Candle);
}
