namespace CandleStream.Server.Streams.Events;

/// <summary>
/// One update on its way to the readers of one sender; its frames are built when the first reader needs them. Owned by the sender thread.
/// </summary>
internal sealed class EncodedUpdate(CandleUpdate update, CandleUpdate? @base)
{
    private Frame? _candle;
    private Frame? _delta;

    public CandleUpdate Update { get; } = update;

    public long Rev => Update.Rev;

    public bool IsClosed => Update.Candle.Closed;

    /// <summary>The version of the same forming candle before this one; 0 where there is none, and then no delta.</summary>
    public long BaseRev => @base?.Rev ?? 0;

    public Frame Candle => _candle ??= StreamEvents.Candle(Update);

    /// <summary>Only where <see cref="BaseRev"/> is not 0.</summary>
    public Frame Delta => _delta ??= StreamEvents.Delta(Update.Series, @base!.Candle, Update.Candle);
}
