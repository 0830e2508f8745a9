namespace CandleStream.Server.Sse;

/// <summary>One update on its way to the readers of one sender; its frames are built when the first reader needs them. Owned by the sender thread.</summary>
internal sealed class SseUpdate(CandleUpdate update, CandleUpdate? @base)
{
    private SseFrame? _candle;
    private SseFrame? _delta;

    public CandleUpdate Update { get; } = update;

    public long Rev => Update.Rev;

    public bool IsClosed => Update.Candle.Closed;

    /// <summary>The version of the same forming candle before this one; 0 where there is none, and then no delta.</summary>
    public long BaseRev => @base?.Rev ?? 0;

    public SseFrame Candle => _candle ??= SseEvents.Candle(Update);

    /// <summary>Only where <see cref="BaseRev"/> is not 0.</summary>
    public SseFrame Delta => _delta ??= SseEvents.Delta(Update.Series, @base!.Candle, Update.Candle);
}
